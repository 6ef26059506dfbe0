#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proa/testing/fault_machine.hpp"
#include "proa/testing/sim_cluster.hpp"

namespace proa::testing {

enum class ClockTrouble : std::uint8_t {
  none,         ///< the calmest, so it is the first
  late_timers,  ///< a process hears of its timers late, for a while
  wall_step,    ///< a wall clock is set, forwards or back
};
inline constexpr std::size_t kClockTroubles = 3;
const char* name_of(ClockTrouble trouble);

struct ClockFaultOptions {
  std::array<std::uint64_t, kClockTroubles> weights = {};  ///< by ClockTrouble; 0: never
  Duration pause_max = std::chrono::seconds{5};            ///< between two
  bool any() const;
};

/// Each class is on by itself in about a third of all seeds.
ClockFaultOptions draw_clock_faults(Choices& random);

/// How the clocks of `machines` machines run; empty in about half of all seeds: exactly.
std::vector<SimClock> draw_clocks(Choices& random, std::size_t machines);

struct ClockFaultCounters {
  std::array<std::uint64_t, kClockTroubles> made = {};  ///< by ClockTrouble
};

/// Makes timers late and sets wall clocks, at drawn times. Threads: one.
class ClockFaults final : public FaultMachine {
 public:
  ClockFaults(SimCluster& cluster, ClockFaultOptions options, Choices choices)
      : cluster_(cluster), options_(options), random_(std::move(choices)) {}

  void start() override;
  void stop() override;
  void truce_until(Instant until) override;
  const ClockFaultCounters& counters() const { return counters_; }

 private:
  void strike_later();
  void strike();
  void delay_timers(std::size_t server);
  void step_wall_clock(std::size_t server);
  void heal();
  bool is_calm() const { return stopped_ || cluster_.scheduler().now() < calm_until_; }

  SimCluster& cluster_;
  ClockFaultOptions options_;
  Choices random_;
  ClockFaultCounters counters_;
  Instant calm_until_ = {};
  bool stopped_ = false;
};

}  // namespace proa::testing
