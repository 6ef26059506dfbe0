#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"
#include "proa/core/request_check.hpp"

namespace proa::core {

/// A snapshot of our own state machine is stored; what it covers may go from the log (paper §7).
void Consensus::on(Instant, const SnapshotTaken& taken) {
  const LogPosition last = taken.snapshot.last;
  if (last.index <= snapshot_.index && !mutant("older snapshot taken for the newest"))
    return;  // one that was installed meanwhile reaches further
  PROA_ASSERT(last.index <= handed_out_);
  PROA_ASSERT(log_.term_at(last.index) == last.term);
  snapshot_ = last;
  compact();
}

/// Keeps the trailing entries: a follower that is a little behind needs no snapshot for them
/// (reference §8.15). The removal overtakes the writes that wait, so it takes nothing that is still
/// among them: an installed snapshot may cover entries that are on their way to the disk.
void Consensus::compact() {
  if (last_index().value <= options_.trailing_logs) return;
  const LogIndex last_removed =
      std::min({snapshot_.index, LogIndex{last_index().value - options_.trailing_logs},
                tickets_.durable_index()});
  if (last_removed < log_.first_index()) return;
  log_.compact(last_removed);
  effects_.compact = last_removed;
}

/// InstallSnapshot, receiver's side (paper Figure 13; reference §8.16). The state arrives as a
/// stream that the driver stores and restores; meanwhile nothing is applied, and we do not
/// campaign.
void Consensus::on(Instant now, const Received<InstallSnapshotRequest>& received) {
  const InstallSnapshotRequest& request = received.message;
  if (const Result<void> checked = check(request); !checked) {
    report(Incident::Kind::malformed_request, request.leader, checked.error().detail);
    return reply(received, {.term = term()});
  }
  if (std::holds_alternative<Candidate>(role_) && request.term == term() &&
      mutant("candidate refuses snapshots")) {
    return reply(received, {.term = term()});
  }
  if (!accepts_leader(now, request.term, request.leader)) return reply(received, {.term = term()});

  const LogPosition last = request.snapshot.last;
  if (log_.term_at(last.index) == last.term) commit_up_to(last.index);  // then it is here already
  if (last.index <= commit_index_ && !mutant("snapshot of what is applied installed")) {
    const std::optional<Term> ours = log_.term_at(last.index);
    const bool differs = ours && *ours != last.term;
    if (differs) contradicts_commit(request.term, request.leader, last.index);
    return reply(received, {.term = term(), .success = !differs});
  }
  if (installing_ && !mutant("snapshot taken up while another is installed"))
    return reply(received, {.term = term()});  // one at a time; it will be sent again

  installing_ = Installing{.request = received.id, .term = term(), .snapshot = request.snapshot};
  effects_.install = received.id;
}

void Consensus::on(Instant now, const SnapshotInstalled& installed) {
  PROA_ASSERT(installing_.has_value());
  PROA_ASSERT(installing_->request == installed.id);
  const Installing done = *std::exchange(installing_, std::nullopt);
  if (!installed.error) {
    take_over(done.snapshot);
    last_contact_ = now;
    rearm_election(now, options_.heartbeat_timeout);
  }
  const bool is_for_our_leader = done.term == term();
  reply({.id = done.request, .message = {}},
        {.term = term(), .success = !installed.error && is_for_our_leader});
}

/// The state machine has the snapshot's state. A log that holds its last entry goes on from there;
/// any other is discarded whole, since it may conflict (paper Figure 13, 6 and 7).
void Consensus::take_over(const SnapshotMeta& snapshot) {
  const LogPosition last = snapshot.last;
  const bool is_behind = last.index <= snapshot_.index;
  PROA_ASSERT(!is_behind);
  PROA_ASSERT(leading() == nullptr);
  snapshot_ = last;
  handed_out_ = last.index;
  const bool keeps_log = log_.term_at(last.index) == last.term ||
                         (mutant("install keeps a conflicting tail") && last.index <= last_index());
  if (keeps_log) {
    configurations_.install(snapshot.configuration, last.index);
    commit_up_to(last.index);  // never back: more may be committed by now
    configurations_.commit(commit_index_);
    if (mutant("snapshot's commit moved back")) commit_index_ = last.index;
    return compact();
  }
  const bool committed_entries_contradict_the_snapshot = last.index <= commit_index_;
  PROA_ASSERT(!committed_entries_contradict_the_snapshot);
  restart_log(snapshot);
  commit_index_ = last.index;
}

void Consensus::restart_log(const SnapshotMeta& snapshot) {
  log_ = TermIndex{snapshot.last};
  if (!mutant("configuration that a snapshot supersedes kept")) {
    configurations_.restart(snapshot.configuration);
  }
  tickets_.restart_after(snapshot.last);
  effects_.appended.emplace_back(LogRestarted{.after = snapshot.last});
}

void Consensus::reply(const Received<InstallSnapshotRequest>& received,
                      InstallSnapshotReply reply) {
  answer(received.id, reply, reply.success ? promise() : tickets_.newest_hard_state());
}

/// The peer has the snapshot, or not; what follows it in the log comes next.
void Consensus::on(Instant now, const Replied<InstallSnapshotReply>& replied) {
  const InstallSnapshotReply& reply = replied.message;
  if (is_newer(reply.term)) return adopt_newer_term(now, reply.term);
  Progress* peer = progress_of(replied.from, replied.what.generation);
  if (peer == nullptr || replied.what.term != leading()->term) return;
  if (reply.term != replied.what.term) return;

  hear_from(now, *peer, replied.what);
  if (!reply.success) {
    peer->start_over(Progress::Mode::probe, next(peer->match_index), fresh_generation());
    return let_rest(now, *peer);
  }
  PROA_ASSERT(replied.what.last <= last_index());
  peer->match_index = std::max(peer->match_index, replied.what.last);
  peer->start_over(Progress::Mode::probe, next(peer->match_index), fresh_generation());
  peer->succeed();
  advance_commit(now);
}

}  // namespace proa::core
