#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"

namespace proa::core {
namespace {

Error refused(Errc code, std::string detail) {
  return {.code = code, .outcome = Outcome::not_executed, .detail = std::move(detail)};
}

}  // namespace

/// Leadership goes to another voter (thesis §3.10; reference §8.17): it is brought up to date while
/// no proposals are taken, then told to start an election. It belongs to this leadership and ends
/// with it, at the latest an election timeout after each of the two steps.
void Consensus::on(Instant now, const TransferRequested& requested) {
  Leader* leader = leading();
  if (leader == nullptr) return fail_proposal(requested.id, 1, not_leader());
  if (leader->transfer) return fail_proposal(requested.id, 1, transfer_in_progress());
  if (leader->restoring) return fail_proposal(requested.id, 1, restore_in_progress());
  const Result<ServerId> target = transfer_target(*leader, requested.to);
  if (!target) return fail_proposal(requested.id, 1, target.error());
  leader->transfer =
      Transfer{.id = requested.id, .target = *target, .deadline = now + options_.election_timeout};
  ask_target(now);
}

/// The one asked for, or the voter that has most of our log; of equals the first.
Result<ServerId> Consensus::transfer_target(Leader& leader,
                                            const std::optional<ServerId>& wanted) const {
  if (wanted == self()) {
    return fail(refused(Errc::invalid_config, "cannot transfer leadership to itself"));
  }
  if (wanted) {
    const Progress* peer = leader.find(*wanted);
    if (peer == nullptr) {
      return fail(refused(Errc::invalid_config, "cannot find replication state for " +
                                                    wanted->value +
                                                    ": it is no member of the configuration"));
    }
    if (!peer->has_vote() && !mutant("transfer to a server without a vote")) {
      return fail(
          refused(Errc::invalid_config, wanted->value + " has no vote, so it cannot be elected"));
    }
    return *wanted;
  }
  const Progress* best = nullptr;
  for (const Progress& peer : leader.peers) {
    if (peer.has_vote() && (best == nullptr || best->match_index < peer.match_index)) best = &peer;
  }
  if (best == nullptr) return fail(refused(Errc::peer_unreachable, "cannot find peer"));
  return best->server.id;
}

/// Once the target has all we have it may campaign: nobody's log is newer (paper §5.4.1).
void Consensus::ask_target(Instant now) {
  Leader* leader = leading();
  if (leader == nullptr || !leader->transfer || leader->transfer->target_was_asked) return;
  Transfer& transfer = *leader->transfer;
  const Progress* target = leader->find(transfer.target);
  if (target == nullptr) return;
  const bool has_all = last_index() <= target->match_index;
  if (!has_all && !mutant("transfer to a server that is behind")) return;
  send(transfer.target, TimeoutNowRequest{.leader = options_.self},
       {.term = leader->term, .kind = SentKind::timeout_now});
  transfer.target_was_asked = true;
  transfer.deadline = now + options_.election_timeout;
}

void Consensus::check_transfer(Instant now, Leader& leader) {
  if (!leader.transfer || now < leader.transfer->deadline) return;
  end_transfer(
      leader,
      Error{.code = Errc::deadline,
            .outcome = leader.transfer->target_was_asked ? Outcome::unknown : Outcome::not_executed,
            .detail = "leadership transfer timeout: " + leader.transfer->target.value +
                      " did not take over in time"});
  begin_changes(now);  // perhaps nothing else is committed that would let them begin
}

/// Proposals are taken again, unless leadership is gone, which is what was wanted.
void Consensus::end_transfer(Leader& leader, std::optional<Error> error) {
  if (!leader.transfer) return;
  effects_.complete.push_back({.first = leader.transfer->id, .error = std::move(error)});
  if (mutant("transfer that failed never ends")) {
    leader.transfer->deadline = Instant::never();
    return;
  }
  leader.transfer.reset();
}

void Consensus::transfer_request_failed(Instant now, Leader& leader, const PeerId& to) {
  const bool is_current =
      leader.transfer && leader.transfer->target_was_asked && leader.transfer->target == to;
  if (!is_current) return;
  end_transfer(leader, Error{.code = Errc::peer_unreachable,
                             .detail = "failed to make TimeoutNow RPC to " + to.value});
  begin_changes(now);
}

/// It campaigns now; we hear of the newer term, or the deadline passes.
void Consensus::on(Instant, const Replied<TimeoutNowReply>&) {}

Error Consensus::transfer_in_progress() const {
  return refused(Errc::leadership_transfer_in_progress,
                 "leadership is being transferred; ask again when the new leader is known");
}

}  // namespace proa::core
