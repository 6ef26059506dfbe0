#pragma once

#include <optional>

#include "proa/core/input.hpp"

namespace proa::core {

/// What a leader knows of one peer, and how it replicates to it (paper §5.3). Threads: one at a
/// time.
struct Progress {
  enum class Mode : std::uint8_t {
    probe,     ///< one request at a time, until the peer says where its log agrees
    pipeline,  ///< the next request leaves before the reply to the last
    snapshot   ///< the entries are gone; a snapshot is sent
  };

  Server server = {};
  Mode mode = Mode::probe;
  Generation generation = {};              ///< never used for another peer or start
  LogIndex match_index = {};               ///< known to be in the peer's durable log
  LogIndex next_index = LogIndex{1};       ///< the first entry of the next request
  Instant last_contact = {};               ///< of any reply of our term
  ReadRound acknowledged_round = {};       ///< the newest read round it has answered
  bool steps_one_by_one = false;           ///< the way back by whole terms has led into a gap
  std::optional<LogIndex> leaves_at = {};  ///< the entry that removed it; it is still to hear of it

  // What keeps an append from being sent.
  bool waits_for_driver = false;  ///< a SendEntries is with the driver, which has not sent it yet
  bool is_in_flight = false;      ///< probe or snapshot: sent, not answered
  std::optional<Instant> rests_until = {};  ///< after failures

  unsigned failures = 0;        ///< of appends and snapshots, in a row
  bool is_unreachable = false;  ///< the last heartbeat failed
  bool idle_append_due = false;
  Instant heartbeat_at = {};
  Instant idle_append_at = {};

  bool has_vote() const { return server.suffrage == Suffrage::voter && !leaves_at; }
  bool may_send() const { return !waits_for_driver && !is_in_flight && !rests_until; }

  /// Begins again at `from`; replies to what was sent so far are ignored.
  void start_over(Mode as, LogIndex from, Generation fresh) {
    generation = fresh;
    mode = as;
    next_index = from;
    waits_for_driver = is_in_flight = false;
  }

  void succeed() {
    failures = 0;
    rests_until.reset();
    steps_one_by_one = false;
  }
};

}  // namespace proa::core
