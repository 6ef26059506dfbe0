#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proa/base/time.hpp"

namespace proa::testing {

/// What runs this seed again in this program: its command line, behind the variable.
std::string replay_command(std::uint64_t seed);

/// The seed that PROA_SEED names; nothing if it is not set or no number.
std::optional<std::uint64_t> seed_to_replay();

/// Milliseconds, in a column.
std::string time_text(Duration elapsed);

}  // namespace proa::testing
