#pragma once

#include <memory>

#include "kv/detail/table.hpp"
#include "proa/base/result.hpp"
#include "proa/port/byte_source.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa::kv {

// A snapshot of the store. Numbers of fixed size are little endian, others LEB128.
//
//     header   "proa kv\n"   8 bytes
//              version       4 bytes, 1
//              keys          8 bytes, how many follow in all blocks
//     blocks   size          4 bytes: of the records; 0: this is the last block, it has none
//              checksum      4 bytes: CRC-32C of the records, begun with the checksum of the block
//                            before, that of the header for the first: no block can be missing,
//                            twice or elsewhere without notice
//              records
//     record   type          1 byte, 0: a string; reserved for lists, hashes, sets
//              modified      index of the log entry that wrote it
//              key, value    each behind its length
//
// A block ends with the first record that fills it to kBlockBytes.

Result<void> write_snapshot(const TableImage& image, SnapshotSink& sink);
/// Errors: unsupported_protocol, a newer version wrote it; corrupt; those of the source.
Result<Table> read_snapshot(ByteSource& source);

}  // namespace proa::kv
