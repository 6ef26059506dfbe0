#pragma once

#include "proa/model/log_summary.hpp"

namespace proa::store {

/// What a LogSummary says, kept up while the log grows and is cut: from where to where, where terms
/// start, the configurations, the commit hint. Also made by replaying what a directory holds, where
/// the beginning of the story may have been deleted. Threads: one at a time.
class LogOutline {
 public:
  /// `next`: where the first entry goes. If `history_missing`, entries before it may exist that
  /// nobody has told us of: complete() says whether one of them would still be in the log.
  LogOutline(LogIndex next, bool history_missing);
  LogOutline() : LogOutline(LogIndex{1}, false) {}  ///< of a new log

  LogIndex first() const { return first_; }  ///< next(), if the log is empty
  LogIndex next() const { return next_; }
  LogIndex last() const { return previous(next_); }
  bool empty() const { return first_ == next_; }
  bool contains(LogIndex index) const { return first_ <= index && index < next_; }
  bool complete() const { return known_from_ <= first_; }
  LogIndex commit_hint() const { return commit_hint_; }

  void append(const EntriesSummary& entries);  ///< must begin at next()
  void cut_suffix(LogIndex from);              ///< at most next()
  void cut_prefix(LogIndex first);             ///< may be beyond next(), which then becomes `first`
  void restart(LogIndex next);
  void hint(LogIndex commit);  ///< the largest so far counts, but never beyond the last entry

  LogSummary summary() const;

 private:
  LogIndex first_;
  LogIndex next_;
  LogIndex known_from_;  ///< from here on all entries have been told
  LogIndex commit_hint_ = {};
  std::vector<LogPosition> term_starts_ = {};
  std::vector<ConfigurationAt> configurations_ = {};
};

}  // namespace proa::store
