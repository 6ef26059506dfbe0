#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace proa::testing {

/// What a person asks for in the environment (Exploration, cluster.hpp).
struct Wishes {
  std::optional<std::uint64_t> seed = {};  ///< this one alone
  std::size_t shrink_attempts = 0;
  std::string tape = {};  ///< a file; empty: none
  bool trace = false;     ///< every message too
};
Wishes wishes();

/// What runs a seed again in this program: its command line, behind the variable.
std::string replay_command(std::uint64_t seed);
std::string replay_command(const std::string& tape);

}  // namespace proa::testing
