#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/core/consensus.hpp"

namespace proa::core {

/// What must hold after every step, in every build. It costs a few comparisons per peer.
void Consensus::check_invariants() {
  check_order();
  check_progress_of_time();
  if (leading() != nullptr) check_leader(*leading());
  if (const auto* candidate = std::get_if<Candidate>(&role_)) check_candidate(*candidate);
  if (is_follower()) PROA_ASSERT(!deferred_.has_requests());
  PROA_ASSERT(deferred_.latest() <= tickets_.newest());  // or it would wait for ever
}

/// Compacted, snapshot, applied, committed, last: each at most the next (reference simulator).
void Consensus::check_order() const {
  PROA_ASSERT(log_.first_index() <= next(snapshot_.index));
  PROA_ASSERT(snapshot_.index <= handed_out_);
  PROA_ASSERT(handed_out_ <= commit_index_);
  PROA_ASSERT(handed_out_ <= durable_index());
  PROA_ASSERT(commit_index_ <= last_index());
  PROA_ASSERT(durable_index() <= last_index());
  PROA_ASSERT(last_position().term <= term());
  PROA_ASSERT(configurations_.committed().index <= commit_index_);
  PROA_ASSERT(configurations_.latest().index <= last_index());
  PROA_ASSERT(configurations_.is_stable() || commit_index_ < configurations_.latest().index);
}

/// Terms, votes, the commit index and what was applied never move back; a leader only appends
/// (paper Figure 3).
void Consensus::check_progress_of_time() {
  const Leader* leader = leading();
  PROA_ASSERT(checked_.term <= term());
  const bool voted_before = checked_.term == term() && checked_.vote.has_value();
  if (voted_before) PROA_ASSERT(hard_state_.vote == checked_.vote);
  PROA_ASSERT(checked_.commit_index <= commit_index_);
  PROA_ASSERT(checked_.handed_out <= handed_out_);
  PROA_ASSERT(checked_.snapshot_index <= snapshot_.index);
  const bool leads_on = checked_.led && leader != nullptr && checked_.term == term();
  if (leads_on) PROA_ASSERT(checked_.last_log <= last_index());
  if (!voted_before) checked_.vote = hard_state_.vote;
  checked_.term = term();
  checked_.commit_index = commit_index_;
  checked_.handed_out = handed_out_;
  checked_.snapshot_index = snapshot_.index;
  checked_.last_log = last_index();
  checked_.led = leader != nullptr;
}

void Consensus::check_leader(const Leader& leader) const {
  PROA_ASSERT(leader.term == term());
  PROA_ASSERT(hard_state_.vote == options_.self);
  PROA_ASSERT(leader_ == options_.self);
  const bool no_op_is_compacted = leader.first_index < log_.first_index();
  PROA_ASSERT(no_op_is_compacted || log_.term_at(leader.first_index) == leader.term);
  PROA_ASSERT(last_position().term == leader.term);
  for (const Progress& peer : leader.peers) {
    PROA_ASSERT(peer.match_index < peer.next_index);
    PROA_ASSERT(peer.match_index <= last_index());
    PROA_ASSERT(peer.next_index <= next(last_index()));
    PROA_ASSERT(peer.server.id != self());
    PROA_ASSERT(peer.acknowledged_round <= leader.reads.newest());
  }
}

void Consensus::check_candidate(const Candidate& candidate) const {
  PROA_ASSERT(!leader_);
  PROA_ASSERT(candidate.term == (candidate.pre_vote ? next(term()) : term()));
  PROA_ASSERT(candidate.pre_vote || hard_state_.vote == options_.self);
}

}  // namespace proa::core
