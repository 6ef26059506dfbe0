#pragma once

#include <optional>
#include <string>

#include "proa/base/result.hpp"
#include "proa/model/snapshot_meta.hpp"

namespace proa::store {

/// What meta.json holds (reference §5.2).
struct MetaFile {
  SnapshotMeta meta = {};
  std::optional<std::uint64_t> crc = {};  ///< CRC-64 of the state; nothing while it is written
};

/// One line, byte for byte as the model writes it, but for our key `ProaMetaCRC` at its end: a
/// CRC-64 of the line as it would be without it. The model ignores keys it does not know.
std::string encode_meta(const MetaFile& file);

/// Keys in any case, unknown ones ignored; versions 0 and 1. Errors: corrupt, without a path.
Result<MetaFile> decode_meta(std::string_view text);

}  // namespace proa::store
