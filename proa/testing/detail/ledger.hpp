#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proa/testing/clients.hpp"

namespace proa::testing {

/// What clients were told about their commands, beside what was applied, and where the two
/// contradict each other. Threads: one.
class Ledger {
 public:
  using Describe = std::function<std::string(ByteView command)>;
  Ledger(Describe describe, std::function<void(std::string)> violated)
      : describe_(std::move(describe)), violated_(std::move(violated)) {}

  AttemptId new_attempt();
  void asked(AttemptId attempt, SharedBytes command);
  void acknowledged(AttemptId attempt, LogIndex index);
  void failed(AttemptId attempt, const Error& error);
  /// A state machine is told to apply this.
  void applied(AttemptId attempt, LogIndex index);
  /// A linearizable read has seen everything up to here (thesis §6.4).
  void has_read(LogIndex known_before, LogIndex seen);
  /// The servers have come to rest: every acknowledged command is among what was applied.
  void check_nothing_is_lost(LogIndex applied_everywhere);

  std::uint64_t acknowledged_commands() const { return acknowledged_; }
  /// The last command that anybody was told of; 0: none.
  LogIndex known_by_now() const { return known_; }
  LogIndex last_applied() const { return commands_.empty() ? LogIndex{} : commands_.back().index; }
  /// The last command at or before `end`; 0: none.
  LogIndex last_command_up_to(LogIndex end) const;
  ByteView command_of(AttemptId attempt) const { return attempts_[attempt.value].command; }
  /// The commands in (after, up_to], for a person: the last few of them.
  std::string tell(LogIndex after, LogIndex up_to) const;

 private:
  struct Attempt {
    SharedBytes command = {};
    LogIndex applied_at = {};
    LogIndex acknowledged_at = {};
    bool refused = false;
  };
  struct Command {
    LogIndex index = {};
    AttemptId attempt = {};
  };

  std::string text_of(const Attempt& attempt) const { return describe_(attempt.command); }

  Describe describe_;
  std::function<void(std::string)> violated_;
  std::vector<Attempt> attempts_{1};  ///< by number; 0 is none
  std::vector<Command> commands_;     ///< that anybody has applied, in the order of the log
  LogIndex known_ = {};
  std::uint64_t acknowledged_ = 0;
};

}  // namespace proa::testing
