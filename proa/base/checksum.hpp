#pragma once

#include <cstdint>

#include "proa/base/bytes.hpp"

namespace proa {

/// CRC-32C (Castagnoli), as iSCSI and raft-wal use it: crc32c("123456789") == 0xE3069283. To go on
/// over more bytes, give the result so far as `seed`.
std::uint32_t crc32c(ByteView bytes, std::uint32_t seed = 0);

/// CRC-64/XZ, the snapshot checksum of the model: crc64("123456789") == 0x995DC9BBDF1939FA.
std::uint64_t crc64(ByteView bytes, std::uint64_t seed = 0);

}  // namespace proa
