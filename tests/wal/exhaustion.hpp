#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/result.hpp"
#include "proa/testing/power_cuts.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa::sim {

/// The numbers of the steps that a store has carried out, oldest first. It tells what the store
/// must hold.
using History = std::vector<std::uint32_t>;

/// A store in one process. A step that crashes with its process returns an error.
class StoreProcess {
 public:
  virtual ~StoreProcess() = default;
  virtual Result<void> open() = 0;
  /// Step `number`, on a store that holds `before`.
  virtual Result<void> carry_out(const History& before, std::uint32_t number) = 0;
  /// How what the store holds differs from `history`; nothing, if not at all.
  virtual std::optional<std::string> differs(const History& history) = 0;
  /// What the trace is for and this process, which has taken all its steps, has not done.
  virtual std::optional<std::string> missed() const { return std::nullopt; }
};

/// What is done to a store while it crashes at every place. Steps are numbered from 0; those from
/// kFurther on come after a recovery and are allowed on whatever was recovered.
class Trace {
 public:
  static constexpr std::uint32_t kFurther = 1000;

  virtual ~Trace() = default;
  virtual std::string name() const = 0;
  virtual testing::SimDiskOptions disk() const = 0;
  virtual std::uint32_t steps() const = 0;
  virtual std::uint32_t further_steps() const = 0;
  /// Whether the step changes what the store holds, so that a crash in it leaves either.
  virtual bool changes(std::uint32_t number) const = 0;
  /// What is on the disk before the first crash. What the store then holds is the empty history.
  virtual Result<void> prepare(const std::shared_ptr<testing::SimFileSystem>& files) = 0;
  virtual std::unique_ptr<StoreProcess> start(
      const std::shared_ptr<testing::SimFileSystem>& files) = 0;
};

struct ExhaustionLimits {
  /// Outcomes of one crash point that are all tried; where there are more, see try_outcomes.
  std::uint64_t outcomes_max = std::uint64_t{1} << 12;
  /// Lives after the trace whose further steps crash everywhere as well. In later ones only
  /// recovery does.
  std::uint32_t further_lives = 0;
  /// Crashes in a row. Some recoveries leave ever new disks: each may add a file with a new number.
  std::uint64_t crashes_max = 3;
};

struct ExhaustionReport {
  std::uint64_t crash_points = 0;  ///< operations before which a process was ended
  std::uint64_t outcomes = 0;      ///< what power cuts and ends of processes left there
  std::uint64_t states = 0;        ///< different ones among them: each was recovered and checked
  std::uint64_t sampled = 0;       ///< crash points of which not all subsets were tried
  std::uint64_t unsynced_max = 0;  ///< things at one crash point whose fate tells
  std::uint64_t crashes_max = 0;   ///< crashes in a row
  std::optional<std::string> violation = {};
};

/// Ends the process before every operation that changes the disk, and within every write; lets
/// every combination of what was not synced survive; recovers each different disk that this leaves,
/// again with a crash everywhere, and so on until nothing new appears or the limit of crashes in a
/// row is reached. A recovered store must hold
/// everything acknowledged and nothing else but the step that was running, take further steps, and
/// recover again.
ExhaustionReport exhaust(Trace& trace, const ExhaustionLimits& limits);

using Fates = std::vector<std::uint8_t>;
enum class Coverage : std::uint8_t {
  all,      ///< every combination of every fate; sectors whose bytes stay the same torn alone
  subsets,  ///< every combination of lost, survived and older versions; torn sectors one at a time,
            ///< each in each way, beside some of these combinations
  sample,   ///< some of these combinations
};
/// Calls visit with the fates of one outcome after the other, until it returns false.
Coverage try_outcomes(const std::vector<testing::Unsynced>& unsynced, std::uint64_t outcomes_max,
                      const std::function<bool(const Fates&)>& visit);

}  // namespace proa::sim
