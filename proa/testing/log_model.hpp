#pragma once

#include <optional>
#include <vector>

#include "proa/base/random.hpp"
#include "proa/model/log_summary.hpp"

namespace proa::testing {

/// What a LogStore must hold, kept in the simplest way: a list of entries. Threads: one.
class LogModel {
 public:
  void write(const LogBatch& batch);
  void truncate_prefix(LogIndex last_removed);

  bool empty() const { return entries_.empty(); }
  LogIndex first() const { return first_; }  ///< next(), if empty
  LogIndex next() const { return first_ + entries_.size(); }
  LogIndex last() const { return previous(next()); }
  LogIndex commit_hint() const { return commit_hint_; }
  EntryView entries(IndexRange range) const;  ///< which must lie inside
  EntryView entries() const { return entries({first(), last()}); }
  Term last_term() const;  ///< 0 if empty
  LogSummary summary() const;

  friend bool operator==(const LogModel&, const LogModel&) = default;

 private:
  LogIndex first_ = LogIndex{1};
  LogIndex commit_hint_ = {};
  std::vector<EntryView> entries_;  ///< one each
};

/// One call of a LogStore that changes it.
struct LogStep {
  std::optional<LogBatch> write = {};
  std::optional<LogIndex> truncate_prefix = {};  ///< if there is no `write`
};

struct LogWorkloadOptions {
  std::uint64_t entries_max = 8;       ///< of one batch
  std::uint64_t data_bytes_max = 300;  ///< of one entry
  bool fixed_size = false;             ///< all commands have data_bytes_max bytes
  std::uint64_t large_percent = 0;     ///< of the batches hold an entry of large_bytes
  std::uint64_t large_bytes = 0;
  std::uint64_t suffix_percent = 8;        ///< of the steps cut the end, and mostly write behind it
  std::uint64_t prefix_percent = 5;        ///< of the steps cut the beginning
  std::uint64_t restart_percent = 1;       ///< of the steps empty the log
  std::uint64_t restart_back_percent = 0;  ///< of the restarts go on at an index used before
};

/// Draws steps such as a server makes: terms that only grow, a no-op at the beginning of a term,
/// configurations now and then, a commit index that is never cut. Threads: one.
class LogWorkload {
 public:
  LogWorkload(LogWorkloadOptions options, std::uint64_t seed) : options_(options), random_(seed) {}

  /// A step that is allowed on what `model` holds. Does not change it.
  LogStep next(const LogModel& model);

 private:
  LogStep cut_suffix(const LogModel& model);
  LogStep cut_prefix(const LogModel& model);
  LogStep restart(const LogModel& model);
  EntryView entries_from(LogIndex first, Term at_least, std::uint64_t count);
  NewEntry entry_at(LogIndex index, bool begins_term);
  LogIndex commit_for(const LogModel& model, LogIndex last);

  LogWorkloadOptions options_;
  Random random_;
  Term term_ = Term{1};
  LogIndex commit_ = {};
  std::uint64_t serial_ = 0;
};

void apply(LogModel& model, const LogStep& step);

}  // namespace proa::testing
