#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "proa/base/mutant.hpp"
#include "proa/core/progress.hpp"
#include "proa/core/reads.hpp"

namespace proa::core {

/// Waits for a leader, or follows one.
struct Follower {};

/// Asks for votes, or, with pre_vote, whether it would be given them (thesis §9.6).
struct Candidate {
  bool pre_vote = false;
  Term term = {};                         ///< campaigned for; with pre_vote the one after ours
  Ticket own_vote = {};                   ///< counts once this is durable; unused with pre_vote
  std::vector<ServerId> granted_by = {};  ///< each peer once

  void count_vote_of(const ServerId& peer) {
    if (std::find(granted_by.begin(), granted_by.end(), peer) == granted_by.end() ||
        mutant("vote counted twice")) {
      granted_by.push_back(peer);
    }
  }
};

/// Leadership on its way to another server (thesis §3.10).
struct Transfer {
  ProposalId id = {};
  ServerId target = {};
  Instant deadline = {};
  bool target_was_asked = false;  ///< TimeoutNow is on its way
};

/// A state from outside on its way in: the log stands still (reference §8.16).
struct Restoring {
  ProposalId id = {};
  LogPosition last = {};  ///< of the snapshot that it becomes
};

struct Leader {
  Term term = {};             ///< elected in; the only one it stamps
  LogIndex first_index = {};  ///< its no-op; what lies before is committed with it, never by count
  std::vector<Progress> peers = {};  ///< the others of the latest configuration, in its order
  Instant lease_check_at = {};
  Reads reads = {};
  ReadRound beaten_round = {};  ///< the newest round that heartbeats were sent for at once
  std::optional<Transfer> transfer = {};
  std::optional<Restoring> restoring = {};
  std::deque<ChangeRequested> waiting_changes = {};

  Progress* find(const PeerId& id) {
    const auto found = std::find_if(peers.begin(), peers.end(),
                                    [&](const Progress& peer) { return peer.server.id == id; });
    return found == peers.end() ? nullptr : &*found;
  }
};

using RoleState = std::variant<Follower, Candidate, Leader>;

}  // namespace proa::core
