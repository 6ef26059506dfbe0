#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"

namespace proa::core {

/// A linearizable read without an entry in the log (thesis §6.4): what must be applied is what is
/// committed now; whether we still lead, a majority says that is asked after this.
void Consensus::on(Instant, const ReadRequested& requested) {
  Leader* leader = leading();
  if (leader == nullptr) return fail_proposal(requested.id, 1, not_leader());
  if (requested.unconfirmed && leader->first_index <= commit_index_) {
    effects_.complete.push_back({.first = requested.id, .index = commit_index_});
    return;
  }
  // Before an entry of its own term is committed a leader does not know what is (paper §8).
  const LogIndex index = mutant("read before own-term commit")
                             ? commit_index_
                             : std::max(commit_index_, leader->first_index);
  leader->reads.add({.id = requested.id,
                     .index = requested.verify_only ? LogIndex{} : index,
                     .verify_only = requested.verify_only});
  confirm_reads();
}

/// The newest round that a majority of the voters has answered.
ReadRound Consensus::confirmed_round(const Leader& leader) const {
  if (mutant("read confirmed by the leader alone")) return leader.reads.newest();
  ReadRound confirmed = {};
  const auto consider = [&](ReadRound round) {
    if (round <= confirmed) return;
    const bool is_confirmed = majority(
        leader, true, [&](const Progress& peer) { return round <= peer.acknowledged_round; });
    if (is_confirmed) confirmed = round;
  };
  consider(leader.reads.newest());  // if we need nobody else
  for (const Progress& peer : leader.peers)
    consider(peer.acknowledged_round);
  return confirmed;
}

void Consensus::confirm_reads() {
  Leader* leader = leading();
  if (leader == nullptr || leader->reads.empty()) return;
  const bool knows_what_is_committed =
      leader->first_index <= commit_index_ || mutant("read before own-term commit");
  for (const Reads::Waiting& read :
       leader->reads.take_confirmed(confirmed_round(*leader), knows_what_is_committed)) {
    effects_.complete.push_back({.first = read.id, .index = read.index});
  }
}

/// Waiting reads share a round of heartbeats; while one is on its way, later reads wait for the
/// next. The regular heartbeats carry the newest round as well, so a lost one only delays.
void Consensus::start_read_round(Instant now, Leader& leader) {
  const bool is_on_its_way = confirmed_round(leader) < leader.beaten_round;
  if (leader.reads.empty() || is_on_its_way) return;
  if (leader.reads.newest() <= leader.beaten_round) return;  // asked; waits for the commit index
  for (Progress& peer : leader.peers) {
    if (peer.has_vote()) beat(now, leader, peer);
  }
  leader.beaten_round = leader.reads.newest();
}

}  // namespace proa::core
