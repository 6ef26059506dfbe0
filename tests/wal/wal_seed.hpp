#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proa/base/time.hpp"
#include "proa/testing/log_model.hpp"
#include "proa/testing/sim_disk.hpp"

namespace proa::sim {

/// Everything that a seed decides before the first step.
struct WalPlan {
  testing::SimDiskOptions disk = {};
  testing::LogWorkloadOptions load = {};
  std::uint64_t segment_bytes = 0;
  std::uint64_t lives = 0;                   ///< of the process, each ended by a crash
  std::uint64_t steps_max = 0;               ///< of one life
  std::uint64_t operations_max = 0;          ///< of the disk in one life, where a crash is drawn
  std::uint64_t prepare_percent = 0;         ///< of the steps are followed by a prepare
  std::uint64_t power_cut_percent = 0;       ///< of the crashes; the others kill the process alone
  std::uint64_t fault_percent = 0;           ///< of the lives meet an error of the disk
  std::uint64_t cut_after_open_percent = 0;  ///< of the lives end right behind their open
};

WalPlan draw_wal_plan(std::uint64_t seed);

/// What happened in one seed.
struct WalReport {
  std::optional<std::string> violation = {};
  std::uint64_t trace_hash = 0;
  std::uint64_t steps = 0;  ///< acknowledged
  std::uint64_t crashes = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t crashes_during_recovery = 0;
  std::uint64_t disk_errors = 0;
  std::uint64_t torn_tails = 0;       ///< torn by a power cut, and gone at the next start
  std::uint64_t torn_tails_told = 0;  ///< where enough was left to see that there was a batch
  std::uint64_t tails_copied = 0;
  std::uint64_t suffix_cuts = 0;
  std::uint64_t prefix_cuts = 0;
  std::uint64_t restarts = 0;
  std::uint64_t rolls = 0;
  std::uint64_t rolls_into_recycled = 0;
  std::uint64_t unprepared_rolls = 0;
  std::uint64_t oversized = 0;
  std::uint64_t removed = 0;
  std::uint64_t footers = 0;
  std::uint64_t unacknowledged_kept = 0;
  std::uint64_t unacknowledged_lost = 0;
};

/// Runs a log through its lives on one disk and compares it with the model after every start: every
/// acknowledged step is there, the unacknowledged last one wholly or not at all.
WalReport run_wal_seed(std::uint64_t seed, bool trace);

}  // namespace proa::sim
