#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"

namespace proa::core {

void Consensus::on(Instant, const Proposed& proposed) {
  PROA_ASSERT(proposed.count > 0);
  const Leader* leader = leading();
  if (leader == nullptr) return fail_proposal(proposed.first, proposed.count, not_leader());
  if (leader->transfer && !mutant("proposals taken during a transfer")) {
    return fail_proposal(proposed.first, proposed.count, transfer_in_progress());
  }
  if (leader->restoring) {
    return fail_proposal(proposed.first, proposed.count, restore_in_progress());
  }
  append_own({.count = proposed.count, .kind = proposed.kind, .first_proposal = proposed.first});
}

/// A leader only appends, and only with the term it was elected in (paper §5.3, Figure 3).
void Consensus::append_own(OwnEntries entries) {
  entries.first = next(last_index());
  entries.term = leading()->term;
  log_.append(entries.term, entries.count);
  if (entries.configuration != nullptr) {
    configurations_.append({.configuration = *entries.configuration, .index = entries.first});
  }
  tickets_.write_entries();
  effects_.appended.emplace_back(std::move(entries));
  if (latest().quorum() == 1 && mutant("single server commits before its sync")) {
    commit_up_to(last_index());
  }
}

/// An entry is committed once a majority has it on disk and it is of the leader's own term; what
/// lies before it is committed with it (paper §5.4.2, Figure 8). We count ourselves as any other,
/// for what is durable.
void Consensus::advance_commit(Instant now) {
  Leader* leader = leading();
  if (leader == nullptr) return;
  LogIndex held = commit_index_;
  const auto consider = [&](LogIndex index) {
    if (index <= held) return;
    const bool is_held = majority(*leader, index <= durable_index(),
                                  [&](const Progress& peer) { return index <= peer.match_index; });
    if (is_held) held = index;
  };
  consider(durable_index());
  for (const Progress& peer : leader->peers)
    consider(peer.match_index);
  if (mutant("median of peers that are in no order") && !leader->peers.empty()) {
    held = std::max(held, leader->peers[leader->peers.size() / 2].match_index);
  }
  if (mutant("leader's own disk holds up everybody")) held = std::min(held, durable_index());
  if (held < leader->first_index && !mutant("commit of an old-term entry")) return;
  if (held <= commit_index_) return;
  commit_up_to(held);
  for (Progress& peer : leader->peers) {
    if (peer.leaves_at) peer.idle_append_due = true;  // its last: that it is removed for good
  }
  confirm_reads();
  leave_if_removed(now);
  begin_changes(now);
}

/// A leader that does not hear from a majority for the lease timeout steps down, so that clients
/// look for another (thesis §6.2; reference §8.14).
void Consensus::check_quorum(Instant now, Leader& leader) {
  if (now < leader.lease_check_at) return;
  Duration lease = options_.leader_lease_timeout;
  if (mutant("lease in whole seconds")) lease = std::chrono::floor<std::chrono::seconds>(lease);
  Duration longest = {};
  const bool has_contact = majority(leader, true, [&](const Progress& peer) {
    const Duration silence = now - peer.last_contact;
    if (silence > lease) return false;
    longest = std::max(longest, silence);
    return true;
  });
  if (!has_contact && !mutant("no check of the quorum")) return become_follower(now);
  if (mutant("quorum checked at no least pace")) {
    leader.lease_check_at = now + (lease - longest);
    return;
  }
  leader.lease_check_at = now + std::max(lease - longest, kLeaseCheckPaceMin);
}

Error Consensus::not_leader() const {
  Error error{.code = Errc::not_leader,
              .outcome = Outcome::not_executed,
              .detail = "this server does not lead"};
  if (leader_) {
    error.leader = Server{.id = leader_->id, .address = leader_->address};
    error.detail += "; " + leader_->id.value + " does, at " + leader_->address.value;
  }
  return error;
}

void Consensus::fail_proposal(ProposalId first, std::uint32_t count, Error error) {
  effects_.complete.push_back({.first = first, .count = count, .error = std::move(error)});
}

}  // namespace proa::core
