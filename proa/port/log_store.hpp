#pragma once

#include <cstddef>

#include "proa/base/result.hpp"
#include "proa/model/entry.hpp"
#include "proa/model/log_summary.hpp"

namespace proa {

/// A write of up to this many bytes is quick enough to be tried on the loop.
inline constexpr std::size_t kInlineWriteMax = std::size_t{1} << 20;

/// The log on this server's disk: contiguous, grows at the end, is cut at either end. Blocking.
/// Threads: open before all others; write and truncate_prefix on the log lane, prepare on the
/// snapshot lane, read on any lane. Errors: io_error, corrupt; after an error of write,
/// truncate_prefix or prepare every later write is refused.
class LogStore {
 public:
  virtual ~LogStore() = default;
  /// First and last index, where terms start, which entries are configurations, the commit index
  /// hint. What it reports is durable when it returns, whatever a crash had left in the page cache.
  virtual Result<LogSummary> open() = 0;
  /// The longest beginning of `range` within `bytes_max` encoded bytes, but at least one entry.
  /// Errors: log_not_found if the first of them is not in the log.
  virtual Result<EntryView> read(IndexRange range, std::size_t bytes_max) const = 0;
  /// One atomic, durable step; see LogBatch. After a crash all of it is there or nothing.
  virtual Result<void> write(const LogBatch& batch) = 0;
  /// Removes everything up to and including `last_removed`. Beyond the end, it empties the log,
  /// which then continues after `last_removed`.
  virtual Result<void> truncate_prefix(LogIndex last_removed) = 0;
  /// A write of so many encoded bytes would be quick: no new file, no zero-filling.
  virtual bool ready_for(std::size_t bytes) const { return bytes < kInlineWriteMax; }
  /// One bounded step ahead of need; true: there is more to do.
  virtual Result<bool> prepare() { return false; }
};

}  // namespace proa
