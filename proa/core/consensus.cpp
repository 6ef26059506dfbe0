#include "proa/core/consensus.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"

namespace proa::core {

Options options_of(const Config& config, const ServerAddress& address, std::uint64_t seed) {
  return {
      .self = {.id = config.local_id, .address = address},
      .heartbeat_timeout = config.heartbeat_timeout,
      .election_timeout = config.election_timeout,
      .commit_timeout = config.commit_timeout,
      .leader_lease_timeout = config.leader_lease_timeout,
      .append_entries_max = config.append_entries_max,
      .trailing_logs = config.trailing_logs,
      .pre_vote = !config.pre_vote_disabled,
      .vote_before_configuration = config.vote_before_configuration,
      .shutdown_on_remove = config.shutdown_on_remove,
      .seed = seed,
  };
}

Consensus::Consensus(Instant now, Options options, const Restored& restored)
    : options_(std::move(options)),
      random_(options_.seed),
      hard_state_(restored.hard_state),
      log_(restored.log.log),
      configurations_(restored.snapshot ? restored.snapshot->configuration : ConfigurationAt{}),
      tickets_(log_.last_index()) {
  PROA_ASSERT(check(restored).has_value());
  now_ = now;
  restore(restored);
  rearm_election(now, options_.heartbeat_timeout);
  check_invariants();
}

void Consensus::step(Instant now, const Input& input) {
  now_ = now;
  std::visit([&](const auto& fact) { on(now, fact); }, input);
  check_invariants();
}

Effects Consensus::take_effects() {
  if (Leader* leader = leading()) {
    start_read_round(now_, *leader);
    send_entries(*leader);
    take_leave(*leader);
  }
  effects_.write = tickets_.take(hard_state_, last_index());
  if (effects_.write) effects_.write->commit_hint = commit_index_;
  effects_.apply = take_applicable();
  return std::exchange(effects_, {});
}

/// Committed and durable here, and not handed out before. Nothing while a snapshot replaces the
/// state machine's state: an older entry would be applied on top of it.
std::optional<IndexRange> Consensus::take_applicable() {
  if (installing_ && !mutant("entries applied while a snapshot is installed")) return std::nullopt;
  IndexRange range{.first = next(handed_out_), .last = std::min(commit_index_, durable_index())};
  if (mutant("applied before it is durable")) range.last = commit_index_;
  if (range.empty()) return std::nullopt;
  handed_out_ = range.last;
  return range;
}

Instant Consensus::deadline() const {
  const Leader* leader = leading();
  if (leader == nullptr) return election_deadline_;
  Instant earliest = leader->lease_check_at;
  for (const Progress& peer : leader->peers) {
    earliest = std::min({earliest, peer.heartbeat_at, peer.idle_append_at});
    if (peer.rests_until) earliest = std::min(earliest, *peer.rests_until);
  }
  if (leader->transfer) earliest = std::min(earliest, leader->transfer->deadline);
  return earliest;
}

View Consensus::view() const {
  View view;
  refresh(view);
  return view;
}

void Consensus::refresh(View& view) const {
  view.role = leading() != nullptr                       ? Role::leader
              : std::holds_alternative<Candidate>(role_) ? Role::candidate
                                                         : Role::follower;
  view.term = term();
  view.leader = leader_;
  view.last_log = last_position();
  view.commit_index = commit_index_;
  view.durable_index = durable_index();
  view.snapshot = snapshot_;
  view.last_contact = last_contact_;
  if (view.configurations_revision == configurations_.revision()) return;
  view.configurations_revision = configurations_.revision();
  view.latest_configuration = configurations_.latest();
  view.committed_configuration = configurations_.committed();
}

void Consensus::reload(Instant now, const ReloadableConfig& config) {
  options_.trailing_logs = config.trailing_logs;
  options_.heartbeat_timeout = config.heartbeat_timeout;
  options_.election_timeout = config.election_timeout;
  // A shorter timeout counts from now on, a longer one from the next contact.
  const Instant before = election_deadline_;
  rearm_election(now, is_follower() ? config.heartbeat_timeout : config.election_timeout);
  election_deadline_ = std::min(election_deadline_, before);
}

void Consensus::on(Instant now, const DeadlineReached&) {
  if (Leader* leader = leading()) {
    tend_peers(now, *leader);
    check_transfer(now, *leader);
    return check_quorum(now, *leader);
  }
  if (now < election_deadline_) return;
  leader_.reset();  // not heard of for too long, so nobody's vote is refused for its sake
  campaign(now);
}

/// The one place where something becomes true because it is durable.
void Consensus::on(Instant now, const Persisted& persisted) {
  tickets_.persist(persisted.up_to);
  lift_repair_floor();
  deferred_.release(tickets_.persisted(), effects_.send_now);
  const Candidate* candidate = std::get_if<Candidate>(&role_);
  if (candidate != nullptr && has_won(*candidate)) return become_leader(now);
  advance_commit(now);
}

void Consensus::on(Instant, const AppliedUpTo& applied) {
  PROA_ASSERT(applied.index <= handed_out_);
}

/// Every new term begins here. What was promised in the old one and is not sent yet never will be.
void Consensus::enter_term(Term entered, std::optional<Sender> vote) {
  PROA_ASSERT(term() < entered);
  hard_state_.term = entered;
  hard_state_.vote = std::move(vote);
  const Ticket saved = tickets_.save_hard_state();
  deferred_.drop_requests();
  deferred_.refuse_replies(entered, saved);
}

/// If one server's term is smaller than the other's, it updates its own and is a follower (paper
/// §5.1). Its election deadline stays: a candidate that cannot win must not hold up one that can.
void Consensus::adopt_newer_term(Instant now, Term newer) {
  if (!leads() || !mutant("leader that hears of a newer term leads on in it")) become_follower(now);
  enter_term(newer, std::nullopt);
}

void Consensus::become_follower(Instant now) {
  leader_.reset();
  if (is_follower()) return;
  if (mutant("vote forgotten on stepping down")) {
    hard_state_.vote.reset();
    tickets_.save_hard_state();
  }
  if (Leader* leader = leading()) {
    if (mutant("commit index moved on stepping down")) commit_up_to(durable_index());
    last_contact_ = now;
    give_up(*leader);
  }
  deferred_.drop_requests();
  role_ = Follower{};
  rearm_election(now, options_.heartbeat_timeout);
}

/// Everything that waits for this leadership ends with it.
void Consensus::give_up(Leader& leader) {
  effects_.lost_leadership = true;
  const Error lost{.code = Errc::leadership_lost,
                   .outcome = Outcome::not_executed,
                   .detail = "this server has ceased to lead before that could be done"};
  for (const Reads::Waiting& read : leader.reads.waiting())
    fail_proposal(read.id, 1, lost);
  for (const ChangeRequested& change : leader.waiting_changes)
    fail_proposal(change.id, 1, lost);
  if (leader.restoring) fail_proposal(leader.restoring->id, 1, lost);
  end_transfer(leader, std::nullopt);
}

/// Uniform in [T, 2T) (paper §5.2), anew at each contact.
void Consensus::rearm_election(Instant now, Duration timeout) {
  election_deadline_ = now + random_.timeout(timeout);
}

void Consensus::send(const PeerId& to, Request message, Sent what) {
  effects_.send_now.emplace_back(
      SendRequest{.to = to, .message = std::move(message), .what = what});
}

void Consensus::answer(RequestId to, Reply reply, Ticket once_durable) {
  Answer answer{.to = to, .reply = std::move(reply)};
  if (!tickets_.has_persisted(once_durable)) return deferred_.hold(once_durable, std::move(answer));
  effects_.send_now.emplace_back(std::move(answer));
}

void Consensus::report(Incident::Kind kind, const Sender& peer, std::string detail) {
  effects_.incidents.push_back({.kind = kind, .peer = peer.id, .detail = std::move(detail)});
}

}  // namespace proa::core
