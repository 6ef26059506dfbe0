#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/core/consensus.hpp"
#include "proa/core/limits.hpp"

namespace proa::core {

/// One Progress for each other server of the latest configuration, whatever its suffrage. A removed
/// one stays, without a vote, until its removal is committed, so that it hears of it.
void Consensus::follow_configuration(Instant now, Leader& leader) {
  std::vector<Progress> peers;
  for (const Server& server : latest().servers) {
    if (server.id == self()) continue;
    Progress* known = leader.find(server.id);
    const bool leaves = known != nullptr && known->leaves_at &&
                        !mutant("server that comes back taken for the one that left");
    if (known == nullptr || leaves) {
      peers.push_back(begin_progress(now, server));
      continue;
    }
    known->server = server;
    peers.push_back(*known);
  }
  for (Progress& peer : leader.peers) {
    if (latest().is_member(peer.server.id)) continue;
    if (!peer.leaves_at) peer.leaves_at = configurations_.latest().index;
    peers.push_back(peer);
  }
  leader.peers = std::move(peers);
}

Progress Consensus::begin_progress(Instant now, const Server& server) {
  return {.server = server,
          .generation = fresh_generation(),
          .next_index = next(last_index()),
          .last_contact = now,
          .heartbeat_at = now,
          .idle_append_at = now + random_.timeout(options_.commit_timeout)};
}

/// What is due to peers by time alone.
void Consensus::tend_peers(Instant now, Leader& leader) {
  for (Progress& peer : leader.peers) {
    if (peer.heartbeat_at <= now) beat(now, leader, peer);
    if (peer.idle_append_at <= now) {
      peer.idle_append_due = true;  // keeps the commit index moving; heartbeats carry none
      peer.idle_append_at = now + random_.timeout(options_.commit_timeout);
    }
    if (peer.rests_until && *peer.rests_until <= now) peer.rests_until.reset();
  }
}

/// Heartbeats have a channel of their own, so that no entries and no snapshot delay them (paper
/// §5.2; reference §8.9).
void Consensus::beat(Instant now, Leader& leader, Progress& peer) {
  send(peer.server.id,
       AppendEntriesRequest{.term = leader.term, .leader = options_.self, .heartbeat = true},
       {.term = leader.term, .round = leader.reads.carry(), .kind = SentKind::heartbeat});
  peer.heartbeat_at = now + random_.timeout(options_.heartbeat_timeout / 10);
}

bool Consensus::has_entries_for(const Progress& peer) const {
  return log_.first_index() <= peer.next_index &&
         log_.term_at(previous(peer.next_index)).has_value();
}

/// Everything that may leave now. The driver sends as much of it as fits and says so; until then
/// the peer gets nothing more.
void Consensus::send_entries(Leader& leader) {
  for (Progress& peer : leader.peers) {
    if (!peer.may_send()) continue;
    if (peer.mode != Progress::Mode::snapshot && !has_entries_for(peer)) {
      peer.start_over(Progress::Mode::snapshot, peer.next_index, fresh_generation());
    }
    if (peer.mode == Progress::Mode::snapshot) {
      peer.is_in_flight = true;
      effects_.snapshots_now.push_back({.to = peer.server.id,
                                        .term = leader.term,
                                        .generation = peer.generation,
                                        .end_min = previous(log_.first_index())});
      continue;
    }
    const bool has_news = peer.next_index <= last_index() || peer.idle_append_due;
    if (peer.mode == Progress::Mode::pipeline && !has_news) continue;
    peer.waits_for_driver = true;
    effects_.entries_now.push_back(next_append(leader, peer));
  }
}

SendEntries Consensus::next_append(Leader& leader, const Progress& peer) const {
  const LogIndex before = previous(peer.next_index);
  SendEntries append{
      .to = peer.server.id,
      .term = leader.term,
      .prev = {.term = *log_.term_at(before), .index = before},
      .entries = {.first = peer.next_index, .last = last_index()},
      .commit = commit_index_,
      .generation = peer.generation,
      .round = leader.reads.carry(),
  };
  // A probe may be refused, so it is one request and no more.
  if (peer.mode == Progress::Mode::probe) {
    append.entries.last = std::min(append.entries.last, before + options_.append_entries_max);
  }
  return append;
}

Progress* Consensus::progress_of(const PeerId& id, Generation generation) {
  Leader* leader = leading();
  Progress* peer = leader == nullptr ? nullptr : leader->find(id);
  return peer != nullptr && peer->generation == generation ? peer : nullptr;
}

void Consensus::on(Instant now, const EntriesSent& sent) {
  Progress* peer = progress_of(sent.to, sent.generation);
  if (peer == nullptr) return;
  PROA_ASSERT(previous(peer->next_index) <= sent.last);
  PROA_ASSERT(sent.last <= last_index());
  peer->next_index = next(sent.last);
  peer->waits_for_driver = false;
  peer->is_in_flight = peer->mode == Progress::Mode::probe;
  peer->idle_append_due = false;
  peer->idle_append_at = now + random_.timeout(options_.commit_timeout);
}

void Consensus::on(Instant, const PeerWritable& writable) {
  if (Progress* peer = progress_of(writable.to, writable.generation)) {
    peer->waits_for_driver = false;
  }
}

void Consensus::on(Instant, const EntriesUnavailable& unavailable) {
  Progress* peer = progress_of(unavailable.to, unavailable.generation);
  if (peer == nullptr) return;
  peer->start_over(Progress::Mode::snapshot, peer->next_index, fresh_generation());
}

/// The connection is gone with all that was on it. Sends again from the oldest request that has no
/// answer, after a rest.
void Consensus::on(Instant now, const RequestFailed& failed) {
  Leader* leader = leading();
  if (leader == nullptr || failed.what.term != leader->term) return;
  if (failed.what.kind == SentKind::heartbeat) {
    if (Progress* peer = leader->find(failed.to)) peer->is_unreachable = true;
  }
  if (failed.what.kind == SentKind::timeout_now) transfer_request_failed(now, *leader, failed.to);
  if (failed.what.kind != SentKind::append) return;
  Progress* peer = progress_of(failed.to, failed.what.generation);
  if (peer == nullptr) return;
  const LogIndex from = std::max(peer->match_index, failed.what.prev.index);
  peer->start_over(Progress::Mode::probe, next(from), fresh_generation());
  let_rest(now, *peer);
}

void Consensus::let_rest(Instant now, Progress& peer) {
  const unsigned doublings = std::min(peer.failures, kBackoffDoublingsMax);
  const Duration pause = random_.timeout(options_.heartbeat_timeout / 10) * (1U << doublings);
  ++peer.failures;
  peer.rests_until = now + std::min(pause, options_.heartbeat_timeout);
}

void Consensus::on(Instant now, const Replied<AppendEntriesReply>& replied) {
  const AppendEntriesReply& reply = replied.message;
  if (is_newer(reply.term)) return adopt_newer_term(now, reply.term);
  Leader* leader = leading();
  if (leader == nullptr || replied.what.term != leader->term) return;
  if (reply.term != leader->term) return;  // does not follow us
  Progress* peer = leader->find(replied.from);
  if (peer == nullptr) return;

  hear_from(now, *peer, replied.what);
  if (replied.what.kind == SentKind::append && replied.what.generation == peer->generation) {
    reply.success ? accepted(now, *peer, replied.what.last) : rejected(now, *peer, replied);
  }
}

/// Any reply of our term shows that the peer lives and takes us for the leader.
void Consensus::hear_from(Instant now, Progress& peer, const Sent& what) {
  peer.last_contact = last_contact_.emplace(now);
  peer.acknowledged_round = std::max(peer.acknowledged_round, what.round);
  if (peer.is_unreachable) {
    peer.is_unreachable = false;
    peer.rests_until.reset();  // it is back: why wait longer
    peer.failures = 0;
  }
  confirm_reads();
}

void Consensus::accepted(Instant now, Progress& peer, LogIndex last) {
  PROA_ASSERT(last <= last_index());
  peer.match_index = std::max(peer.match_index, last);
  peer.next_index = std::max(peer.next_index, next(peer.match_index));
  peer.mode = Progress::Mode::pipeline;
  peer.is_in_flight = false;
  peer.succeed();
  ask_target(now);
  advance_commit(now);
}

void Consensus::rejected(Instant now, Progress& peer, const Replied<AppendEntriesReply>& replied) {
  const AppendEntriesReply& reply = replied.message;
  const bool had_searched_all = peer.steps_one_by_one;
  const LogIndex before = step_back(peer, replied.what.prev.index, reply.last_log);
  peer.start_over(Progress::Mode::probe, next(before), fresh_generation());
  const bool begins_again = replied.what.prev.index <= before && had_searched_all;
  if (begins_again || !reply.no_retry_backoff) let_rest(now, peer);
}

/// Where to try next after `rejected` was refused as the previous entry: one whole term of our log
/// earlier, or at the end of a log that is shorter (paper §5.3, "If desired, the protocol can be
/// optimized").
LogIndex Consensus::step_back(Progress& peer, LogIndex rejected, LogIndex last_log) {
  const LogIndex matched = peer.match_index;
  const LogIndex end_of_both = std::min(last_log, last_index());
  if (mutant("lost log of a peer not noticed") && last_log < matched) return matched;
  if (last_log < matched || (rejected == last_log && rejected == matched && matched > LogIndex{})) {
    peer.match_index = {};
    report(Incident::Kind::peer_lost_log, {.id = peer.server.id, .address = peer.server.address},
           peer.server.id.value + " had acknowledged the log up to " + to_string(matched) +
               " and now ends at " + to_string(last_log) +
               ": it has lost its disk, or part of it. It is filled again, but a vote it gave "
               "before may be forgotten");
    return std::min(end_of_both, previous(rejected));
  }
  if (rejected <= matched) {  // it has compacted that away: look for the end of its log from above
    peer.steps_one_by_one = true;
    return end_of_both;
  }
  if (last_log < rejected) return last_log;
  const bool by_term = !peer.steps_one_by_one && log_.first_index() <= rejected;
  return std::max(matched, previous(by_term ? log_.start_of_term(rejected) : rejected));
}

}  // namespace proa::core
