#include "proa/testing/clients.hpp"

#include <utility>

namespace proa::testing {
namespace {

constexpr std::uint32_t kClientTag = 0x3000000;

}  // namespace

Clients::Clients(SimCluster& cluster, Requests& requests, LoadOptions options, Choices choices)
    : cluster_(cluster), requests_(requests), options_(options), random_(std::move(choices)) {
  clients_.resize(options_.clients);
}

void Clients::start() {
  for (std::size_t client = 0; client < clients_.size(); ++client) {
    clients_[client].believes = any_server();
    think_then_write(client);
  }
}

void Clients::think_then_write(std::size_t client) {
  random_.begin("think");
  const Duration pause = random_.down_from(options_.think_max);
  cluster_.scheduler().after(pause, kClientTag, [this, client] { next_round(client); });
}

std::size_t Clients::any_server() {
  random_.begin("turn");
  return random_.below(cluster_.size());
}

void Clients::next_round(std::size_t client) {
  if (stopped_) return;
  random_.begin("round");
  const std::size_t count = 1 + random_.below(options_.burst);
  clients_[client].under_way = count;
  for (std::size_t i = 0; i < count; ++i) {
    random_.resume("round");
    random_.percent(options_.read_percent) ? read(client) : write(client);
  }
}

/// nullptr: it is down, and the client will try another one.
Raft* Clients::believed_leader(std::size_t client) {
  Raft* raft = cluster_.raft(clients_[client].believes);
  if (raft != nullptr) return raft;
  clients_[client].believes = any_server();
  release(client);
  return nullptr;
}

AttemptId Clients::open(std::size_t client, bool is_read) {
  const std::size_t server = clients_[client].believes;
  const AttemptId attempt = requests_.new_attempt();
  open_.emplace(attempt.value, Open{.client = client,
                                    .server = server,
                                    .incarnation = cluster_.incarnation(server),
                                    .is_read = is_read});
  cluster_.scheduler().after(options_.patience, kClientTag, [this, attempt] { give_up(attempt); });
  return attempt;
}

bool Clients::hears(AttemptId attempt) const {
  const auto found = open_.find(attempt.value);
  return found != open_.end() && cluster_.runs(found->second.server, found->second.incarnation);
}

void Clients::write(std::size_t client) {
  Raft* raft = believed_leader(client);
  if (raft == nullptr) return;
  give(open(client, false), *raft);
}

void Clients::give(AttemptId attempt, Raft& raft) {
  raft.apply(requests_.command(attempt, random_)).then([this, attempt](Result<Applied> result) {
    if (hears(attempt)) written(attempt, std::move(result));
  });
}

void Clients::flood(std::size_t server, std::size_t writes) {
  Raft* raft = cluster_.raft(server);
  random_.begin("flood");
  for (; raft != nullptr && writes > 0; --writes) {
    random_.resume("flood");
    const AttemptId attempt = requests_.new_attempt();
    open_.emplace(
        attempt.value,
        Open{.server = server, .incarnation = cluster_.incarnation(server), .waited_for = false});
    give(attempt, *raft);
  }
}

void Clients::read(std::size_t client) {
  Raft* raft = believed_leader(client);
  if (raft == nullptr) return;
  Fsm& fsm = *cluster_.fsm(clients_[client].believes);
  const AttemptId attempt = open(client, true);
  requests_.read(*raft, fsm)
      .then([this, attempt, known = requests_.known_by_now()](Result<Seen> result) {
        if (hears(attempt)) has_read(attempt, known, std::move(result));
      });
}

void Clients::written(AttemptId attempt, Result<Applied> result) {
  const Open open = open_.extract(attempt.value).mapped();
  if (result) {
    if (Journal* journal = cluster_.invariants().journal()) {
      journal->add(Happening::user, open.server,
                   "write " + std::to_string(attempt.value) + " is acknowledged at " +
                       to_string(result->index));
    }
    requests_.acknowledged(attempt, *result);
  } else {
    requests_.failed(attempt, result.error());
    count_failed_write(result.error());
    if (result.error().code == Errc::busy) ++writes_refused_as_busy_;
    if (open.waited_for) ask_elsewhere(open.client, result.error());
  }
  if (open.waited_for) release(open.client);
}

void Clients::has_read(AttemptId attempt, std::uint64_t known_before, Result<Seen> result) {
  const Open open = open_.extract(attempt.value).mapped();
  if (result) {
    requests_.has_read(known_before, *result);
    ++reads_;
    if (std::exchange(read_at_, open.server) != open.server) ++reads_after_leader_change_;
  } else {
    count_failed_read(result.error());
    ask_elsewhere(open.client, result.error());
  }
  if (open.waited_for) release(open.client);
}

void Clients::count_failed_write(const Error& error) {
  Coverage& coverage = cluster_.invariants().coverage();
  if (error.outcome == Outcome::unknown) coverage.happened(Sometimes::write_outcome_unknown);
  if (error.code == Errc::busy) coverage.happened(Sometimes::write_refused_as_busy);
  if (error.code == Errc::not_leader) coverage.happened(Sometimes::write_refused_by_follower);
  if (error.code == Errc::leadership_transfer_in_progress) {
    coverage.happened(Sometimes::write_refused_in_transfer);
  }
  if (error.code == Errc::aborted_by_restore) {
    coverage.happened(Sometimes::write_aborted_by_restore);
  }
}

void Clients::count_failed_read(const Error& error) {
  Coverage& coverage = cluster_.invariants().coverage();
  if (error.code == Errc::not_leader) coverage.happened(Sometimes::read_refused_by_follower);
  if (error.code == Errc::leadership_lost) coverage.happened(Sometimes::read_lost_leadership);
}

void Clients::ask_elsewhere(std::size_t client, const Error& error) {
  const auto hint = error.leader ? cluster_.number_of(error.leader->id) : std::nullopt;
  clients_[client].believes = hint ? *hint : any_server();
}

void Clients::give_up(AttemptId attempt) {
  const auto found = open_.find(attempt.value);
  if (found == open_.end() || !std::exchange(found->second.waited_for, false)) return;
  clients_[found->second.client].believes = any_server();
  release(found->second.client);
}

void Clients::release(std::size_t client) {
  if (--clients_[client].under_way == 0) think_then_write(client);
}

void Clients::server_crashed(std::size_t server) {
  std::vector<std::size_t> waiting;
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->second.server != server) {
      ++at;
      continue;
    }
    if (!at->second.is_read) ++in_flight_at_crashes_;
    if (at->second.waited_for) waiting.push_back(at->second.client);
    at = open_.erase(at);
  }
  for (const std::size_t client : waiting) {
    clients_[client].believes = any_server();
    release(client);
  }
}

}  // namespace proa::testing
