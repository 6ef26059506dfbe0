#include "proa/core/membership.hpp"

#include <algorithm>
#include <memory>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"

namespace proa::core {
namespace {

/// What becomes of a server that is a member already.
void change_member(Server& member, const ChangeRequested& change) {
  const bool is_voter = member.suffrage == Suffrage::voter;
  const bool is_staging = member.suffrage == Suffrage::staging;
  switch (change.kind) {
    case ChangeKind::add_voter:
      member.suffrage = Suffrage::voter;
      member.address = change.server.address;
      return;
    case ChangeKind::add_nonvoter:  // takes no vote away; that is demote_voter
      if (!is_voter && !is_staging) member.suffrage = Suffrage::nonvoter;
      member.address = change.server.address;
      return;
    case ChangeKind::demote_voter:
      member.suffrage = Suffrage::nonvoter;
      return;
    case ChangeKind::remove_server:
      return;
  }
}

}  // namespace

Result<Configuration> change_of(const ConfigurationAt& current, const ChangeRequested& change) {
  if (change.based_on != LogIndex{} && change.based_on != current.index) {
    return fail(Error{.code = Errc::configuration_changed,
                      .outcome = Outcome::not_executed,
                      .detail = "configuration changed since " + to_string(change.based_on) +
                                " (latest is " + to_string(current.index) + ")"});
  }
  Configuration changed = current.configuration;
  const auto member = std::find_if(changed.servers.begin(), changed.servers.end(),
                                   [&](const Server& s) { return s.id == change.server.id; });
  const bool adds = change.kind == ChangeKind::add_voter || change.kind == ChangeKind::add_nonvoter;
  if (member == changed.servers.end()) {
    if (adds) {
      const bool votes = change.kind == ChangeKind::add_voter;
      changed.servers.push_back({.suffrage = votes ? Suffrage::voter : Suffrage::nonvoter,
                                 .id = change.server.id,
                                 .address = change.server.address});
    }
  } else if (change.kind == ChangeKind::remove_server) {
    changed.servers.erase(member);
  } else {
    change_member(*member, change);
  }
  PROA_TRY(validate(changed));
  return changed;
}

/// One change at a time (paper §6; thesis §4.1): the others wait.
void Consensus::on(Instant now, const ChangeRequested& requested) {
  Leader* leader = leading();
  if (leader == nullptr) return fail_proposal(requested.id, 1, not_leader());
  if (leader->transfer) return fail_proposal(requested.id, 1, transfer_in_progress());
  if (leader->waiting_changes.size() >= kWaitingChangesMax) {
    return fail_proposal(requested.id, 1,
                         {.code = Errc::busy,
                          .outcome = Outcome::not_executed,
                          .detail = std::to_string(kWaitingChangesMax) +
                                    " changes of the configuration wait already"});
  }
  leader->waiting_changes.push_back(requested);
  begin_changes(now);
}

/// The latest configuration is committed, and so is an entry of our own term: without that, two
/// leaders could change the same configuration in ways whose majorities do not meet (the repair of
/// thesis §4.1's algorithm).
bool Consensus::may_change_configuration(const Leader& leader) const {
  const bool has_committed =
      leader.first_index <= commit_index_ || mutant("change before a commit of the own term");
  const bool is_only_one =
      configurations_.is_stable() || mutant("change before the last one is committed");
  return is_only_one && has_committed && !leader.transfer && !leader.restoring;
}

void Consensus::begin_changes(Instant now) {
  Leader* leader = leading();
  if (leader == nullptr) return;
  while (!leader->waiting_changes.empty() && may_change_configuration(*leader)) {
    const ChangeRequested change = std::move(leader->waiting_changes.front());
    leader->waiting_changes.pop_front();
    Result<Configuration> changed = change_of(configurations_.latest(), change);
    if (!changed) {
      fail_proposal(change.id, 1, std::move(changed).error());
      continue;
    }
    append_own({.kind = EntryKind::configuration,
                .first_proposal = change.id,
                .configuration = std::make_shared<const Configuration>(*std::move(changed))});
    follow_configuration(now, *leader);  // in force from now on
  }
}

/// A leader that is not in the new configuration, or has no vote in it, manages the cluster until
/// it is committed and then steps down (paper §6; thesis §4.2.2).
void Consensus::leave_if_removed(Instant now) {
  const bool is_removed = configurations_.is_stable() && !has_vote(self());
  if (leading() == nullptr || !is_removed) return;
  effects_.removed = options_.shutdown_on_remove;
  become_follower(now);
}

/// Peers that were removed have been told what is committed, as far as that could be done at once.
void Consensus::take_leave(Leader& leader) {
  std::erase_if(leader.peers, [&](const Progress& peer) {
    return peer.leaves_at && *peer.leaves_at <= commit_index_;
  });
}

}  // namespace proa::core
