#include "proa/core/request_check.hpp"

#include <string>

#include "proa/core/limits.hpp"

namespace proa::core {
namespace {

Failure contradiction(const std::string& what) {
  return fail(
      Error{.code = Errc::protocol_error, .outcome = Outcome::not_executed, .detail = what});
}

/// Terms start inside the range, in order, the first one with the first entry.
Result<void> check_terms(const AppendEntriesInfo& request) {
  const EntriesSummary& entries = request.entries;
  LogPosition before{.term = request.prev_log.term, .index = request.prev_log.index};
  if (before.index == LogIndex{}) before.term = {};  // whatever the sender says of nothing
  for (const LogPosition& start : entries.term_starts) {
    const bool is_first = &start == &entries.term_starts.front();
    const bool is_in_order = is_first ? start.index == entries.entries.first &&
                                            before.term <= start.term && Term{} < start.term
                                      : before.index < start.index && before.term < start.term;
    if (!is_in_order || entries.entries.last < start.index || request.term < start.term) {
      return contradiction("AppendEntries of term " + to_string(request.term) + ": an entry at " +
                           to_string(start) + " cannot follow one at " + to_string(before));
    }
    before = start;
  }
  if (entries.term_starts.empty()) return contradiction("AppendEntries: entries without a term");
  return {};
}

Result<void> check_configurations(const EntriesSummary& entries) {
  LogIndex before = {};
  for (const ConfigurationAt& at : entries.configurations) {
    if (!entries.entries.contains(at.index) || at.index <= before) {
      return contradiction("AppendEntries: a configuration at index " + to_string(at.index) +
                           " does not belong to its entries");
    }
    PROA_TRY(validate(at.configuration));
    before = at.index;
  }
  return {};
}

}  // namespace

Result<void> check(const AppendEntriesInfo& request) {
  if (kTermMax <= request.term) return contradiction("AppendEntries: a term out of range");
  if (request.heartbeat) return {};
  if (kIndexMax <= request.prev_log.index) return contradiction("AppendEntries: prev out of range");
  const IndexRange& range = request.entries.entries;
  if (range.empty()) return {};
  if (range.first != next(request.prev_log.index) || kIndexMax <= range.last) {
    return contradiction("AppendEntries: entries " + to_string(range.first) + ".." +
                         to_string(range.last) + " do not follow the previous entry " +
                         to_string(request.prev_log));
  }
  PROA_TRY(check_terms(request));
  return check_configurations(request.entries);
}

Result<void> check(const InstallSnapshotRequest& request) {
  const SnapshotMeta& snapshot = request.snapshot;
  if (kTermMax <= request.term || request.term < snapshot.last.term) {
    return contradiction("InstallSnapshot of term " + to_string(request.term) +
                         ": its snapshot ends at " + to_string(snapshot.last));
  }
  if (snapshot.last.index == LogIndex{} || kIndexMax <= snapshot.last.index ||
      snapshot.last.index < snapshot.configuration.index) {
    return contradiction("InstallSnapshot: a snapshot that ends at " + to_string(snapshot.last) +
                         " with a configuration of index " +
                         to_string(snapshot.configuration.index));
  }
  return validate(snapshot.configuration.configuration);
}

Term term_of(const EntriesSummary& entries, LogIndex index) {
  Term term = {};
  for (const LogPosition& start : entries.term_starts) {
    if (start.index <= index) term = start.term;
  }
  return term;
}

}  // namespace proa::core
