#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "proa/base/fn.hpp"
#include "proa/base/result.hpp"
#include "proa/model/entry.hpp"
#include "proa/port/file_system.hpp"
#include "proa/store/detail/wal_format.hpp"

namespace proa::store {

/// A segment of the log. Threads: any may read; one lane at a time writes to the file.
struct Segment {
  std::unique_ptr<File> file = {};
  SegmentHeader header = {};
  std::string name = {};  ///< in the log's directory

  /// Where the batch behind one that ends at `offset` begins.
  std::uint64_t next_batch_offset(std::uint64_t offset) const;
  /// `<path> at offset <n>`
  std::string place(std::uint64_t offset) const;
};

/// A segment as found on disk.
struct FoundSegment {
  HeaderState state = HeaderState::damaged;        ///< of both copies of its header
  std::shared_ptr<Segment> segment = {};           ///< without a header unless `state` is ok
  std::optional<std::uint64_t> damaged_copy = {};  ///< offset of one, if the other is whole
};
Result<FoundSegment> find_segment(FileSystem& files, const std::string& directory,
                                  const std::string& name);

/// What lies at an offset where a batch may begin.
struct FoundBatch {
  HeaderState state = HeaderState::damaged;  ///< of its header
  BatchHeader header = {};
  bool whole = false;     ///< header and entries match their checksums
  SharedBytes body = {};  ///< the entries, if whole
};
Result<FoundBatch> read_batch(const Segment& segment, std::uint64_t offset);

/// Errors: corrupt, naming file, offset and index.
Result<EntryView> decode_entries(const Segment& segment, std::uint64_t offset,
                                 const FoundBatch& batch);

/// Calls visit(offset, block) for every block from `offset` to the end of the data, until it says
/// true; returns where, if it did.
Result<std::optional<std::uint64_t>> find_block(const Segment& segment, std::uint64_t offset,
                                                Fn<bool(ByteView block)> visit);

/// The footer, if there is a whole one.
struct Footer;
Result<std::optional<Footer>> read_footer(const Segment& segment);

}  // namespace proa::store
