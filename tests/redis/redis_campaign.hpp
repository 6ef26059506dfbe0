#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proa/testing/linearizability.hpp"

namespace proa::redis {

/// What one seed, or all of them together, have seen.
struct CampaignTally {
  std::uint64_t seeds = 0;
  std::uint64_t writes = 0;  ///< acknowledged
  /// Of these, by testing::Operation::Kind.
  std::array<std::uint64_t, testing::Operation::kKinds> writes_of = {};
  std::uint64_t reads = 0;          ///< answered
  std::uint64_t undecided = 0;      ///< histories of a key whose judgement took too long
  std::uint64_t refused = 0;        ///< not executed, as the client was told
  std::uint64_t unknown_told = 0;   ///< the client was told that the outcome is unknown
  std::uint64_t unknown_ended = 0;  ///< the connection ended before the answer
  std::uint64_t through_followers = 0;
  std::uint64_t leader_crashes = 0;
  std::uint64_t pauses = 0;
  std::uint64_t snapshots_taken = 0;
  std::uint64_t snapshots_restored = 0;  ///< at the start, or sent by the leader

  void add(const CampaignTally& other);
};

struct CampaignReport {
  CampaignTally tally = {};
  std::uint64_t trace_hash = 0;
  std::optional<std::string> violation = {};
  std::vector<testing::Operation> history = {};  ///< of all keys, one after the other
};

/// Three servers under crashes, pauses and cut links, and Redis clients that write and read a few
/// keys through any of them for a simulated minute. Every history of a key must be linearizable
/// (proa/testing/linearizability.hpp); a write that is said not to be executed must never be seen.
CampaignReport run_campaign(std::uint64_t seed);

}  // namespace proa::redis
