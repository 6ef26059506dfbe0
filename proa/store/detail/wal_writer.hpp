#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/guarded.hpp"
#include "proa/base/random.hpp"
#include "proa/model/log_summary.hpp"
#include "proa/port/file_system.hpp"
#include "proa/store/detail/wal_recovery.hpp"
#include "proa/store/detail/wal_spares.hpp"
#include "proa/store/wal.hpp"

namespace proa::store {

/// What the log lane, the snapshot lane and the readers of a log share.
struct WalShared {
  struct Work {
    std::optional<Error> failed = {};   ///< the first error; every later write is refused
    std::uint64_t data_bytes = 0;       ///< of a segment of the usual size
    std::uint64_t room = 0;             ///< bytes a batch may have in the newest segment
    std::deque<FullSegment> full = {};  ///< wait for their footer
    std::deque<std::shared_ptr<const Segment>> dead = {};  ///< wait for recycling, oldest first
    WalCounters counters = {};
  };
  Guarded<Work> work;
  Guarded<WalIndex> index;
  std::unique_ptr<SpareSegments> spares;
};

/// The end of the log that grows. Threads: the log lane.
class WalWriter {
 public:
  WalWriter(FileSystem& files, std::string directory, WalOptions options, WalShared& shared);

  Result<LogSummary> open();
  Result<void> write(const LogBatch& batch);
  Result<void> truncate_prefix(LogIndex last_removed);

 private:
  Result<std::uint64_t> append(BatchHeader header, const EntryView& entries,
                               const EntriesSummary& summary);
  Result<void> write_batch(BatchHeader& header, const EntryView& entries);
  Result<void> make_room(std::uint64_t bytes);
  Result<void> seal();
  Result<void> begin_segment(std::uint64_t bytes);
  Result<SpareSegments::Spare> spare_for(bool oversized);
  Result<void> write_header(File& file, const SegmentHeader& header) const;
  void give_up_unneeded();
  void publish_room();

  FileSystem& files_;
  std::string directory_;
  WalOptions options_;
  WalShared& shared_;
  Random random_;
  std::uint32_t block_bytes_ = 0;  ///< of new segments
  std::uint64_t data_bytes_ = 0;   ///< of new segments of the usual size
  LogOutline outline_;
  Tail tail_;
  std::uint64_t removal_segment_ = 0;
  std::vector<std::byte> zeros_;  ///< one block
};

}  // namespace proa::store
