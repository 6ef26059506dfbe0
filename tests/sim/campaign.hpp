#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proa/testing/world.hpp"
#include "tests/sim/restorer.hpp"

namespace proa::sim {

/// Everything that a seed decides before the first event.
struct Plan : testing::World {
  RestorerOptions restores = {};
  std::size_t command_bytes_max = 256;
  std::size_t ballast_bytes = 0;  ///< in each snapshot
  Duration at_least = std::chrono::seconds{80};
  std::uint64_t writes_at_least = 500;  ///< as long as at_most allows; a tenth of them must be
  Duration quiet_at_most = std::chrono::seconds{420};  ///< for what a campaign must have seen
  Duration at_most = std::chrono::seconds{600};
};

Plan draw_plan(std::uint64_t seed, testing::TapeDeck* deck);

/// How a seed is run.
struct RunOptions {
  std::uint64_t seed = 0;
  std::optional<Plan> plan = {};          ///< instead of the one that the seed draws
  testing::Journal* journal = nullptr;    ///< is told every event
  testing::TapeDeck* deck = nullptr;      ///< records or plays the decisions
  Duration stop_after = Duration::max();  ///< simulated; then nothing has been found
  std::uint64_t events_max = UINT64_MAX;  ///< likewise
};

/// What happened in one seed.
struct SeedReport {
  std::uint64_t seed = 0;
  std::optional<std::string> violation = {};
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
  Duration simulated = {};
  std::uint64_t crashes_under_fire = 0;  ///< before everything was healed
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t outcome_unknown = 0;
  std::uint64_t writes_in_flight_at_crash = 0;
  std::uint64_t reads = 0;
  std::uint64_t reads_after_leader_change = 0;
  testing::OperatorCounters orders = {};
  RestorerCounters restores = {};
  testing::ClusterCounters cluster = {};
  testing::CheckCounters checks = {};
  testing::NetworkCounters network = {};
  std::uint64_t replies_lost = 0;  ///< while their requests arrived
  std::uint64_t drifting_clocks = 0;
  std::uint64_t refused_as_busy = 0;  ///< writes, by a full inbox or in a restore
  testing::FaultCounters faults = {};
  testing::DiskFaultCounters disks = {};
  testing::CoverageCounts coverage = {};
};

/// Runs a seed to its end: load and faults, then healing, then the checks of what must be so when
/// all is quiet.
SeedReport run_seed(const RunOptions& options);

}  // namespace proa::sim
