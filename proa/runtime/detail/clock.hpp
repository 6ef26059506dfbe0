#pragma once

#include <cstdint>

#include "proa/base/time.hpp"

namespace proa::detail {

/// CLOCK_BOOTTIME: it goes on while the machine sleeps, so a leader that wakes up knows that its
/// time is over.
Instant boot_time();
/// CLOCK_MONOTONIC, for how long a piece of work took.
Duration monotonic_time();
WallTime wall_time();
/// From the system's random source.
std::uint64_t system_seed();

}  // namespace proa::detail
