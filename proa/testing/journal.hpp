#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/time.hpp"
#include "proa/model/log_summary.hpp"
#include "proa/model/messages.hpp"
#include "proa/testing/scheduler.hpp"

namespace proa::testing {

enum class Happening : std::uint8_t {
  sends,      ///< a request, to a peer
  hears,      ///< a request, from a peer
  answers,    ///< a request of a peer
  is_told,    ///< the answer of a peer, or that there will be none
  starts,     ///< a process
  crashes,    ///< likewise
  follows,    ///< begins to
  campaigns,  ///< likewise
  leads,      ///< likewise
  persists,   ///< entries, term and vote, a snapshot
  commits,    ///< calls entries committed
  applies,    ///< to the state machine
  fault,      ///< what the simulation does to a server, or to all
  user,       ///< what somebody asks for or is told
  violation,  ///< a rule is broken
};

enum class ServerState : std::uint8_t { down, follower, candidate, leader };

inline constexpr std::size_t kNobody = SIZE_MAX;

/// A line of a journal. Servers are numbers from 0.
struct JournalEvent {
  Instant at = {};
  Happening what = Happening::fault;
  std::size_t server = kNobody;
  std::size_t peer = kNobody;  ///< of a message
  std::string text = {};
};

/// What its server is from then on, if the event says so.
std::optional<ServerState> state_after(const JournalEvent& event);

/// What happens in a simulation, for people: who says what to whom, when, and what broke. Changes
/// nothing of what happens. Threads: one.
class Journal {
 public:
  explicit Journal(std::size_t kept_max) : kept_max_(kept_max) {}

  /// Called with each event.
  void on_event(std::function<void(const JournalEvent&)> hook) { on_event_ = std::move(hook); }
  void watch(const Scheduler* clock) { clock_ = clock; }
  const std::deque<JournalEvent>& newest() const { return kept_; }
  /// What each server was when the oldest of them happened.
  const std::vector<ServerState>& states_before() const { return states_before_; }

  void add(Happening what, std::size_t server, std::string text) {
    add_message(what, server, kNobody, std::move(text));
  }
  void add_message(Happening what, std::size_t server, std::size_t peer, std::string text);
  /// Nothing is added any more: what follows is the end of the simulation, not of its story.
  void close() { closed_ = true; }
  /// Adds what has changed since the last call.
  void stands(std::size_t server, ServerState state, Term term, LogIndex commit);
  void ended(std::size_t server, const char* how);

 private:
  void forget_oldest();
  struct Stand {
    ServerState state = ServerState::follower;
    Term term = {};
    LogIndex commit = {};
  };

  std::size_t kept_max_;
  std::function<void(const JournalEvent&)> on_event_;
  const Scheduler* clock_ = nullptr;
  bool closed_ = false;
  std::deque<JournalEvent> kept_;
  std::vector<Stand> stands_;  ///< by server
  std::vector<ServerState> states_before_;
};

/// `  12.034551  s1 -> s2  append term 3 after 3/16: 17..19, commit 16`
std::string to_string(const JournalEvent& event);

std::string describe(const Request& request);
std::string describe(const InstallSnapshotRequest& request);
std::string describe(const Result<Reply>& reply);
std::string describe(const LogBatch& batch);
std::string describe(const HardState& state);

}  // namespace proa::testing
