#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proa/testing/striking_machine.hpp"

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
};

/// Each class is on by itself in about a third of all seeds.
ClockFaultOptions draw_clock_faults(Choices& random);

/// How the clocks of `machines` machines run; empty in about half of all seeds: exactly.
std::vector<SimClock> draw_clocks(Choices& random, std::size_t machines);

struct ClockFaultCounters {
  std::array<std::uint64_t, kClockTroubles> made = {};  ///< by ClockTrouble
};

/// Makes timers late and sets wall clocks, at drawn times. Threads: one.
class ClockFaults final : public StrikingMachine {
 public:
  ClockFaults(SimCluster& cluster, const ClockFaultOptions& options, Choices choices);

  const ClockFaultCounters& counters() const { return counters_; }

 private:
  void strike_with(std::size_t trouble, bool may) override;
  void delay_timers(std::size_t server);
  void step_wall_clock(std::size_t server);
  void heal() override;

  ClockFaultCounters counters_;
};

}  // namespace proa::testing
