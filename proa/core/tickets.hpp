#pragma once

#include <deque>
#include <optional>

#include "proa/core/effects.hpp"

namespace proa::core {

/// The writes on their way to disk and what will be durable when each has arrived. The order of
/// `Write`s is the order of their tickets; what several steps want written joins one write until it
/// is taken. Threads: one at a time.
class Tickets {
 public:
  explicit Tickets(LogIndex durable) : durable_(durable), written_(durable) {}

  /// The last index of today's log that is on disk.
  LogIndex durable_index() const { return durable_; }
  bool has_persisted(Ticket ticket) const { return ticket <= persisted_; }
  Ticket persisted() const { return persisted_; }
  /// The newest write, in the making included: behind it everything decided so far is durable.
  Ticket newest() const { return is_open_ ? in_the_making() : issued_; }
  /// The newest write that holds a hard state.
  Ticket newest_hard_state() const { return newest_hard_state_; }

  // What the next write is to hold. Each opens it.
  Ticket save_hard_state();
  void write_entries() { is_open_ = true; }
  void truncate_from(LogIndex index);
  void restart_after(LogPosition last);

  /// The write in the making, if there is one; `last_log` is the end of the log by now.
  std::optional<Write> take(const HardState& hard_state, LogIndex last_log);
  void persist(Ticket up_to);

 private:
  struct InFlight {
    Ticket ticket = {};
    LogIndex covers = {};  ///< the last index of today's log that is on disk once this is
  };

  Ticket in_the_making() const { return Ticket{issued_.value + 1}; }
  void lower_to(LogIndex last);

  Ticket issued_ = {};
  Ticket persisted_ = {};
  Ticket newest_hard_state_ = {};
  std::deque<InFlight> in_flight_ = {};
  LogIndex durable_;

  // The write in the making.
  bool is_open_ = false;
  bool has_hard_state_ = false;
  std::optional<LogIndex> truncate_from_ = {};
  std::optional<LogPosition> restart_after_ = {};
  LogIndex written_;  ///< of today's log, what the writes before this one (and its cut) leave
};

}  // namespace proa::core
