#include <algorithm>
#include <utility>

#include "proa/testing/invariants.hpp"

namespace proa::testing {
namespace {

Term term_of(const Reply& reply) {
  struct Visitor {
    Term operator()(const AppendEntriesReply& r) const { return r.term; }
    Term operator()(const RequestVoteReply& r) const { return r.term; }
    /// Names the term that was asked about, which nobody has entered yet (reference §8.7).
    Term operator()(const RequestPreVoteReply&) const { return {}; }
    Term operator()(const InstallSnapshotReply& r) const { return r.term; }
    Term operator()(const TimeoutNowReply&) const { return {}; }
  };
  return std::visit(Visitor{}, reply);
}

std::string text_of(const HardState& state) {
  return "term " + to_string(state.term) + ", vote for " +
         (state.vote ? state.vote->id.value : std::string("nobody"));
}

}  // namespace

void Invariants::sends(std::size_t server, const Request& request) {
  ++counters_.messages_checked;
  ServerShadow& from = shadows_[server];
  check_may_speak(from);
  if (const auto* append = std::get_if<AppendEntriesRequest>(&request)) {
    sends_append(from, *append);
  } else if (const auto* vote = std::get_if<RequestVoteRequest>(&request)) {
    sends_vote_request(from, *vote);
  }
}

void Invariants::check_may_speak(const ServerShadow& at) {
  if (!at.found_rot) return;
  violated("corruption is never silent: " + at.id.value + " has found rot on its disk, and speaks");
}

void Invariants::sends_append(ServerShadow& from, const AppendEntriesRequest& request) {
  leads(from, request.term);
  if (request.heartbeat) return;
  if (!request.entries.empty()) entries_seen(from, request.entries, request.prev_log.term);
  commit_advances(from, request.leader_commit, "says to others");
}

// Election safety (paper §5.2): whoever sends an append leads in its term, and nobody else does.
void Invariants::leads(ServerShadow& leader, Term term) {
  const auto number = static_cast<std::size_t>(&leader - shadows_.data());
  const auto [known, is_new] =
      leaders_.try_emplace(term, Leader{.server = number, .id = leader.id});
  if (known->second.id != leader.id) {
    return violated("election safety: " + leader.id.value + " and " + known->second.id.value +
                    " lead in term " + to_string(term));
  }
  if (!is_new) return;
  ++counters_.elections;
  count_leader(leader, term);
  leader.led = std::max(leader.led, term);
  if (leader.hard_state.term != term || !leader.hard_state.vote ||
      leader.hard_state.vote->id != leader.id) {
    violated("persist before speak: " + leader.id.value + " leads in term " + to_string(term) +
             ", durable is " + text_of(leader.hard_state));
  }
  // Leader completeness (paper §5.4). With log matching the last such entry stands for all.
  const LogIndex last = committed_before(term);
  const EntryFacts* committed_entry = committed(last);
  if (committed_entry == nullptr) return;
  const EntryFacts* held = leader.log.find(last);
  if (last < leader.log.first() || (held != nullptr && *held == *committed_entry)) return;
  if (restoring_) {
    ++counters_.restores_lost;
    return;
  }
  violated("leader completeness: " + leader.id.value + " leads in term " + to_string(term) +
           " without the committed entry " +
           to_string(LogPosition{.term = committed_entry->term, .index = last}));
}

/// The last entry that was committed by the leader of an earlier term.
LogIndex Invariants::committed_before(Term term) const {
  LogIndex last = last_committed();
  while (last != LogIndex{} && committed_in_[last.value - 1] >= term)
    last = previous(last);
  return last;
}

// A candidate that crashes must not campaign in the same term again (design.md §4).
void Invariants::sends_vote_request(ServerShadow& from, const RequestVoteRequest& request) {
  const Term before = std::exchange(from.asked_for_votes_in, request.term);
  if (before != Term{} && before != request.term) {
    coverage_.happened(Sometimes::candidate_tried_again);
  }
  const HardState& durable = from.hard_state;
  if (durable.term == request.term && durable.vote && durable.vote->id == from.id) return;
  violated("persist before speak: " + from.id.value + " asks for votes in term " +
           to_string(request.term) + ", durable is " + text_of(durable));
}

void Invariants::answers(std::size_t server, const Request& request, const Reply& reply) {
  ++counters_.messages_checked;
  ServerShadow& from = shadows_[server];
  check_may_speak(from);
  if (term_of(reply) > from.hard_state.term) {
    violated("persist before speak: " + from.id.value + " answers in term " +
             to_string(term_of(reply)) + ", durable is " + text_of(from.hard_state));
  }
  if (const auto* append = std::get_if<AppendEntriesReply>(&reply)) {
    const auto* asked = std::get_if<AppendEntriesRequest>(&request);
    if (asked != nullptr && append->success && !asked->heartbeat) confirms(from, *asked);
  } else if (const auto* vote = std::get_if<RequestVoteReply>(&reply)) {
    const auto* asked = std::get_if<RequestVoteRequest>(&request);
    if (asked != nullptr && vote->granted) grants(from, *asked, vote->term);
  }
}

bool Invariants::holds(const ServerShadow& at, LogPosition position) const {
  if (position.index < at.log.first()) return true;  // compacted: committed
  return at.log.term_at(position.index) == position.term;
}

void Invariants::confirms(ServerShadow& from, const AppendEntriesRequest& request) {
  LogPosition last = request.prev_log;
  if (!request.entries.empty()) {
    last = {.term = request.entries.back().term, .index = request.entries.last_index()};
  }
  if (!holds(from, last)) {
    violated("persist before speak: " + from.id.value + " confirms " + to_string(last) +
             " in term " + to_string(request.term) + ", its durable log ends at " +
             to_string(from.log.last()));
  }
  if (request.term < from.acknowledged_in) return;
  if (request.term > from.acknowledged_in) from.acknowledged = {};
  from.acknowledged_in = request.term;
  from.acknowledged = std::max(from.acknowledged, last.index);
}

void Invariants::grants(const ServerShadow& from, const RequestVoteRequest& request,
                        Term reply_term) {
  const HardState& durable = from.hard_state;
  if (reply_term == request.term && durable.term == request.term &&
      durable.vote == std::optional{request.candidate}) {
    return;
  }
  violated("persist before speak: " + from.id.value + " grants its vote of term " +
           to_string(request.term) + " to " + request.candidate.id.value +
           " in an answer of term " + to_string(reply_term) + ", durable is " + text_of(durable));
}

/// What `at` means by an index that it is the first to call committed.
std::optional<EntryFacts> Invariants::facts_at(const ServerShadow& at, LogIndex index) const {
  if (const EntryFacts* durable = at.log.find(index)) return *durable;
  // A leader may commit what its followers have made durable before it has itself.
  if (index.value >= seen_.size()) return std::nullopt;
  for (const Seen& seen : seen_[index.value]) {
    if (seen.facts.term == at.led) return seen.facts;
  }
  return std::nullopt;
}

void Invariants::seen(std::size_t server, const Stand& stand) {
  ServerShadow& by = shadows_[server];
  const bool is_new = !std::exchange(by.runs, true);
  const bool led = std::exchange(by.leading, stand.leads);
  by.candidate = stand.asks_for_votes;
  if (!stand.asks_for_votes) by.asked_for_votes_in = {};
  if (is_new) by.catches_up_to = last_committed();
  by.adopted = stand.snapshot;
  const auto note = [](Configuration& known, const Configuration* now) {
    if (now == nullptr || known == *now) return false;
    known = *now;
    return true;
  };
  const bool has_changed = note(by.latest, stand.latest);
  if (stand.leads && stand.committed != nullptr) count_members(by.committed, *stand.committed);
  const bool has_committed = note(by.committed, stand.committed);
  if (has_changed || has_committed) by.changing = by.latest != by.committed;
  if (led && !stand.leads) count_step_down(by, stand.term);
  if (stand.leads) leads(by, stand.term);
  if (is_new || has_changed) check_configurations_meet(by);
  check_order(by, stand);
  if (stand.commit < by.commit) {
    violated("the commit index only grows: " + by.id.value + " was at " + to_string(by.commit) +
             " and shows " + to_string(stand.commit));
  }
  commit_advances(by, stand.commit, "shows");
}

// State machine safety (paper §5.4.3): the entry at an index is committed once and for all.
void Invariants::commit_advances(ServerShadow& by, LogIndex to, const char* how) {
  if (to <= by.commit) return;
  ++counters_.commits_checked;
  by.commit = to;
  const LogIndex known = last_committed();
  while (last_committed() < to) {
    const LogIndex index = next(last_committed());
    const auto facts = facts_at(by, index);
    if (!facts) {
      return violated("commit: " + by.id.value + " " + how + " commit index " + to_string(to) +
                      ", nobody knows its " + to_string(index));
    }
    committed_.push_back(*facts);
    if (facts->kind == EntryKind::configuration) committed_configurations_.push_back(index);
  }
  if (to > known) committed_in_.resize(to.value, committed(to)->term);
  if (to > known && by.leading) {
    if (by.log.last() < to) coverage_.happened(Sometimes::committed_before_own_sync);
    if (committed(next(known))->term != committed(to)->term) {
      coverage_.happened(Sometimes::older_term_committed_along);
    }
  }
  if (to > known) return check_quorum(by, to, how);
  // What a follower is about to replace is in its durable log still; a leader replaces nothing.
  const EntryFacts* held = by.leading ? by.log.find(to) : nullptr;
  if (held == nullptr || *held == *committed(to)) return;
  violated("state machine safety: " + by.id.value + " " + how + " " + to_string(to) +
           " as committed, it has term " + to_string(held->term) + " there, committed is term " +
           to_string(committed(to)->term));
}

// Paper §5.4.2: only an entry of the leader's own term commits by being counted; and what counts
// is what is durable.
void Invariants::check_quorum(const ServerShadow& by, LogIndex index, const char* how) {
  const EntryFacts& facts = *committed(index);
  const LogPosition position{.term = facts.term, .index = index};
  if (restoring_ && restoring_->index < index) restoring_.reset();  // a majority has it
  // What has committed the last change may have begun the next one, in the same step.
  if (!majority_holds(by.latest, position) && !majority_holds(by.committed, position)) {
    violated("commit without a quorum: " + by.id.value + " commits " + to_string(position) +
             ", which no majority of the voters of " + to_string(by.latest) + " holds durably");
  }
  if (by.leading && facts.term != by.led) {
    violated("commit of an entry of an older term: " + by.id.value + " leads in term " +
             to_string(by.led) + " and " + how + " " + to_string(position) + " as committed");
  }
  check_who_could_lead();
}

bool Invariants::majority_holds(const Configuration& configuration, LogPosition position) const {
  const auto counts = [&](const ServerShadow& shadow) {
    return configuration.has_vote(shadow.id) && holds(shadow, position);
  };
  const auto holders = std::count_if(shadows_.begin(), shadows_.end(), counts) +
                       std::count_if(lost_.begin(), lost_.end(), counts);
  return static_cast<std::size_t>(holders) >= configuration.quorum();
}

void Invariants::runs_up_to(std::size_t server, LogIndex last) {
  ServerShadow& at = shadows_[server];
  if (last <= at.run) {
    violated("each entry once, in order: " + at.id.value + " runs up to " + to_string(last) +
             " after " + to_string(at.run));
  }
  at.run = last;
}

void Invariants::applies(std::size_t server, const Committed& entry) {
  ++counters_.applies_checked;
  const LogIndex index = entry.index;
  ServerShadow& at = shadows_[server];
  if (at.runs && index > at.commit) {
    violated("order: " + at.id.value + " applies " + to_string(index) + ", committed is " +
             to_string(at.commit));
  }
  if (index > at.commit) commit_advances(at, index, "applies");
  if (index <= at.applied) {
    violated("each entry once, in order: " + at.id.value + " applies " + to_string(index) +
             " after " + to_string(at.applied));
  }
  if (at.log.find(index) == nullptr && index >= at.log.first()) {
    violated("apply: " + at.id.value + " applies " + to_string(index) +
             ", its durable log ends at " + to_string(at.log.last()));
  }
  for (LogIndex i = next(at.applied); i < index; i = next(i)) {
    const EntryFacts* skipped = committed(i);
    if (skipped == nullptr || skipped->kind != EntryKind::command) continue;
    violated("each entry once, in order: " + at.id.value + " applies " + to_string(index) +
             " without " + to_string(i));
  }
  at.applied = index;
  const Entry applied{.index = index,
                      .term = entry.term,
                      .kind = EntryKind::command,
                      .data = entry.command,
                      .extensions = entry.extensions};
  const EntryFacts* expected = committed(index);
  if (expected != nullptr && facts_of(applied) == *expected) return;
  violated("state machine safety: " + at.id.value + " applies something else at " +
           to_string(index) + " than what is committed there");
}

}  // namespace proa::testing
