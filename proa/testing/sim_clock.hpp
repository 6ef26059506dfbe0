#pragma once

#include <cstdint>

#include "proa/base/time.hpp"

namespace proa::testing {

/// The clocks of one machine, beside the time of the simulation. The monotonic one may begin
/// anywhere and run faster or slower, and never steps; the wall clock does.
struct SimClock {
  std::int64_t fast_ppm = 0;  ///< so many millionths faster; below 0: slower
  Duration ahead = {};        ///< of the monotonic clock, when the simulation begins
  Duration wall_ahead = {};   ///< of the wall clock, in addition

  bool is_exact() const { return fast_ppm == 0 && ahead == Duration{}; }
  /// What the monotonic clock shows at a time of the simulation.
  Instant shown_at(Instant time) const {
    if (is_exact()) return time;
    return {ahead + scaled(time.since_start, kMillion + fast_ppm, kMillion)};
  }
  /// The first time at which it shows this or more.
  Instant time_of(Instant shown) const {
    if (is_exact() || shown == Instant::never()) return shown;
    const Duration run = shown.since_start - ahead;
    Instant time{scaled(run, kMillion, kMillion + fast_ppm)};
    while (shown_at(time) < shown)
      time = time + Duration{1};
    return time;
  }

 private:
  static constexpr std::int64_t kMillion = 1'000'000;

  /// Without an overflow, for any span of a simulation.
  static Duration scaled(Duration span, std::int64_t by, std::int64_t of) {
    const std::int64_t whole = span.count() / of;
    const std::int64_t rest = span.count() % of;
    return Duration{whole * by + rest * by / of};
  }
};

}  // namespace proa::testing
