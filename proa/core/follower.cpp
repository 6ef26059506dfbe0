#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"
#include "proa/core/limits.hpp"
#include "proa/core/request_check.hpp"

namespace proa::core {

/// AppendEntries, receiver's side (paper Figure 2, §5.3; reference §8.7, in its order).
void Consensus::on(Instant now, const Received<AppendEntriesInfo>& received) {
  const AppendEntriesInfo& request = received.message;
  if (const Result<void> checked = check(request); !checked) {
    report(Incident::Kind::malformed_request, request.leader, checked.error().detail);
    return refuse(received);
  }
  if (!accepts_leader(now, request.term, request.leader)) return refuse(received);
  if (request.heartbeat) return confirm_heartbeat(received);
  if (!agrees_at(request.prev_log)) return refuse(received, {.try_earlier = true});

  const LogIndex last_log_before = last_index();
  if (!append_received(received)) return refuse(received);
  learn_commit_index(request);
  acknowledge(received, last_log_before);
}

/// Whether a request that only leaders send comes from the one leader of our term, which we then
/// follow.
bool Consensus::accepts_leader(Instant now, Term its_term, const Sender& leader) {
  if (its_term < term() || its_term == Term{} || kTermMax <= its_term) return false;
  if (leader.id == self()) return false;  // our own, sent to an address that is also ours
  if (its_term > term()) adopt_newer_term(now, its_term);

  // At most one leader is elected in a term (paper §5.2). Two mean that a vote was lost or that
  // clusters are mixed up: whoever goes on loses data.
  const bool another_server_leads_in_our_term = leading() != nullptr;
  PROA_ASSERT(!another_server_leads_in_our_term);
  if (leader_ && !leader.id.value.empty() && leader_->id != leader.id &&
      !mutant("second leader of a term obeyed")) {
    report(Incident::Kind::second_leader, leader,
           leader.id.value + " claims to lead in term " + to_string(its_term) + " as " +
               leader_->id.value + " does; it is refused. Look for servers that lost their votes");
    return false;
  }
  if (!is_follower()) become_follower(now);
  leader_ = leader;
  last_contact_ = now;
  rearm_election(now, options_.heartbeat_timeout);
  return true;
}

/// The entry before the new ones is here (paper §5.3). What lies before the snapshot's end is
/// committed, so every leader has the same there.
bool Consensus::agrees_at(LogPosition previous_entry) const {
  return previous_entry.index == LogIndex{} || previous_entry.index < snapshot_.index ||
         log_.term_at(previous_entry.index) == previous_entry.term;
}

/// Keeps what is here already, cuts off what conflicts, appends the rest (paper §5.3). False: the
/// leader wants to replace committed entries.
bool Consensus::append_received(const Received<AppendEntriesInfo>& received) {
  const EntriesSummary& entries = received.message.entries;
  if (entries.entries.contains(snapshot_.index) &&
      term_of(entries, snapshot_.index) != snapshot_.term) {
    return contradicts_commit(received.message.term, received.message.leader, snapshot_.index);
  }
  const LogIndex from = std::max(entries.entries.first, log_.first_index());
  if (entries.entries.last < from) return true;  // none, or compacted long ago
  LogIndex fresh = log_.first_difference(entries, from);
  if (mutant("truncation of a matching entry")) fresh = std::max(from, next(commit_index_));
  if (entries.entries.last < fresh) {
    const LogIndex behind = next(std::max(entries.entries.last, commit_index_));
    if (mutant("tail behind a repeated append cut") && behind <= last_index())
      truncate_from(behind);
    return true;
  }

  const std::optional<Term> term_before = log_.term_at(previous(fresh));
  if (fresh <= commit_index_ || (term_before && term_of(entries, fresh) < *term_before)) {
    return contradicts_commit(received.message.term, received.message.leader, fresh);
  }
  if (fresh <= last_index()) truncate_from(fresh);
  log_.append(entries, fresh);
  for (const ConfigurationAt& at : entries.configurations) {
    if (fresh <= at.index) configurations_.append(at);  // in force from now on (paper §6)
  }
  tickets_.write_entries();
  effects_.appended.emplace_back(ReceivedEntries{
      .request = received.id, .entries = {.first = fresh, .last = entries.entries.last}});
  return true;
}

bool Consensus::contradicts_commit(Term its_term, const Sender& leader, LogIndex index) {
  report(Incident::Kind::commit_contradicted, leader,
         "a leader of term " + to_string(its_term) + " sends another entry for index " +
             to_string(index) + ", which is committed here up to " + to_string(commit_index_) +
             "; it is refused. A server of this cluster has lost or rolled back its disk");
  return false;
}

void Consensus::truncate_from(LogIndex index) {
  PROA_ASSERT(commit_index_ < index);
  log_.truncate_from(index);
  if (!mutant("configuration not rolled back")) configurations_.truncate_from(index);
  tickets_.truncate_from(index);
}

/// Never past the last entry that this request has verified: behind it there may be entries of
/// ours that the leader does not have. Never back.
void Consensus::learn_commit_index(const AppendEntriesInfo& request) {
  const IndexRange& entries = request.entries.entries;
  LogIndex verified = entries.empty() ? request.prev_log.index : entries.last;
  if (mutant("commit index taken past what the append covers")) verified = last_index();
  if (mutant("everything received in a catch-up committed") && entries.size() > 1) {
    return commit_up_to(verified);
  }
  commit_up_to(std::min(request.leader_commit, verified));
}

void Consensus::commit_up_to(LogIndex index) {
  if (index <= commit_index_) return;
  commit_index_ = index;
  configurations_.commit(index);
}

/// Says that everything up to the end of the request is durable here, so it waits for every write,
/// also when the entries came with an earlier request.
void Consensus::acknowledge(const Received<AppendEntriesInfo>& received, LogIndex last_log_before) {
  Ticket once_durable = promise();
  if (mutant("repeated append acknowledged while first write in flight") &&
      received.message.entries.entries.last <= last_log_before) {
    once_durable = tickets_.newest_hard_state();
  }
  answer(received.id,
         AppendEntriesReply{.term = term(), .last_log = last_log_before, .success = true},
         once_durable);
}

void Consensus::confirm_heartbeat(const Received<AppendEntriesInfo>& received) {
  answer(received.id, AppendEntriesReply{.term = term(), .last_log = last_index(), .success = true},
         tickets_.newest_hard_state());
}

void Consensus::refuse(const Received<AppendEntriesInfo>& received, Hint hint) {
  answer(received.id,
         AppendEntriesReply{
             .term = term(), .last_log = last_index(), .no_retry_backoff = hint.try_earlier},
         tickets_.newest_hard_state());
}

}  // namespace proa::core
