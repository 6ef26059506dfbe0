#pragma once

#include <cstdint>

#include "proa/base/assert.hpp"
#include "proa/base/time.hpp"

namespace proa {

/// A small generator with a 64-bit state (SplitMix64): the same seed gives the same numbers on
/// every machine. Not for secrets. Threads: one at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31);
  }

  /// Uniform in [0, limit); the bias of the multiplication is below 2^-32 for limits below 2^32.
  std::uint64_t below(std::uint64_t limit) {
    PROA_ASSERT(limit > 0);
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * limit) >> 64);
  }

  /// Uniform in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    PROA_ASSERT(low <= high);
    if (high - low == UINT64_MAX) return next();
    return low + below(high - low + 1);
  }

  /// Uniform in [base, 2 * base), the model's randomised timeout.
  Duration timeout(Duration base) {
    if (base.count() <= 0) return base;
    return base +
           Duration{static_cast<std::int64_t>(below(static_cast<std::uint64_t>(base.count())))};
  }

  /// True in `percent` of 100 cases.
  bool percent(std::uint64_t percent) { return below(100) < percent; }

  /// A generator of its own for a part, so that the parts do not disturb each other's numbers.
  Random split() { return Random{next()}; }

 private:
  std::uint64_t state_;
};

}  // namespace proa
