#pragma once

#include <string>

#include "proa/base/result.hpp"
#include "proa/testing/play.hpp"
#include "tests/sim/campaign.hpp"

namespace proa::sim {

using testing::load_tape;
using testing::save_text;

/// Runs a seed again in a process of its own, and records every decision up to what broke.
testing::Played record(std::uint64_t seed);
/// Plays a tape in a process of its own: an assertion that fails is a violation like others.
testing::Played play(std::uint64_t seed, const testing::Tape& tape,
                     const testing::PlayLimits& limits);

}  // namespace proa::sim
