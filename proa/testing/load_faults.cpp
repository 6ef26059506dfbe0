#include "proa/testing/load_faults.hpp"

#include <algorithm>
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

bool LoadFaultOptions::any() const {
  return std::any_of(weights.begin(), weights.end(),
                     [](std::uint64_t weight) { return weight > 0; });
}

LoadFaultOptions draw_load_faults(Choices& random) {
  random.begin("classes");
  LoadFaultOptions options;
  const bool is_on = random.percent(65);
  for (std::size_t trouble = 1; trouble < kLoadTroubles; ++trouble) {
    const bool is_in = random.percent(50);
    options.weights[trouble] = (1 + random.below(4)) * (is_on && is_in ? 1 : 0);
  }
  options.pause_max = Duration{4s} * static_cast<int>(4 - random.below(3));
  return options;
}

std::size_t draw_inbox(Choices& random, std::size_t otherwise) {
  random.begin("inbox");
  const bool is_small = random.percent(35);
  const std::size_t requests = std::array<std::size_t, 3>{64, 16, 3}[random.below(3)];
  return is_small ? requests : otherwise;
}

void LoadFaults::start() {
  if (options_.any()) strike_later();
}

void LoadFaults::strike_later() {
  random_.begin("strike");
  const Duration pause = random_.down_from(options_.pause_max);
  cluster_.scheduler().after(pause, kLoadFaultsTag, [this] { strike(); });
}

void LoadFaults::strike() {
  if (stopped_) return;
  random_.resume("strike");
  const auto trouble = static_cast<LoadTrouble>(random_.weighted(options_.weights));
  const std::size_t drawn = random_.below(cluster_.size());
  const bool at_leader = random_.percent(60);
  const std::size_t server = at_leader ? cluster_.leader().value_or(drawn) : drawn;
  if (!is_calm() && trouble != LoadTrouble::none && cluster_.raft(server) != nullptr) {
    random_.note(name_of(trouble));
    cluster_.tell(Happening::fault, server, name_of(trouble));
    ++counters_.made[static_cast<std::size_t>(trouble)];
    make(trouble, server);
  }
  strike_later();
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

void LoadFaults::stop() {
  stopped_ = true;
  heal();
}

void LoadFaults::truce_until(Instant until) {
  calm_until_ = until;
  if (is_calm()) heal();
}

}  // namespace proa::testing
