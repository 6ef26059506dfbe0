#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/core/consensus.hpp"
#include "proa/core/limits.hpp"

namespace proa::core {

/// A snapshot of another history becomes the state of this cluster (reference §8.16). It gets an
/// index that nobody has, so that every follower needs the snapshot; the no-op behind it commits
/// once a majority has installed it. Whoever asks for that takes the cluster's state away: it is
/// for disasters, and a leader that dies in the middle leaves servers that differ until it is done
/// again.
void Consensus::on(Instant, const RestoreRequested& requested) {
  Leader* leader = leading();
  if (leader == nullptr) return fail_proposal(requested.id, 1, not_leader());
  if (const Result<void> may = may_restore(*leader, requested); !may) {
    return fail_proposal(requested.id, 1, may.error());
  }
  const LogIndex index = next(std::max(last_index(), requested.snapshot_last));
  leader->restoring = Restoring{.id = requested.id, .last = {.term = leader->term, .index = index}};
  effects_.restore = RestoreOrder{.id = requested.id,
                                  .last = leader->restoring->last,
                                  .configuration = configurations_.latest()};
}

Result<void> Consensus::may_restore(const Leader& leader, const RestoreRequested& requested) const {
  if (leader.transfer) return fail(transfer_in_progress());
  if (leader.restoring) return fail(restore_in_progress());
  if (kIndexMax <= next(requested.snapshot_last)) {
    return fail(Error{.code = Errc::invalid_config,
                      .outcome = Outcome::not_executed,
                      .detail = "the snapshot's index " + to_string(requested.snapshot_last) +
                                " is out of range"});
  }
  if (may_change_configuration(leader)) return {};
  return fail(Error{.code = Errc::busy,
                    .outcome = Outcome::not_executed,
                    .detail = "cannot restore a snapshot before the configuration of index " +
                              to_string(configurations_.latest().index) +
                              " and an entry of this leader's term are committed"});
}

/// From here on the log goes on behind the snapshot. Its end counts as committed, as that of every
/// snapshot does.
void Consensus::on(Instant now, const RestoreStored& stored) {
  Leader* leader = leading();
  const bool is_waited_for =
      leader != nullptr && leader->restoring && leader->restoring->id == stored.id;
  if (!is_waited_for) return;  // leadership was lost, and the caller has been told
  const Restoring done = *std::exchange(leader->restoring, std::nullopt);
  if (stored.error) {
    fail_proposal(done.id, 1, *stored.error);
    return begin_changes(now);
  }
  PROA_ASSERT(last_index() < done.last.index);
  PROA_ASSERT(done.last.term == term());
  snapshot_ = done.last;
  handed_out_ = done.last.index;
  restart_log({.last = done.last, .configuration = configurations_.latest()});
  commit_index_ = done.last.index;
  append_own({.kind = EntryKind::noop, .first_proposal = done.id});
}

Error Consensus::restore_in_progress() const {
  return {.code = Errc::busy,
          .outcome = Outcome::not_executed,
          .detail = "a snapshot is being restored; try again when that is done"};
}

}  // namespace proa::core
