#include "tests/sim/clients.hpp"

#include <utility>

namespace proa::sim {
namespace {

constexpr std::uint32_t kClientTag = 0x3000000;

}  // namespace

Clients::Clients(testing::SimCluster& cluster, Oracle& oracle, LoadOptions options,
                 std::uint64_t seed)
    : cluster_(cluster), oracle_(oracle), options_(options), random_(seed) {
  clients_.resize(options_.clients);
}

void Clients::start() {
  for (std::size_t client = 0; client < clients_.size(); ++client) {
    clients_[client].believes = random_.below(cluster_.size());
    think_then_write(client);
  }
}

void Clients::think_then_write(std::size_t client) {
  const auto most = static_cast<std::uint64_t>(options_.think_max.count());
  const Duration pause{static_cast<std::int64_t>(random_.below(most + 1))};
  cluster_.scheduler().after(pause, kClientTag, [this, client] { next_round(client); });
}

void Clients::next_round(std::size_t client) {
  if (stopped_) return;
  const std::size_t count = 1 + random_.below(options_.burst);
  clients_[client].under_way = count;
  for (std::size_t i = 0; i < count; ++i)
    write(client);
}

void Clients::write(std::size_t client) {
  const std::size_t server = clients_[client].believes;
  Raft* raft = cluster_.raft(server);
  if (raft == nullptr) {
    clients_[client].believes = random_.below(cluster_.size());
    return release(client);
  }
  const AttemptId attempt = oracle_.new_attempt();
  open_.emplace(attempt.value, Open{.client = client, .server = server});
  const std::uint64_t incarnation = cluster_.incarnation(server);
  raft->apply(command_of(attempt, random_.below(options_.command_bytes_max + 1)))
      .then([this, attempt, server, incarnation](Result<Applied> result) {
        // What a crashed process says while it is taken apart, nobody hears.
        if (!cluster_.runs(server, incarnation) || !open_.contains(attempt.value)) return;
        done(attempt, std::move(result));
      });
  cluster_.scheduler().after(options_.patience, kClientTag, [this, attempt] { give_up(attempt); });
}

void Clients::done(AttemptId attempt, Result<Applied> result) {
  const Open open = open_.extract(attempt.value).mapped();
  if (result) {
    const auto* answer = std::any_cast<Appended>(&result->response);
    oracle_.acknowledged(attempt, result->index, answer == nullptr ? Appended{} : *answer);
  } else {
    oracle_.failed(attempt, result.error());
    const auto& leader = result.error().leader;
    const auto hint = leader ? cluster_.number_of(leader->id) : std::nullopt;
    clients_[open.client].believes = hint ? *hint : random_.below(cluster_.size());
  }
  if (open.waited_for) release(open.client);
}

void Clients::give_up(AttemptId attempt) {
  const auto found = open_.find(attempt.value);
  if (found == open_.end() || !std::exchange(found->second.waited_for, false)) return;
  clients_[found->second.client].believes = random_.below(cluster_.size());
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
    ++in_flight_at_crashes_;
    if (at->second.waited_for) waiting.push_back(at->second.client);
    at = open_.erase(at);
  }
  for (const std::size_t client : waiting) {
    clients_[client].believes = random_.below(cluster_.size());
    release(client);
  }
}

}  // namespace proa::sim
