#include "proa/runtime/detail/clock.hpp"

#include <sys/random.h>

#include <ctime>

#include "proa/base/assert.hpp"

namespace proa::detail {
namespace {

timespec read_clock(clockid_t clock) {
  timespec time = {};
  PROA_ASSERT(::clock_gettime(clock, &time) == 0);
  return time;
}

Duration as_duration(const timespec& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

Instant boot_time() {
#ifdef CLOCK_BOOTTIME
  return {as_duration(read_clock(CLOCK_BOOTTIME))};
#else
  return {as_duration(read_clock(CLOCK_MONOTONIC))};
#endif
}

Duration monotonic_time() { return as_duration(read_clock(CLOCK_MONOTONIC)); }

WallTime wall_time() {
  const timespec time = read_clock(CLOCK_REALTIME);
  return {.unix_seconds = time.tv_sec, .nanoseconds = static_cast<std::uint32_t>(time.tv_nsec)};
}

std::uint64_t system_seed() {
  std::uint64_t seed = 0;
  PROA_ASSERT(::getentropy(&seed, sizeof seed) == 0);
  return seed;
}

}  // namespace proa::detail
