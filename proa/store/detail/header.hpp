#pragma once

#include <cstdint>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/store/detail/little_endian.hpp"

namespace proa::store {

/// How every header of our files begins, in every format there will ever be: magic (4 bytes),
/// format (2), size of the header (2); its last four bytes are a CRC-32C of all before them. So an
/// older program tells a newer format from damage.
struct HeaderKind {
  std::uint32_t magic = 0;
  std::uint16_t format = 0;  ///< what we write, and the newest that we read
};

inline constexpr std::size_t kHeaderBytesMax = 512;  ///< in every format

enum class HeaderState : std::uint8_t {
  ok,
  damaged,  ///< or something else altogether
  newer,    ///< undamaged, of a format we do not know
};

/// A writer that holds the first eight bytes. `header_bytes` counts the CRC.
LittleEndianWriter begin_header(HeaderKind kind, std::uint16_t header_bytes);
/// Appends the CRC, started from `seed`.
std::vector<std::byte> end_header(LittleEndianWriter writer, std::uint32_t seed = 0);
/// Whether `bytes` begin with an undamaged header of this kind.
HeaderState check_header(ByteView bytes, HeaderKind kind, std::uint32_t seed = 0);
/// Its fields: what lies between the first eight bytes and the CRC. Only after `ok`.
LittleEndianReader fields_of(ByteView bytes);

}  // namespace proa::store
