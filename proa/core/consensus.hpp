#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "proa/base/mutant.hpp"
#include "proa/base/random.hpp"
#include "proa/base/result.hpp"
#include "proa/core/configurations.hpp"
#include "proa/core/deferred.hpp"
#include "proa/core/effects.hpp"
#include "proa/core/input.hpp"
#include "proa/core/limits.hpp"
#include "proa/core/roles.hpp"
#include "proa/core/term_index.hpp"
#include "proa/core/tickets.hpp"
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

/// Whether the parts fit together. Consensus takes nothing that does not pass. Errors: corrupt.
Result<void> check(const Restored& restored);

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
  std::uint64_t configurations_revision = 0;  ///< another one if either may differ; 0: none yet
  std::optional<Instant> last_contact = {};
};

/// The protocol: one server's part in Raft (paper §5), as a value. No I/O, no clock, no hidden
/// randomness: the same options, restored state and inputs give the same effects.
/// Threads: one at a time.
class Consensus {
 public:
  Consensus(Instant now, Options options, const Restored& restored);

  /// Takes in one fact. What is to be done about it piles up until take_effects().
  void step(Instant now, const Input& input);

  /// Everything since the last call, merged. Appends to peers are computed here, from the state
  /// now.
  Effects take_effects();

  /// When DeadlineReached is due. Moves with each step; only an earlier one needs a new timer.
  Instant deadline() const;

  View view() const;
  /// Brings an earlier view of this object up to date. Copies the configurations only if they may
  /// differ: this runs at the end of every input.
  void refresh(View& view) const;
  bool leads() const { return leading() != nullptr; }
  LogIndex commit_index() const { return commit_index_; }
  LogIndex durable_index() const { return std::max(tickets_.durable_index(), snapshot_.index); }
  /// Of an entry in the log, or of the one before the first; nothing if it is not known.
  std::optional<Term> term_at(LogIndex index) const { return log_.term_at(index); }
  void reload(Instant now, const ReloadableConfig& config);

 private:
  /// What must not move back, as it was after the step before.
  struct Checked {
    Term term = {};
    std::optional<Sender> vote = {};
    LogIndex commit_index = {};
    LogIndex handed_out = {};
    LogIndex snapshot_index = {};
    LogIndex last_log = {};
    bool led = false;
  };

  Term term() const { return hard_state_.term; }
  LogPosition last_position() const { return log_.last(); }
  LogIndex last_index() const { return log_.last_index(); }
  const Configuration& latest() const {
    if (mutant("configuration in force once committed")) {
      return configurations_.committed().configuration;
    }
    return configurations_.latest().configuration;
  }
  const ServerId& self() const { return options_.self.id; }
  bool has_vote(const ServerId& id) const { return latest().has_vote(id); }
  bool is_newer(Term other) const { return term() < other && other < kTermMax; }
  bool repairing() const { return hard_state_.repair_floor.has_value(); }
  bool is_follower() const { return std::holds_alternative<Follower>(role_); }
  Leader* leading() { return std::get_if<Leader>(&role_); }
  const Leader* leading() const { return std::get_if<Leader>(&role_); }

  // consensus.cpp
  void on(Instant now, const DeadlineReached& reached);
  void on(Instant now, const Persisted& persisted);
  void on(Instant now, const AppliedUpTo& applied);
  void enter_term(Term entered, std::optional<Sender> vote);
  void adopt_newer_term(Instant now, Term newer);
  void become_follower(Instant now);
  void give_up(Leader& leader);
  void rearm_election(Instant now, Duration timeout);
  std::optional<IndexRange> take_applicable();
  void send(const PeerId& to, Request message, Sent what);
  /// What an acknowledgement or a grant waits for.
  Ticket promise() const { return mutant("reply before sync") ? Ticket{} : tickets_.newest(); }
  void answer(RequestId to, Reply reply, Ticket once_durable);
  void report(Incident::Kind kind, const Sender& peer, std::string detail);

  // restore.cpp
  void restore(const Restored& restored);
  void lift_repair_floor();

  // election.cpp
  void on(Instant now, const Replied<RequestVoteReply>& replied);
  void on(Instant now, const Replied<RequestPreVoteReply>& replied);
  void on(Instant now, const Received<TimeoutNowRequest>& received);
  bool may_campaign() const;
  void campaign(Instant now);
  void ask_for_pre_votes(Instant now);
  void ask_for_votes(Instant now, bool leadership_transfer);
  bool has_won(const Candidate& candidate) const;
  void become_leader(Instant now);

  // votes.cpp
  void on(Instant now, const Received<RequestVoteRequest>& received);
  void on(Instant now, const Received<RequestPreVoteRequest>& received);
  bool is_stranger(const Sender& candidate, LogPosition its_last_log) const;
  bool follows_another_leader(const Sender& candidate) const;
  bool has_no_vote(const Sender& candidate, LogPosition its_last_log) const;
  bool knows_more(LogPosition its_last_log) const;
  bool has_newer_log_than(LogPosition last_log) const;
  void grant_vote(Instant now, const Sender& candidate);
  void reply(const Received<RequestVoteRequest>& received, RequestVoteReply reply);
  void reply(const Received<RequestPreVoteRequest>& received, RequestPreVoteReply reply);
  void refuse(const Received<RequestVoteRequest>& received);
  void refuse(const Received<RequestPreVoteRequest>& received);

  // follower.cpp
  struct Hint {
    bool try_earlier = false;  ///< the check of the previous entry failed
  };
  void on(Instant now, const Received<AppendEntriesInfo>& received);
  bool accepts_leader(Instant now, Term its_term, const Sender& leader);
  bool agrees_at(LogPosition previous_entry) const;
  bool append_received(const Received<AppendEntriesInfo>& received);
  bool contradicts_commit(Term its_term, const Sender& leader, LogIndex index);
  void truncate_from(LogIndex index);
  void learn_commit_index(const AppendEntriesInfo& request);
  void commit_up_to(LogIndex index);
  void acknowledge(const Received<AppendEntriesInfo>& received, LogIndex last_log_before);
  void confirm_heartbeat(const Received<AppendEntriesInfo>& received);
  void refuse(const Received<AppendEntriesInfo>& received, Hint hint);
  void refuse(const Received<AppendEntriesInfo>& received) { refuse(received, {}); }

  // replication.cpp
  void on(Instant now, const EntriesSent& sent);
  void on(Instant now, const PeerWritable& writable);
  void on(Instant now, const EntriesUnavailable& unavailable);
  void on(Instant now, const RequestFailed& failed);
  void on(Instant now, const Replied<AppendEntriesReply>& replied);
  Progress* progress_of(const PeerId& id, Generation generation);
  Generation fresh_generation() { return Generation{++generations_}; }
  void follow_configuration(Instant now, Leader& leader);
  Progress begin_progress(Instant now, const Server& server);
  void tend_peers(Instant now, Leader& leader);
  void beat(Instant now, Leader& leader, Progress& peer);
  SendEntries next_append(Leader& leader, const Progress& peer) const;
  void hear_from(Instant now, Progress& peer, const Sent& what);
  void accepted(Instant now, Progress& peer, LogIndex last);
  void rejected(Instant now, Progress& peer, const Replied<AppendEntriesReply>& replied);
  LogIndex step_back(Progress& peer, LogIndex rejected, LogIndex last_log);
  void let_rest(Instant now, Progress& peer);
  void send_entries(Leader& leader);
  bool has_entries_for(const Progress& peer) const;

  // commit.cpp
  void on(Instant now, const Proposed& proposed);
  void append_own(OwnEntries entries);
  void advance_commit(Instant now);
  void check_quorum(Instant now, Leader& leader);
  Error not_leader() const;
  void fail_proposal(ProposalId first, std::uint32_t count, Error error);

  /// Whether a majority of the voters is as `is_so` says of a peer and `we_are` of us, if we vote.
  template <class IsSo>
  bool majority(const Leader& leader, bool we_are, IsSo&& is_so) const {
    std::size_t count = we_are && has_vote(self()) ? 1 : 0;
    for (const Progress& peer : leader.peers) {
      if (peer.has_vote() && is_so(peer)) ++count;
    }
    if (mutant("every voter counted on")) return count == latest().voters();
    return count >= latest().quorum();
  }

  // read_index.cpp
  void on(Instant now, const ReadRequested& requested);
  ReadRound confirmed_round(const Leader& leader) const;
  void confirm_reads();
  void start_read_round(Instant now, Leader& leader);

  // transfer.cpp
  void on(Instant now, const TransferRequested& requested);
  void on(Instant now, const Replied<TimeoutNowReply>& replied);
  Result<ServerId> transfer_target(Leader& leader, const std::optional<ServerId>& wanted) const;
  void ask_target(Instant now);
  void check_transfer(Instant now, Leader& leader);
  void end_transfer(Leader& leader, std::optional<Error> error);
  void transfer_request_failed(Instant now, Leader& leader, const PeerId& to);
  Error transfer_in_progress() const;

  // membership.cpp
  void on(Instant now, const ChangeRequested& requested);
  bool may_change_configuration(const Leader& leader) const;
  void begin_changes(Instant now);
  void leave_if_removed(Instant now);
  void take_leave(Leader& leader);

  // snapshot.cpp
  struct Installing {
    RequestId request = {};
    Term term = {};  ///< of the leader that sent it
    SnapshotMeta snapshot = {};
  };
  void on(Instant now, const SnapshotTaken& taken);
  void on(Instant now, const Received<InstallSnapshotRequest>& received);
  void on(Instant now, const SnapshotInstalled& installed);
  void on(Instant now, const Replied<InstallSnapshotReply>& replied);
  void compact();
  void take_over(const SnapshotMeta& snapshot);
  void restart_log(const SnapshotMeta& snapshot);
  void reply(const Received<InstallSnapshotRequest>& received, InstallSnapshotReply reply);

  // user_restore.cpp
  void on(Instant now, const RestoreRequested& requested);
  void on(Instant now, const RestoreStored& stored);
  Result<void> may_restore(const Leader& leader, const RestoreRequested& requested) const;
  Error restore_in_progress() const;

  // invariants.cpp
  void check_invariants();
  void check_order() const;
  void check_progress_of_time();
  void check_leader(const Leader& leader) const;
  void check_candidate(const Candidate& candidate) const;

  Options options_;
  Random random_;

  HardState hard_state_;
  TermIndex log_;
  LogPosition snapshot_ = {};  ///< the newest; the log holds this position or goes on after it
  Configurations configurations_;
  Tickets tickets_;
  Deferred deferred_;

  LogIndex commit_index_ = {};
  LogIndex handed_out_ = {};  ///< up to here entries went to the state machine, or a snapshot did
  std::uint64_t generations_ = 0;

  std::optional<Installing> installing_ = {};  ///< the state machine is being replaced

  RoleState role_ = Follower{};
  std::optional<Sender> leader_ = {};  ///< of our term, once we have heard from it
  std::optional<Instant> last_contact_ = {};
  Instant election_deadline_ = {};
  Instant now_ = {};  ///< of the newest step

  Effects effects_ = {};  ///< until they are taken; what is computed then is not in here
  Checked checked_ = {};
};

}  // namespace proa::core
