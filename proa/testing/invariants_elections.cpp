#include <algorithm>

#include "proa/testing/invariants.hpp"

namespace proa::testing {
namespace {

/// The log holds the end of the newest snapshot, or goes on right behind it.
bool goes_on_behind_snapshot(const ServerShadow& at) {
  return at.log.first() == next(at.snapshot.index) ||
         at.log.term_at(at.snapshot.index) == at.snapshot.term;
}

}  // namespace

/// The end of what the server would start with if it stopped now: any log that does not go on
/// behind the newest snapshot is emptied then.
LogPosition Invariants::durable_end(const ServerShadow& at) const {
  const LogIndex last = at.log.last();
  if (!goes_on_behind_snapshot(at) || last == at.snapshot.index) return at.snapshot;
  return {.term = at.log.term_at(last).value_or(Term{}), .index = last};
}

/// The newest configuration in that, nullptr if there is none. Of a log both terms and indexes of
/// configurations only grow, so the newest it holds is the last one in their order.
const Configuration* Invariants::durable_configuration(const ServerShadow& at) const {
  for (auto known = configurations_.rbegin(); known != configurations_.rend(); ++known) {
    const LogPosition& position = known->first;
    const EntryFacts* entry = position.index <= at.snapshot.index || position.index < at.log.first()
                                  ? committed(position.index)
                                  : at.log.find(position.index);
    const bool is_in_log = goes_on_behind_snapshot(at) || position.index <= at.snapshot.index;
    const bool is_it =
        entry != nullptr && entry->term == position.term && entry->kind == EntryKind::configuration;
    if (is_in_log && is_it) return &known->second;
  }
  return nullptr;
}

// Leader completeness (paper §5.4) ahead of time: if all stopped now and started again, whoever
// could be elected, in the configuration it holds, would have what is committed. Two
// configurations whose majorities do not meet break this long before two leaders do. A user's
// restore may be lost until a majority has it. Who has found rot does not start: it asks nobody for
// a vote and gives none.
void Invariants::check_who_could_lead() {
  const LogIndex last = last_committed();
  if (last == LogIndex{} || restoring_) return;
  const LogPosition needed{.term = committed(last)->term, .index = last};
  for (const ServerShadow& candidate : shadows_) {
    if (candidate.found_rot) continue;
    const LogPosition end = durable_end(candidate);
    const bool has_all = last <= candidate.snapshot.index ||
                         (goes_on_behind_snapshot(candidate) && holds(candidate, needed));
    if (has_all) continue;
    const Configuration* configuration = durable_configuration(candidate);
    if (configuration == nullptr) continue;
    const auto grants = std::count_if(shadows_.begin(), shadows_.end(), [&](const auto& voter) {
      return configuration->has_vote(voter.id) && !voter.found_rot && durable_end(voter) <= end;
    });
    if (static_cast<std::size_t>(grants) < configuration->quorum()) continue;
    return violated("leader completeness, ahead of time: " + candidate.id.value +
                    ", whose log ends at " + to_string(end) + ", could be elected by " +
                    to_string(*configuration) + " without the committed entry " +
                    to_string(needed));
  }
}

}  // namespace proa::testing
