#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/store/detail/log_outline.hpp"

namespace proa::store {

LogOutline::LogOutline(LogIndex next, bool history_missing)
    : first_(history_missing ? LogIndex{1} : next), next_(next), known_from_(next) {}

void LogOutline::append(const EntriesSummary& entries) {
  if (entries.entries.empty()) return;
  PROA_ASSERT(entries.entries.first == next_);
  for (const LogPosition& start : entries.term_starts) {
    if (term_starts_.empty() || term_starts_.back().term != start.term) {
      term_starts_.push_back(start);
    }
  }
  configurations_.insert(configurations_.end(), entries.configurations.begin(),
                         entries.configurations.end());
  next_ = proa::next(entries.entries.last);
}

void LogOutline::cut_suffix(LogIndex from) {
  PROA_ASSERT(from <= next_);
  next_ = from;
  first_ = std::min(first_, from);
  known_from_ = std::min(known_from_, from);
  commit_hint_ = std::min(commit_hint_, last());
  while (!term_starts_.empty() && term_starts_.back().index >= from) {
    term_starts_.pop_back();
  }
  while (!configurations_.empty() && configurations_.back().index >= from) {
    configurations_.pop_back();
  }
}

void LogOutline::cut_prefix(LogIndex first) {
  if (first > next_) return restart(first);
  first_ = std::max(first_, first);
  // The term that holds the first entry now starts with it.
  const auto behind = std::find_if(term_starts_.begin(), term_starts_.end(),
                                   [&](const LogPosition& start) { return start.index > first_; });
  if (behind != term_starts_.begin()) {
    term_starts_.erase(term_starts_.begin(), behind - 1);
    term_starts_.front().index = std::max(term_starts_.front().index, first_);
  }
  if (empty()) term_starts_.clear();
  std::erase_if(configurations_,
                [&](const ConfigurationAt& configuration) { return configuration.index < first_; });
}

void LogOutline::restart(LogIndex next) {
  first_ = next_ = known_from_ = next;
  commit_hint_ = std::min(commit_hint_, last());
  term_starts_.clear();
  configurations_.clear();
}

void LogOutline::hint(LogIndex commit) {
  commit_hint_ = std::min(std::max(commit_hint_, commit), last());
}

LogSummary LogOutline::summary() const {
  return {.log = {.entries = {.first = first_, .last = last()},
                  .term_starts = term_starts_,
                  .configurations = configurations_},
          .commit_hint = commit_hint_};
}

}  // namespace proa::store
