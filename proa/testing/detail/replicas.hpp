#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proa/testing/cluster.hpp"
#include "proa/testing/detail/ledger.hpp"

namespace proa::testing {

/// Compares the state machines of all servers, and of all their processes, wherever they have
/// applied the same commands: at checkpoints, where snapshots are taken and where they are
/// restored. Threads: one.
class Replicas {
 public:
  struct Options {
    std::size_t servers = 0;
    std::uint64_t every = 1;  ///< so many indices lie between two checkpoints
  };
  Replicas(Workload& workload, const Ledger& ledger, Options options,
           std::function<void(std::string)> violated);

  /// Every server stops here, and calls compare.
  bool is_checkpoint(LogIndex index) const { return index.value % every_ == 0; }
  /// `how`: what has just happened there.
  void compare(std::size_t server, LogIndex after, Fsm& fsm, const std::string& how);
  /// Whether a state machine that restores this reaches the state in which it was taken.
  void compare_snapshot(std::size_t server, LogIndex after, ByteView snapshot);

  std::uint64_t compared() const { return compared_; }
  /// A state machine that takes no snapshots, in a workload that describes no states.
  bool nothing_to_compare() const { return nothing_to_compare_; }

 private:
  /// The state after a command, as it was first seen.
  struct Known {
    std::uint64_t hash = 0;
    std::string state = {};  ///< empty: forgotten, for the room it takes
    std::string who = {};
  };

  std::optional<std::string> state_of(Fsm& fsm);
  void check(LogIndex after, const std::string& state, const std::string& who, LogIndex agreed);
  void remember(LogIndex after, std::string state, std::string who);

  Workload& workload_;
  const Ledger& ledger_;
  std::uint64_t every_;
  std::function<void(std::string)> violated_;
  std::map<LogIndex, Known> known_;
  std::vector<LogIndex> agreed_;  ///< by server: where it was last found equal
  std::size_t bytes_kept_ = 0;
  LogIndex forgotten_up_to_ = {};
  std::uint64_t compared_ = 0;
  bool nothing_to_compare_ = false;
};

}  // namespace proa::testing
