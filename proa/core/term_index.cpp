#include "proa/core/term_index.hpp"

#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"

namespace proa::core {
namespace {

/// Calls visit(term, run) for each run of one term in `entries`, cut off before `from`; until it
/// returns false.
template <class F>
void for_each_run(const EntriesSummary& entries, LogIndex from, F&& visit) {
  const std::vector<LogPosition>& starts = entries.term_starts;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const bool is_newest = i + 1 == starts.size();
    const IndexRange run{
        .first = std::max(starts[i].index, from),
        .last = is_newest ? entries.entries.last : previous(starts[i + 1].index),
    };
    if (!run.empty() && !visit(starts[i].term, run)) return;
  }
}

}  // namespace

TermIndex::TermIndex(LogPosition before)
    : before_(before.index), before_term_(before.term), last_(before.index) {}

TermIndex::TermIndex(const EntriesSummary& entries)
    : before_(previous(entries.entries.first)), last_(before_) {
  if (before_ != LogIndex{}) before_term_.reset();
  if (!entries.entries.empty()) append(entries, entries.entries.first);
}

LogPosition TermIndex::last() const {
  if (!empty()) return {.term = starts_.back().term, .index = last_};
  PROA_ASSERT(before_term_.has_value());
  if (mutant("no term known of a log that is compacted whole")) return {.index = before_};
  return {.term = *before_term_, .index = before_};
}

std::vector<LogPosition>::const_iterator TermIndex::run_of(LogIndex index) const {
  PROA_ASSERT(before_ < index);
  PROA_ASSERT(index <= last_);
  if (starts_.back().index <= index) return starts_.end() - 1;  // nearly always
  const auto behind = std::upper_bound(
      starts_.begin(), starts_.end(), index,
      [](LogIndex wanted, const LogPosition& start) { return wanted < start.index; });
  return behind - 1;
}

std::optional<Term> TermIndex::term_at(LogIndex index) const {
  if (index == before_) return before_term_;
  if (last_ < index && !empty() && mutant("term known of an entry behind the log")) {
    return starts_.back().term;
  }
  if (index < before_ || last_ < index) return std::nullopt;
  return run_of(index)->term;
}

LogIndex TermIndex::start_of_term(LogIndex index) const { return run_of(index)->index; }

LogIndex TermIndex::first_difference(const EntriesSummary& entries, LogIndex from) const {
  PROA_ASSERT(first_index() <= from);
  LogIndex difference = next(entries.entries.last);
  for_each_run(entries, from, [&](Term term, const IndexRange& theirs) {
    for (LogIndex at = theirs.first; at <= theirs.last;) {
      const bool is_same = at <= last_ && run_of(at)->term == term;
      if (!is_same) {
        difference = at;
        return false;
      }
      const auto behind = run_of(at) + 1;
      at = behind == starts_.end() ? next(last_) : behind->index;
    }
    return true;
  });
  return difference;
}

void TermIndex::append(Term term, std::uint64_t count) {
  PROA_ASSERT(count > 0);
  PROA_ASSERT(empty() || starts_.back().term <= term);
  if (empty() || starts_.back().term != term) {
    starts_.push_back({.term = term, .index = next(last_)});
  }
  last_ = last_ + count;
}

void TermIndex::append(const EntriesSummary& entries, LogIndex from) {
  PROA_ASSERT(from == next(last_));
  for_each_run(entries, from, [&](Term term, const IndexRange& run) {
    append(term, run.size());
    return true;
  });
}

void TermIndex::truncate_from(LogIndex index) {
  PROA_ASSERT(before_ < index);
  PROA_ASSERT(index <= last_);
  while (!starts_.empty() && index <= starts_.back().index)
    starts_.pop_back();
  last_ = previous(index);
}

void TermIndex::compact(LogIndex last_removed) {
  PROA_ASSERT(before_ <= last_removed);
  PROA_ASSERT(last_removed <= last_);
  before_term_ = term_at(last_removed);
  before_ = last_removed;
  if (last_removed == last_) return starts_.clear();
  starts_.erase(starts_.begin(), run_of(next(last_removed)));
  starts_.front().index = next(last_removed);
}

}  // namespace proa::core
