#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace proa {

/// A span of time, in nanoseconds.
using Duration = std::chrono::nanoseconds;

/// A point on a monotonic clock of this process. Only differences mean something.
struct Instant {
  Duration since_start = {};

  friend auto operator<=>(const Instant&, const Instant&) = default;
  friend constexpr Instant operator+(Instant at, Duration by) { return {at.since_start + by}; }
  friend constexpr Instant operator-(Instant at, Duration by) { return {at.since_start - by}; }
  friend constexpr Duration operator-(Instant a, Instant b) {
    return a.since_start - b.since_start;
  }
  /// Never reached: what is due then is not due.
  static constexpr Instant never() { return {Duration::max()}; }
};

/// Calendar time with the zone it was told in, exactly what the wire and the log can hold
/// (reference §6.3). The default is the wire's zero time: year 1, explicit UTC. Used for
/// Entry::appended_at alone; no decision depends on it.
struct WallTime {
  static constexpr std::int64_t kZeroSeconds = -62135596800;
  static constexpr std::int32_t kExplicitUtc = INT32_MIN;

  std::int64_t unix_seconds = kZeroSeconds;
  std::uint32_t nanoseconds = 0;             ///< 0 .. 999,999,999
  std::int32_t zone_seconds = kExplicitUtc;  ///< east of Greenwich, or kExplicitUtc

  bool is_zero() const { return unix_seconds == kZeroSeconds && nanoseconds == 0; }
  friend bool operator==(const WallTime&, const WallTime&) = default;
};

/// In Go's form, as the model's error texts print durations: `500ms`, `1s`, `1m0.5s`.
std::string to_string(Duration duration);

}  // namespace proa
