#pragma once

#include <optional>

#include "proa/testing/nemesis.hpp"
#include "tests/sim/oracle.hpp"

namespace proa::sim {

struct RestorerOptions {
  bool works = true;
  Duration pause_max = std::chrono::seconds{40};  ///< between two restores
  std::size_t ballast_bytes = 0;                  ///< that the state machines expect
};

struct RestorerCounters {
  std::uint64_t restored = 0;  ///< and completed
  std::uint64_t refused = 0;
  std::uint64_t outcome_unknown = 0;
};

/// A user who puts another state in the place of everything, now and then, whatever else goes on.
/// From the moment when a leader has made that state durable until a majority has it there is a
/// truce: a leader that dies there leaves servers that differ (divergences.md). Threads: one.
class Restorer {
 public:
  Restorer(testing::SimCluster& cluster, Oracle& oracle, testing::Nemesis& nemesis,
           RestorerOptions options, testing::Choices choices)
      : cluster_(cluster),
        oracle_(oracle),
        nemesis_(nemesis),
        options_(options),
        random_(std::move(choices)) {}

  void start();
  void stop() { stopped_ = true; }
  void server_crashed(std::size_t server);
  /// A leader is about to make a restored state durable; false: not now.
  bool may_take_effect(std::size_t server, LogIndex last);
  bool is_open() const { return at_.has_value(); }
  const RestorerCounters& counters() const { return counters_; }

 private:
  void order_later();
  void order();
  void restore(std::size_t at);
  void ended(const Appended& state, const Result<void>& result);
  bool majority_can_follow(std::size_t leader) const;

  testing::SimCluster& cluster_;
  Oracle& oracle_;
  testing::Nemesis& nemesis_;
  RestorerOptions options_;
  testing::Choices random_;
  std::optional<std::size_t> at_;  ///< where one is under way
  RestorerCounters counters_;
  bool stopped_ = false;
};

}  // namespace proa::sim
