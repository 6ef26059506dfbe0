#include "proa/testing/clocks.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kClocksTag = 0x9000000;
constexpr Duration kLateForMax = 4s;
constexpr Duration kAheadMax = 24h;

/// From 0 on: 0, 1, -1, 2, -2 and so on, so that what is calm is small.
std::int64_t both_ways(std::uint64_t value) {
  const auto half = static_cast<std::int64_t>((value + 1) / 2);
  return value % 2 == 1 ? half : -half;
}

}  // namespace

const char* name_of(ClockTrouble trouble) {
  static constexpr auto kNames =
      std::to_array<const char*>({"no trouble", "late timers", "wall clock step"});
  static_assert(kNames.size() == kClockTroubles);
  return kNames[static_cast<std::size_t>(trouble)];
}

ClockFaultOptions draw_clock_faults(Choices& random) {
  random.begin("classes");
  ClockFaultOptions options;
  for (std::size_t trouble = 1; trouble < kClockTroubles; ++trouble)
    options.weights[trouble] = random.percent(35) ? 1 : 0;
  options.pause_max = Duration{3s} * static_cast<int>(4 - random.below(3));
  return options;
}

/// A crystal is some dozen millionths off; a machine under a hypervisor can be anything.
std::vector<SimClock> draw_clocks(Choices& random, std::size_t machines) {
  random.begin("rates");
  const bool is_on = random.percent(50);
  const std::uint64_t most_ppm =
      std::array<std::uint64_t, 3>{200, 20'000, 200'000}[random.below(3)];
  std::vector<SimClock> clocks;
  for (std::size_t machine = 0; machine < machines; ++machine) {
    const std::int64_t fast_ppm = both_ways(random.below(2 * most_ppm + 1));
    const Duration ahead = random.up_to(kAheadMax);
    clocks.push_back({.fast_ppm = fast_ppm, .ahead = ahead});
  }
  return is_on ? clocks : std::vector<SimClock>{};
}

ClockFaults::ClockFaults(SimCluster& cluster, const ClockFaultOptions& options, Choices choices)
    : StrikingMachine(
          cluster, {.weights = options.weights, .pause_max = options.pause_max, .tag = kClocksTag},
          std::move(choices)) {}

void ClockFaults::strike_with(std::size_t which, bool may) {
  const std::size_t server = any_server();
  if (!may) return;
  const auto trouble = static_cast<ClockTrouble>(which);
  announce(server, name_of(trouble));
  ++counters_.made[which];
  trouble == ClockTrouble::late_timers ? delay_timers(server) : step_wall_clock(server);
}

void ClockFaults::delay_timers(std::size_t server) {
  const Duration late = std::array<Duration, 3>{5ms, 50ms, 500ms}[random_.below(3)];
  const Duration lasts = random_.up_to(kLateForMax);
  cluster_.set_timers_late(server, late);
  cluster_.scheduler().after(lasts, kClocksTag,
                             [this, server] { cluster_.set_timers_late(server, {}); });
}

void ClockFaults::step_wall_clock(std::size_t server) {
  const Duration unit = std::array<Duration, 4>{1ms, 1s, 1h, 24h}[random_.below(4)];
  const std::int64_t units = both_ways(random_.below(1000));
  cluster_.step_wall_clock(server, unit * units);
}

void ClockFaults::heal() {
  for (std::size_t server = 0; server < cluster_.size(); ++server)
    cluster_.set_timers_late(server, {});
}

}  // namespace proa::testing
