#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proa/port/file_system.hpp"
#include "proa/store/detail/log_outline.hpp"
#include "proa/store/detail/wal_index.hpp"
#include "proa/store/detail/wal_records.hpp"

namespace proa::store {

/// A segment that takes no more batches and has no footer yet.
struct FullSegment {
  std::shared_ptr<Segment> segment = {};
  Footer footer = {};
};

/// The end of the log.
struct Tail {
  std::shared_ptr<Segment> segment = {};  ///< nullptr: the directory holds no segment
  SegmentRecords records = {};
  std::uint64_t end = 0;         ///< offset of the next batch
  std::uint64_t last_batch = 0;  ///< sequence
  std::uint32_t last_chain = 0;
  bool sealed = false;
};

struct RecoveredWal {
  LogOutline outline = {};
  WalIndex index = {};
  std::uint64_t removal_segment = 0;  ///< holds the newest removal or restart; 0: there was none
  Tail tail = {};
  std::vector<FullSegment> without_footer = {};
  std::vector<std::shared_ptr<const Segment>> dead = {};  ///< nothing needs them; oldest first
  bool tail_copied = false;                               ///< a sync had failed before
  bool torn_tail = false;                                 ///< a batch was cut that had been begun
};

/// Leaves word that a sync has failed. The kernel may then hold pages that are not on the medium
/// and that no later sync will write: the next process, if it still runs on this page cache, copies
/// the newest segment instead of syncing it.
void note_failed_sync(FileSystem& files, const std::string& directory);

/// Replays the segments of `directory`, cuts a torn tail, and makes durable what it reports.
/// Errors: corrupt, unsupported_protocol, both before anything is changed; io_error.
Result<RecoveredWal> recover_wal(FileSystem& files, const std::string& directory);

}  // namespace proa::store
