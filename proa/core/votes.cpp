#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"
#include "proa/core/limits.hpp"

namespace proa::core {

/// RequestVote, receiver's side (paper §5.2, §5.4.1; thesis §4.2.3; reference §8.6, in its order).
void Consensus::on(Instant now, const Received<RequestVoteRequest>& received) {
  const RequestVoteRequest& request = received.message;

  // A removed server hears no heartbeats and keeps starting elections. Neither it nor anybody may
  // unseat a leader we still hear from, so these refusals do not adopt the higher term.
  if (is_stranger(request.candidate, request.last_log)) return refuse(received);
  if (follows_another_leader(request.candidate) && !request.leadership_transfer) {
    return refuse(received);
  }
  if (request.term < term() || kTermMax <= request.term) return refuse(received);
  const bool no_vote = has_no_vote(request.candidate, request.last_log);
  if (no_vote && mutant("newer term of a server without a vote ignored")) {
    return refuse(received);
  }
  if (request.term > term()) adopt_newer_term(now, request.term);

  // A demoted server with a high term: its term is adopted, which unblocks the cluster, its wish is
  // not.
  if (no_vote) return refuse(received);
  const bool may_vote = !repairing() || mutant("vote of a server whose log is under repair");
  if (!may_vote) return refuse(received);  // our log has lost what we once acknowledged

  if (hard_state_.voted_in(request.term) && !mutant("second vote in a term")) {
    return reply(received, {.term = term(), .granted = hard_state_.voted_for(request.candidate)});
  }
  if (has_newer_log_than(request.last_log)) return refuse(received);

  grant_vote(now, request.candidate);  // durable before the reply leaves (paper Figure 2)
  reply(received, {.term = term(), .granted = true});
}

/// The same question for a term that nobody campaigns in yet (thesis §9.6; reference §8.6). Nothing
/// is promised and nothing changes here. From the fourth check on the reply names the term asked
/// about.
void Consensus::on(Instant, const Received<RequestPreVoteRequest>& received) {
  const RequestPreVoteRequest& request = received.message;
  if (is_stranger(request.candidate, request.last_log)) return refuse(received);
  if (follows_another_leader(request.candidate)) return refuse(received);
  if (request.term < term() && mutant("refused pre-vote hides the newer term")) {
    return reply(received, {.term = request.term});
  }
  if (request.term < term() || kTermMax <= request.term) return refuse(received);

  const bool is_behind =
      has_newer_log_than(request.last_log) && !mutant("pre-vote granted to a shorter log");
  const bool no_vote = has_no_vote(request.candidate, request.last_log);
  const bool granted = !no_vote && !repairing() && !is_behind;
  reply(received, {.term = request.term, .granted = granted});
}

/// Not in our configuration, or we have none: then we cannot know whether we have voted before a
/// disk was lost. Another server that bears our name is a stranger too. An old server sends no id.
/// A candidate with more log than ours may have been added there, and nobody may be electable
/// without our vote (thesis §4.2.1): it is asked for its log only.
bool Consensus::is_stranger(const Sender& candidate, LogPosition its_last_log) const {
  if (candidate.id == self()) return true;
  if (latest().empty()) {
    return !options_.vote_before_configuration && !mutant("vote of a server without configuration");
  }
  if (mutant("candidate that was removed answered as a member")) return false;
  if (knows_more(its_last_log)) return false;
  return !candidate.id.value.empty() && !latest().is_member(candidate.id);
}

bool Consensus::follows_another_leader(const Sender& candidate) const {
  return leader_ && leader_->address != candidate.address;
}

/// Whoever has more log than ours may have been promoted there.
bool Consensus::has_no_vote(const Sender& candidate, LogPosition its_last_log) const {
  if (latest().empty() || knows_more(its_last_log)) return false;
  return !candidate.id.value.empty() && !has_vote(candidate.id);
}

/// Our configuration may be older than the one of a server whose log is newer than ours.
bool Consensus::knows_more(LogPosition its_last_log) const {
  return last_position() < its_last_log;
}

/// Of two logs the one that ends in the later term is newer; of equal terms, the longer one (paper
/// §5.4.1). Ours ends with log or snapshot, whichever is later.
bool Consensus::has_newer_log_than(LogPosition last_log) const {
  if (mutant("logs compared by their length only")) return last_log.index < last_index();
  if (mutant("vote judged by the log of a moment ago")) {
    return last_log < LogPosition{.term = *term_at(commit_index_), .index = commit_index_};
  }
  return last_log < last_position();
}

/// One vote per term, first come, first served (paper §5.2). Whoever gives it away waits for the
/// candidate's heartbeat before it campaigns itself.
void Consensus::grant_vote(Instant now, const Sender& candidate) {
  if (!is_follower()) become_follower(now);  // we were asking for pre-votes
  hard_state_.vote = candidate;
  if (!mutant("vote not saved")) tickets_.save_hard_state();
  last_contact_ = now;
  rearm_election(now, options_.heartbeat_timeout);
}

void Consensus::reply(const Received<RequestVoteRequest>& received, RequestVoteReply reply) {
  answer(received.id, reply, reply.granted ? promise() : tickets_.newest_hard_state());
}

void Consensus::reply(const Received<RequestPreVoteRequest>& received, RequestPreVoteReply reply) {
  answer(received.id, reply, tickets_.newest_hard_state());
}

void Consensus::refuse(const Received<RequestVoteRequest>& received) {
  reply(received, {.term = term()});
}

void Consensus::refuse(const Received<RequestPreVoteRequest>& received) {
  reply(received, {.term = term()});
}

}  // namespace proa::core
