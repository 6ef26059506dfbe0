#pragma once

#include <optional>
#include <vector>

#include "proa/base/ids.hpp"
#include "proa/model/log_summary.hpp"

namespace proa::core {

/// The log as the protocol sees it: where each term starts. It answers for the entries that are
/// there and for the one right before them if its term is known, and for nothing else.
/// Threads: one at a time.
class TermIndex {
 public:
  TermIndex() = default;                              ///< a new log: the next entry has index 1
  explicit TermIndex(LogPosition before);             ///< an empty log that goes on after `before`
  explicit TermIndex(const EntriesSummary& entries);  ///< what a store reported

  bool empty() const { return starts_.empty(); }
  LogIndex first_index() const { return next(before_); }
  LogIndex last_index() const { return last_; }
  /// The end of the log; that of an empty one is where it goes on.
  LogPosition last() const;

  /// The term of the entry at `index`; nothing if it is not known here. Before a new log it is 0.
  std::optional<Term> term_at(LogIndex index) const;
  /// The first entry of the log that has the term of the one at `index`, which must be there.
  LogIndex start_of_term(LogIndex index) const;
  /// The first index of `entries`, at or after `from`, that is not here with the same term; the
  /// one behind them if all are. `from` must not lie before first_index().
  LogIndex first_difference(const EntriesSummary& entries, LogIndex from) const;

  void append(Term term, std::uint64_t count);
  void append(const EntriesSummary& entries, LogIndex from);  ///< those at or after `from`
  void truncate_from(LogIndex index);
  void compact(LogIndex last_removed);
  void learn_term_before(Term term) { before_term_ = term; }

 private:
  std::vector<LogPosition>::const_iterator run_of(LogIndex index) const;

  LogIndex before_ = {};  ///< the index right before the first entry
  std::optional<Term> before_term_ = Term{};
  LogIndex last_ = {};
  std::vector<LogPosition> starts_ = {};  ///< terms and indexes both strictly increasing
};

}  // namespace proa::core
