#include "proa/testing/meddler.hpp"

#include <utility>

#include "proa/testing/link_cuts.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMeddlerTag = 0xA000000;
constexpr Duration kCutOffMax = 1s;
constexpr Duration kInstallMax = 20ms;  ///< within which a snapshot is likely being installed

}  // namespace

const char* name_of(Meddling meddling) {
  static constexpr auto kNames = std::to_array<const char*>(
      {"no meddling", "transfer to a lagging server", "transfer to a removed server",
       "transfer to a nonvoter", "transfer to a server cut off", "snapshot asked for",
       "snapshot asked for in an install"});
  static_assert(kNames.size() == kMeddlings);
  return kNames[static_cast<std::size_t>(meddling)];
}

MeddlerOptions draw_meddling(Choices& random) {
  random.begin("classes");
  MeddlerOptions options;
  draw_weights(random, options.weights, 65, 50);
  options.pause_max = Duration{4s} * static_cast<int>(4 - random.below(3));
  return options;
}

Meddler::Meddler(SimCluster& cluster, const MeddlerOptions& options, Choices choices)
    : StrikingMachine(
          cluster, {.weights = options.weights, .pause_max = options.pause_max, .tag = kMeddlerTag},
          std::move(choices)) {}

/// It is told once somebody is asked.
void Meddler::strike_with(std::size_t which, bool may) {
  if (!may) return;
  const auto meddling = static_cast<Meddling>(which);
  random_.note(name_of(meddling));
  make(meddling);
}

void Meddler::make(Meddling meddling) {
  switch (meddling) {
    case Meddling::none:
      return;
    case Meddling::transfer_to_lagging:
    case Meddling::transfer_to_removed:
    case Meddling::transfer_to_nonvoter:
    case Meddling::transfer_cut_off:
      if (const auto leader = cluster_.leader()) transfer(meddling, *leader);
      return;
    case Meddling::snapshot:
      return snapshot(meddling, any_server());
    case Meddling::snapshot_while_install:
      waits_for_install_ = true;
      return;
  }
}

void Meddler::transfer(Meddling meddling, std::size_t leader) {
  const auto to = target(meddling, leader);
  if (!to) return;
  if (const auto server = cluster_.number_of(*to); server && meddling == Meddling::transfer_cut_off)
    cut_off(leader, *server);
  follow(meddling, leader, cluster_.raft(leader)->leadership_transfer(to));
}

/// Nothing: nobody is like that now.
std::optional<ServerId> Meddler::target(Meddling meddling, std::size_t leader) {
  const ServerShadow& leads = cluster_.invariants().shadow(leader);
  if (meddling == Meddling::transfer_to_lagging) return last_of_the_voters(leads);
  const std::size_t first = any_server();
  for (std::size_t step = 0; step < cluster_.size(); ++step) {
    const std::size_t server = (first + step) % cluster_.size();
    const ServerId& id = cluster_.server(server).id;
    const bool is_member = leads.latest.is_member(id);
    const bool has_vote = leads.latest.has_vote(id);
    if (meddling == Meddling::transfer_to_removed && !is_member) return id;
    if (meddling == Meddling::transfer_to_nonvoter && is_member && !has_vote) return id;
    if (meddling == Meddling::transfer_cut_off && has_vote && server != leader) return id;
  }
  if (meddling == Meddling::transfer_to_removed) return ServerId{"nobody"};
  return std::nullopt;
}

std::optional<ServerId> Meddler::last_of_the_voters(const ServerShadow& leads) const {
  std::optional<ServerId> last;
  LogIndex least = leads.log.last();
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    const ServerShadow& shadow = cluster_.invariants().shadow(server);
    if (!leads.latest.has_vote(shadow.id) || shadow.log.last() >= least) continue;
    least = shadow.log.last();
    last = shadow.id;
  }
  return last;
}

void Meddler::cut_off(std::size_t leader, std::size_t target) {
  const bool hears_not = random_.percent(60);
  const bool is_not_heard = !hears_not || random_.percent(50);
  const auto mode = static_cast<CutMode>(random_.below(4));
  const Duration lasts = random_.up_to(kCutOffMax);
  const ServerAddress from = cluster_.server(leader).address;
  const ServerAddress to = cluster_.server(target).address;
  if (hears_not) cluster_.links().block(from, to, mode);
  if (is_not_heard) cluster_.links().block(to, from, mode);
  cluster_.scheduler().after(lasts, kMeddlerTag, [this, from, to] {
    cluster_.links().unblock(from, to);
    cluster_.links().unblock(to, from);
  });
}

void Meddler::snapshot(Meddling meddling, std::size_t server) {
  if (Raft* raft = cluster_.raft(server)) follow(meddling, server, raft->snapshot());
}

void Meddler::server_installs(std::size_t server) {
  if (is_calm() || !std::exchange(waits_for_install_, false)) return;
  random_.begin("install");
  const Duration later = random_.up_to(kInstallMax);
  cluster_.scheduler().after(
      later, kMeddlerTag, [this, server] { snapshot(Meddling::snapshot_while_install, server); });
}

template <class T>
void Meddler::follow(Meddling meddling, std::size_t at, Future<T> future) {
  cluster_.tell(Happening::fault, at, name_of(meddling));
  ++counters_.made[static_cast<std::size_t>(meddling)];
  const std::uint64_t order = ++asked_;
  open_.emplace(order, at);
  const std::uint64_t incarnation = cluster_.incarnation(at);
  std::move(future).then([this, order, at, incarnation](Result<T> result) {
    if (!cluster_.runs(at, incarnation)) return;  // nobody hears what a crashed process says
    open_.erase(order);
    ++(result ? counters_.succeeded : counters_.refused);
  });
}

void Meddler::server_crashed(std::size_t server) {
  std::erase_if(open_, [&](const auto& order) { return order.second == server; });
}

}  // namespace proa::testing
