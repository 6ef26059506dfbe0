#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"
#include "proa/core/limits.hpp"

namespace proa::core {

/// A server without a vote would raise terms for nothing, but one whose removal is not committed
/// may be the only one with the newest log, and is needed until it is (thesis §4.2.2). One that
/// misses entries it acknowledged, or is about to replace its log, must not lead.
bool Consensus::may_campaign() const {
  const bool is_needed =
      has_vote(self()) || configurations_.committed().configuration.has_vote(self());
  return is_needed && !repairing() && !installing_ && next(term()) < kTermMax;
}

/// An election begins when a server has not heard from a leader for an election timeout (paper
/// §5.2), or when the attempt before has won no majority in time.
void Consensus::campaign(Instant now) {
  if (!may_campaign()) {
    become_follower(now);
    return rearm_election(now, options_.heartbeat_timeout);
  }
  if (options_.pre_vote && !mutant("no pre-vote")) return ask_for_pre_votes(now);
  ask_for_votes(now, false);
}

/// Would a majority vote for us? Without that our term stays, so a server that was cut off does not
/// unseat a leader when it comes back (thesis §9.6).
void Consensus::ask_for_pre_votes(Instant now) {
  const Candidate& candidate =
      role_.emplace<Candidate>(Candidate{.pre_vote = true, .term = next(term())});
  rearm_election(now, options_.election_timeout);
  const Sent what{.term = candidate.term, .kind = SentKind::vote};
  for (const Server& server : latest().servers) {
    if (server.suffrage != Suffrage::voter || server.id == self()) continue;
    send(server.id,
         RequestPreVoteRequest{
             .term = candidate.term, .candidate = options_.self, .last_log = last_position()},
         what);
  }
  if (has_won(candidate)) ask_for_votes(now, false);
}

/// To begin an election, a follower increments its term, votes for itself and asks the others
/// (paper §5.2). The requests wait until term and vote are durable: a candidate that crashed before
/// would campaign for the same term again, and be granted again.
void Consensus::ask_for_votes(Instant now, bool leadership_transfer) {
  leader_.reset();
  enter_term(next(term()), options_.self);
  role_ = Candidate{.term = term(), .own_vote = tickets_.newest_hard_state()};
  rearm_election(now, options_.election_timeout);
  for (const Server& server : latest().servers) {
    if (server.suffrage != Suffrage::voter || server.id == self()) continue;
    SendRequest request{.to = server.id,
                        .message = RequestVoteRequest{.term = term(),
                                                      .candidate = options_.self,
                                                      .last_log = last_position(),
                                                      .leadership_transfer = leadership_transfer},
                        .what = {.term = term(), .kind = SentKind::vote}};
    if (mutant("RequestVote sent before the own vote is saved")) {
      effects_.send_now.emplace_back(std::move(request));
    } else {
      deferred_.hold(tickets_.newest_hard_state(), std::move(request));
    }
  }
}

/// A candidate wins with the votes of a majority of the cluster (paper §5.2), its own among them
/// once that is durable.
bool Consensus::has_won(const Candidate& candidate) const {
  if (!candidate.pre_vote && !tickets_.has_persisted(candidate.own_vote)) return false;
  const auto granted = std::count_if(candidate.granted_by.begin(), candidate.granted_by.end(),
                                     [&](const ServerId& id) { return has_vote(id); });
  const std::size_t own = has_vote(self()) ? 1 : 0;
  return static_cast<std::size_t>(granted) + own >= latest().quorum();
}

void Consensus::on(Instant now, const Replied<RequestPreVoteReply>& replied) {
  const RequestPreVoteReply& reply = replied.message;
  // A refusal may carry the term we asked about; only one beyond it is somebody's own.
  if (replied.what.term < reply.term && is_newer(reply.term)) {
    return adopt_newer_term(now, reply.term);
  }
  Candidate* candidate = std::get_if<Candidate>(&role_);
  const bool answers_us =
      candidate != nullptr && candidate->pre_vote && candidate->term == replied.what.term;
  if (!answers_us || !reply.granted) return;
  candidate->count_vote_of(replied.from);
  if (has_won(*candidate)) ask_for_votes(now, false);
}

void Consensus::on(Instant now, const Replied<RequestVoteReply>& replied) {
  const RequestVoteReply& reply = replied.message;
  if (is_newer(reply.term)) return adopt_newer_term(now, reply.term);
  Candidate* candidate = std::get_if<Candidate>(&role_);
  const bool answers_us =
      candidate != nullptr && !candidate->pre_vote && candidate->term == replied.what.term;
  if (!answers_us || !reply.granted || reply.term != candidate->term) return;
  candidate->count_vote_of(replied.from);
  if (has_won(*candidate)) become_leader(now);
}

/// The leader wants us to lead: an election at once, without asking first (thesis §3.10). The model
/// obeys anybody; we obey the leader we follow, so that a message from long ago unseats nobody.
void Consensus::on(Instant now, const Received<TimeoutNowRequest>& received) {
  const Sender& sender = received.message.leader;
  const bool is_from_our_leader =
      leader_ &&
      (sender.id.value.empty() ? sender.address.value.empty() || sender.address == leader_->address
                               : sender.id == leader_->id);
  if (is_follower() && is_from_our_leader && may_campaign()) ask_for_votes(now, true);
  answer(received.id, TimeoutNowReply{}, tickets_.newest_hard_state());
}

/// Leaders begin with an entry of their own term: only that tells which entries are committed
/// (paper §8).
void Consensus::become_leader(Instant now) {
  PROA_ASSERT(hard_state_.voted_in(term()));
  role_ = Leader{.term = term(),
                 .first_index = next(last_index()),
                 .lease_check_at = now + options_.leader_lease_timeout};
  leader_ = options_.self;
  follow_configuration(now, *leading());
  if (mutant("new leader drops what is not committed") && commit_index_ < last_index()) {
    truncate_from(leading()->first_index = next(commit_index_));
  }
  if (!mutant("no entry of the leader's own term")) {
    append_own({.count = 1, .kind = EntryKind::noop});
  }
  tend_peers(now, *leading());
}

}  // namespace proa::core
