#pragma once

#include <memory>
#include <optional>

#include "proa/base/random.hpp"
#include "proa/core/effects.hpp"
#include "proa/core/input.hpp"
#include "proa/model/config.hpp"

namespace proa::core {

enum class Role : std::uint8_t { follower, candidate, leader };

/// What the protocol needs of Config, and who we are.
struct Options {
  Sender self = {};
  Duration heartbeat_timeout = {};
  Duration election_timeout = {};
  Duration commit_timeout = {};
  Duration leader_lease_timeout = {};
  std::size_t append_entries_max = 1024;
  std::uint64_t trailing_logs = 10240;
  bool pre_vote = true;
  bool vote_before_configuration = false;
  bool shutdown_on_remove = true;
  std::uint64_t seed = 0;
};

Options options_of(const Config& config, const ServerAddress& address, std::uint64_t seed);

/// What was on disk when we started, all of it durable.
struct Restored {
  HardState hard_state = {};
  LogSummary log = {};
  std::optional<SnapshotMeta> snapshot = {};  ///< the newest, already in the state machine
};

/// A copy of what others may know of the protocol's state.
struct View {
  Role role = Role::follower;
  Term term = {};
  std::optional<Sender> leader = {};  ///< whom we know to lead in `term`
  LogPosition last_log = {};          ///< of log and snapshot the later
  LogIndex commit_index = {};
  LogIndex durable_index = {};
  LogPosition snapshot = {};
  ConfigurationAt latest_configuration = {};
  ConfigurationAt committed_configuration = {};
  std::optional<Instant> last_contact = {};
};

/// The protocol: one server's part in Raft (paper §5), as a value. No I/O, no clock, no hidden
/// randomness: the same options, restored state and inputs give the same effects.
/// Threads: one at a time.
class Consensus {
 public:
  Consensus(Instant now, Options options, Restored restored);
  ~Consensus();
  Consensus(Consensus&&) noexcept;
  Consensus& operator=(Consensus&&) noexcept;

  /// Takes in one fact. What is to be done about it piles up until take_effects().
  void step(Instant now, const Input& input);

  /// Everything since the last call, merged. Appends to peers are computed here, from the state
  /// now.
  Effects take_effects();

  /// When DeadlineReached is due. Moves with each step; only an earlier one needs a new timer.
  Instant deadline() const;

  View view() const;
  void reload(Instant now, const ReloadableConfig& config);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace proa::core
