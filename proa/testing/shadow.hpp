#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "proa/model/configuration.hpp"
#include "proa/model/hard_state.hpp"
#include "proa/model/log_summary.hpp"

namespace proa::testing {

/// An entry, as far as the checks care.
struct EntryFacts {
  Term term = {};
  EntryKind kind = {};
  std::uint64_t hash = 0;  ///< of kind, payload and extensions
  friend bool operator==(const EntryFacts&, const EntryFacts&) = default;
};

EntryFacts facts_of(const Entry& entry);

/// A rolling hash over bytes that come in pieces, whatever the pieces.
class StateHash {
 public:
  void add(ByteView bytes);
  std::uint64_t value() const;  ///< never 0

 private:
  void add_word(std::uint64_t word);

  std::uint64_t hash_ = 0;
  std::uint64_t length_ = 0;
  std::uint64_t rest_ = 0;  ///< bytes that are no whole word yet
};

/// A log without payloads: what a LogStore must hold.
class ShadowLog {
 public:
  LogIndex first() const { return next(base_.index); }
  LogIndex last() const { return base_.index + entries_.size(); }
  const EntryFacts* find(LogIndex index) const;  ///< nullptr: not in the log
  /// Of an entry, or of the position before the first; nothing if it is not known.
  std::optional<Term> term_at(LogIndex index) const;

  void write(const LogBatch& batch);
  void truncate_suffix(LogIndex from);
  void truncate_prefix(LogIndex last_removed);
  void append(const EntryFacts& facts) { entries_.push_back(facts); }
  void restart_after(LogPosition position);
  friend bool operator==(const ShadowLog&, const ShadowLog&) = default;

 private:
  LogPosition base_ = {};  ///< of the entry before the first; its term may be unknown (0)
  std::deque<EntryFacts> entries_;
};

/// What is durable on one server, as its stores have confirmed it, whether the server runs or not;
/// and what it has promised to others. Outlives the server's processes.
struct ServerShadow {
  ServerId id = {};
  ServerAddress address = {};
  ShadowLog log = {};
  HardState hard_state = {};

  // What was being written when the process ended, if it did: there or not, nothing in between.
  std::optional<LogBatch> log_in_flight = {};
  std::optional<LogIndex> prefix_in_flight = {};
  std::optional<HardState> hard_state_in_flight = {};

  Term led = {};               ///< the newest term in which it was seen to lead
  Term acknowledged_in = {};   ///< the newest term in which it confirmed an append
  LogIndex acknowledged = {};  ///< the last entry it confirmed in that term

  LogPosition snapshot = {};    ///< the end of the newest durable one
  LogPosition unreadable = {};  ///< the end of one that rot has hidden; a restored disk has it
  LogPosition opened = {};      ///< the end of the one that was opened last
  bool rotten = false;          ///< something on its disk has turned into something else
  bool found_rot = false;       ///< and the server has met it and does not go on
  bool restore_asked = false;   ///< a user has asked this process to restore a state

  // Of the running process only.
  bool runs = false;  ///< its recovery is over
  bool leading = false;
  bool candidate = false;
  Term asked_for_votes_in = {};  ///< the last term, while it is a candidate
  LogIndex catches_up_to = {};   ///< what was committed when it began
  bool changing = false;         ///< `latest` is not `committed`
  LogIndex adopted = {};         ///< the snapshot it goes by; one that is being installed is newer
  LogIndex commit = {};
  LogIndex applied = {};
  LogIndex run = {};          ///< the same, with what is no command
  Configuration latest = {};  ///< in force, committed or not
  Configuration committed = {};
};

}  // namespace proa::testing
