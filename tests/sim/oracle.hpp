#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/error.hpp"
#include "proa/port/fsm.hpp"
#include "proa/testing/clients.hpp"

namespace proa::sim {

using testing::AttemptId;

SharedBytes command_of(AttemptId attempt, std::size_t bytes);
AttemptId attempt_of(ByteView command);

/// What a state machine answers: how many commands it has applied, and a hash over all of them.
struct Appended {
  std::uint64_t count = 0;
  std::uint64_t chain = 0;
  friend bool operator==(const Appended&, const Appended&) = default;
};

/// Knows what every client was told and what every state machine has applied, and says when the two
/// contradict each other. Threads: one.
class Oracle {
 public:
  explicit Oracle(std::function<void(std::string)> violated) : violated_(std::move(violated)) {}

  AttemptId new_attempt();
  void acknowledged(AttemptId attempt, LogIndex index, const Appended& answer);
  void failed(AttemptId attempt, const Error& error);
  /// A state machine has applied this, and is then in that state.
  void applied(AttemptId attempt, LogIndex index, const Appended& state);

  /// A user is about to put another state in the place of everything: this one, which counts more
  /// commands than there ever were, so that old and new states keep their order.
  Appended new_restore();
  /// The restored state follows upon everything before `last`.
  void restore_takes_effect(LogIndex last) { restored_last_ = last; }
  void restore_failed(const Appended& state, const Error& error);
  void restore_completed(const Appended& state) { known_ = std::max(known_, state.count); }

  /// A state machine has taken over a snapshot, in which this was the last command.
  void restored(LogIndex last, const Appended& state);

  /// How many commands a read that begins now must see at least (thesis §6.4): those of every write
  /// that was acknowledged and of every read that has ended.
  std::uint64_t known_by_now() const { return known_; }
  /// A linearizable read has seen this state.
  void has_read(std::uint64_t known_before, const Appended& state);

  std::uint64_t acknowledged_writes() const { return acknowledged_; }
  std::uint64_t attempts() const { return attempts_.size() - 1; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t outcome_unknown() const { return unknown_; }
  LogIndex last_applied() const { return LogIndex{states_.size() - 1}; }
  /// Every acknowledged write was applied up to here by whoever applied that far.
  void check_nothing_is_lost(LogIndex applied_everywhere);

 private:
  struct Attempt {
    LogIndex applied_at = {};
    LogIndex acknowledged_at = {};
    bool refused = false;
    bool aborted_by_restore = false;
  };
  struct Restored {
    std::uint64_t chain = 0;
    bool refused = false;
  };
  struct State {
    AttemptId attempt = {};
    Appended appended = {};
  };

  void check_is_replaced(AttemptId attempt, const Attempt& known);
  bool is_by_user(const Appended& state);

  std::function<void(std::string)> violated_;
  std::vector<Attempt> attempts_{1};            ///< by number; 0 is none
  std::vector<State> states_{1};                ///< by log index, after it; holes are not commands
  std::vector<std::uint64_t> chains_{0};        ///< by the number of commands
  std::map<std::uint64_t, Restored> restores_;  ///< by the number of commands
  LogIndex restored_last_ = {};
  std::uint64_t known_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t unknown_ = 0;
};

/// Appends every command to a list, of which it keeps the length and a hash. Tells the oracle. Its
/// snapshots have a ballast, so that they take a while.
class AppendFsm final : public Fsm {
 public:
  AppendFsm(Oracle& oracle, std::size_t ballast_bytes)
      : oracle_(oracle), ballast_bytes_(ballast_bytes) {}

  void apply(std::span<const Committed> batch, Responses& responses) override;
  Result<std::unique_ptr<Snapshot>> snapshot() override;
  Result<void> restore(ByteSource& source) override;

  /// What a snapshot of such a state holds.
  static std::vector<std::byte> snapshot_of(const Appended& state, std::size_t ballast_bytes);

  LogIndex last_applied() const { return last_applied_; }
  const Appended& state() const { return state_; }

 private:
  struct Stored;
  class Written;

  Oracle& oracle_;
  std::size_t ballast_bytes_;
  Appended state_ = {};
  LogIndex last_applied_ = {};
};

}  // namespace proa::sim
