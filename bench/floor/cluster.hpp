#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/floor/system.hpp"

/// Bare write path: a leader and two followers, three processes on loopback, one event-loop thread
/// each. The leader sends a round to both, writes and syncs it itself, and has committed when its
/// own sync and one acknowledgement are there. A follower writes and syncs what is there, once, and
/// acknowledges the last round of it.
namespace proa::bench {

constexpr std::size_t kCommandBytes = 256;
constexpr std::size_t kFollowers = 2;

/// In front of every message to a follower.
struct Header {
  enum class Kind : std::uint32_t { round, report, stop };
  Kind kind = Kind::round;
  std::uint32_t bytes = 0;  ///< behind the header
  std::uint64_t round = 0;
};

/// From a follower: the last round on its disk, and for a report also what it has used.
struct Acknowledgement {
  std::uint64_t round = 0;
  std::uint64_t is_report = 0;
  Usage usage = {};
};

/// What one number of commands per round gave.
struct RoundResult {
  std::size_t commands = 0;
  Spread round = {};
  double commits_per_second = 0;  ///< bound: commands / p50
  double leader_switches = 0;     ///< voluntary, per round
  double follower_switches = 0;   ///< mean of the two
  double leader_syncs = 0;
  double follower_syncs = 0;
  double leader_cpu_us = 0;       ///< per round
  double cpu_us_per_command = 0;  ///< of the three processes
};

[[noreturn]] void run_follower(Fd leader, const std::string& path);

/// Starts the followers, measures, stops them.
std::vector<RoundResult> measure_rounds(const std::string& directory,
                                        const std::vector<std::size_t>& commands_per_round,
                                        std::size_t rounds);

}  // namespace proa::bench
