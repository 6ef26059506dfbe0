#include "proa/testing/load_faults.hpp"

#include <utility>

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kLoadFaultsTag = 0xB000000;
constexpr std::uint64_t kBurstMax = 400;
constexpr std::size_t kOversizedMax = 4 << 20;  ///< larger ones would cost more than they show
constexpr Duration kSlowForMax = 3s;

}  // namespace

const char* name_of(LoadTrouble trouble) {
  static constexpr auto kNames = std::to_array<const char*>(
      {"no trouble", "burst of writes", "oversized command", "slow apply", "slow snapshots"});
  static_assert(kNames.size() == kLoadTroubles);
  return kNames[static_cast<std::size_t>(trouble)];
}

LoadFaultOptions draw_load_faults(Choices& random) {
  random.begin("classes");
  LoadFaultOptions options;
  draw_weights(random, options.weights, 65, 50);
  options.pause_max = Duration{4s} * static_cast<int>(4 - random.below(3));
  return options;
}

std::size_t draw_inbox(Choices& random, std::size_t otherwise) {
  random.begin("inbox");
  const bool is_small = random.percent(35);
  const std::size_t requests = std::array<std::size_t, 3>{64, 16, 3}[random.below(3)];
  return is_small ? requests : otherwise;
}

LoadFaults::LoadFaults(SimCluster& cluster, const LoadFaultOptions& options, Work work,
                       Choices choices)
    : StrikingMachine(
          cluster,
          {.weights = options.weights, .pause_max = options.pause_max, .tag = kLoadFaultsTag},
          std::move(choices)),
      work_(std::move(work)) {}

void LoadFaults::strike_with(std::size_t which, bool may) {
  const auto trouble = static_cast<LoadTrouble>(which);
  const std::size_t drawn = any_server();
  const bool at_leader = random_.percent(60);
  const std::size_t server = at_leader ? cluster_.leader().value_or(drawn) : drawn;
  if (!may || cluster_.raft(server) == nullptr) return;
  announce(server, name_of(trouble));
  ++counters_.made[which];
  make(trouble, server);
}

void LoadFaults::make(LoadTrouble trouble, std::size_t server) {
  switch (trouble) {
    case LoadTrouble::none:
      return;
    case LoadTrouble::burst:
      return work_.flood(server, 1 + random_.below(kBurstMax));
    case LoadTrouble::oversized:
      return send_oversized(server);
    case LoadTrouble::slow_apply:
      return slow_down(server, Lane::fsm);
    case LoadTrouble::slow_snapshots:
      return slow_down(server, Lane::snapshot);
  }
}

/// By a leader and by a follower alike, and before it costs anything.
void LoadFaults::send_oversized(std::size_t server) {
  if (work_.command_bytes_max > kOversizedMax) return;
  const std::vector<std::byte> bytes(work_.command_bytes_max + 1);
  cluster_.raft(server)
      ->apply(SharedBytes::copy_of(bytes))
      .then([this, server, process = cluster_.incarnation(server)](Result<Applied> result) {
        if (!cluster_.runs(server, process)) return;  // nobody hears it
        if (!result && result.error().code == Errc::command_too_large &&
            result.error().outcome == Outcome::not_executed) {
          ++counters_.oversized_refused;
          return;
        }
        cluster_.invariants().violated(
            "oversized commands are refused: " + cluster_.server(server).id.value + " says " +
            (result ? "ok" : to_string(result.error())));
      });
}

void LoadFaults::slow_down(std::size_t server, Lane lane) {
  const Duration most = std::array<Duration, 3>{20ms, 100ms, 500ms}[random_.below(3)];
  const Duration lasts = random_.up_to(kSlowForMax);
  cluster_.set_lane_slow(server, lane, most);
  cluster_.scheduler().after(lasts, kLoadFaultsTag,
                             [this, server, lane] { cluster_.set_lane_slow(server, lane, {}); });
}

void LoadFaults::heal() {
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    cluster_.set_lane_slow(server, Lane::fsm, {});
    cluster_.set_lane_slow(server, Lane::snapshot, {});
  }
}

}  // namespace proa::testing
