#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proa/model/messages.hpp"
#include "proa/port/fsm.hpp"
#include "proa/testing/coverage.hpp"
#include "proa/testing/journal.hpp"
#include "proa/testing/shadow.hpp"

namespace proa::testing {

/// How often what was looked at happened: a quiet campaign is not a good one.
struct CheckCounters {
  std::uint64_t elections = 0;
  std::uint64_t truncations = 0;  ///< durable ones of a suffix
  std::uint64_t commits_checked = 0;
  std::uint64_t applies_checked = 0;
  std::uint64_t messages_checked = 0;
  std::uint64_t writes_lost = 0;  ///< in flight at a crash and not there at the recovery
  std::uint64_t snapshots_taken = 0;
  std::uint64_t snapshots_installed = 0;
  std::uint64_t snapshots_restored_at_start = 0;
  std::uint64_t compactions = 0;
  std::uint64_t logs_restarted = 0;  ///< an installed snapshot took the place of the log
  std::uint64_t configurations_checked = 0;
  std::uint64_t snapshots_compared = 0;  ///< with another one of the same index
  std::uint64_t restores = 0;            ///< by users, that a leader has made durable
  std::uint64_t restores_lost = 0;       ///< of these, those that a later leader did not know of
};

/// The safety properties of Raft (paper Figure 3) and of our durability contract (design.md §4),
/// checked at each event, in constant time, from outside: from what goes through the ports of all
/// servers. `server` is a number from 0. Nothing is repaired: the first violation is kept.
/// Threads: one.
class Invariants {
 public:
  explicit Invariants(std::vector<Server> servers);

  const std::optional<std::string>& violation() const { return violation_; }
  const CheckCounters& counters() const { return counters_; }
  const ServerShadow& shadow(std::size_t server) const { return shadows_[server]; }
  std::size_t servers() const { return shadows_.size(); }
  LogIndex last_committed() const { return LogIndex{committed_.size()}; }
  const EntryFacts* committed(LogIndex index) const;
  std::optional<std::size_t> newest_leader() const;  ///< the leader of the newest term
  /// Where what happens is told; nullptr: nowhere.
  void tell(Journal* journal) { journal_ = journal; }
  Journal* journal() const { return journal_; }
  Coverage& coverage() { return coverage_; }
  const Coverage& coverage() const { return coverage_; }
  std::optional<std::size_t> number_of(const ServerId& id) const;
  /// Says what a violation is; also for checks that are made elsewhere.
  void violated(std::string what);

  // The log store and the stable store.
  /// What a log holds when it is opened. Of the content the end is enough: what lies before it is
  /// applied again, and compared then.
  void log_opened(std::size_t server, IndexRange range, const ShadowLog& end);
  void log_write_begins(std::size_t server, const LogBatch& batch);
  void log_written(std::size_t server, const LogBatch& batch);
  void prefix_truncation_begins(std::size_t server, LogIndex last_removed);
  void prefix_truncated(std::size_t server, LogIndex last_removed);
  void hard_state_opened(std::size_t server, const HardState& found);
  void hard_state_write_begins(std::size_t server, const HardState& hard_state);
  void hard_state_written(std::size_t server, const HardState& hard_state);

  // Corruption is never silent.
  /// From now on something on its disk has turned into something else.
  void rots(std::size_t server) { shadows_[server].rotten = true; }
  /// The server has stopped, or does not start, because of it: it says nothing any more.
  void finds_rot(std::size_t server) { shadows_[server].found_rot = true; }
  /// What was there before it rotted is there again.
  void disk_restored(std::size_t server);
  /// Of a server whose disk has rotted: what its log gives to whoever asks.
  void log_read(std::size_t server, const EntryView& entries);

  // A user's restore (reference §8.16): the one way in which the state of a cluster is replaced.
  /// From now on, until its process ends, `server` may store a state that nobody has committed.
  void restore_asked(std::size_t server) { shadows_[server].restore_asked = true; }
  /// It is what `server` was asked to restore, and may be stored though nobody has committed it.
  /// That others, under a leader it does not know of, have committed so far does not change what it
  /// is.
  bool is_users_restore(std::size_t server, const SnapshotMeta& meta) const;
  /// A leader that knows nothing of a restored state was elected before a majority had that: the
  /// servers differ until somebody restores again. This is documented, and nothing that is seen
  /// afterwards counts.
  bool has_lost_a_restore() const { return counters_.restores_lost > 0; }
  bool restore_under_way() const { return restoring_.has_value(); }

  // The snapshot store.
  void snapshot_write_ends(std::size_t server, const SnapshotMeta& meta);
  /// `state`: a hash of its bytes; 0: not to be compared.
  void snapshot_stored(std::size_t server, const SnapshotMeta& meta, std::uint64_t state = 0);
  void snapshots_listed(std::size_t server, const std::vector<SnapshotMeta>& metas);
  void snapshot_opened(std::size_t server, const SnapshotMeta& meta);

  // The transport.
  void sends(std::size_t server, const Request& request);
  void answers(std::size_t server, const Request& request, const Reply& reply);
  /// What the server is like that a request has just reached.
  Meeting meets(std::size_t server, const Request& request) const;
  Meeting meets(std::size_t server) const;  ///< likewise, a snapshot
  /// Counts what has become of such a request.
  void counts(std::size_t server, Meeting meeting, const Request& request,
              const Result<Reply>& reply);

  // The state machine and the node.
  void applies(std::size_t server, const Committed& entry);
  /// The state machine is given everything up to there, no-ops and configurations included.
  void runs_up_to(std::size_t server, LogIndex last);
  void snapshot_taken(std::size_t) { ++counters_.snapshots_taken; }
  void restores(std::size_t server);  ///< what it has opened last
  /// Where the server stands, before anything is made of it.
  struct Stand {
    bool leads = false;
    bool asks_for_votes = false;
    Term term = {};
    LogIndex commit = {};
    LogIndex snapshot = {};
    std::optional<LogIndex> last = {};         ///< of log and snapshot the later
    const Configuration* latest = nullptr;     ///< in force; nullptr: as before
    const Configuration* committed = nullptr;  ///< likewise
  };
  void seen(std::size_t server, const Stand& stand);
  void process_ended(std::size_t server);
  /// What is left of a cluster: everything in the log of `server` counts as committed from now on.
  void recovers(std::size_t server);
  /// The machine is gone for good; another one, with nothing on its disk, has its number.
  void replaced(std::size_t server, const Server& by);

 private:
  struct Leader {
    std::size_t server = 0;
    ServerId id = {};
  };
  struct Seen {
    EntryFacts facts = {};
    Term prev_term = {};
  };

  void entry_seen(const ServerShadow& at, LogIndex index, Term prev_term, const EntryFacts& facts);
  void entries_seen(ServerShadow& at, const EntryView& entries, Term prev_term);
  void configuration_seen(const Entry& entry);
  std::optional<EntryFacts> facts_at(const ServerShadow& at, LogIndex index) const;
  void check_configuration_of(const ServerShadow& at, const SnapshotMeta& meta);
  LogPosition durable_end(const ServerShadow& at) const;
  const Configuration* durable_configuration(const ServerShadow& at) const;
  void check_who_could_lead();
  void commit_advances(ServerShadow& by, LogIndex to, const char* how);
  void check_quorum(const ServerShadow& by, LogIndex index, const char* how);
  bool majority_holds(const Configuration& configuration, LogPosition position) const;
  /// What goes to its disk now was made while it led.
  static bool writes_as_leader(const ServerShadow& at) {
    return at.led != Term{} && at.led == at.hard_state.term;
  }
  LogIndex committed_before(Term term) const;
  void check_truncation(const ServerShadow& at, const LogBatch& batch);
  void check_truncated(const ServerShadow& at, const LogBatch& batch, const std::string& where);
  void compare_state(const ServerShadow& at, LogIndex last, std::uint64_t state);
  void check_configurations_meet(const ServerShadow& changed);
  void check_order(const ServerShadow& at, const Stand& stand);
  void commit_everything(ServerShadow& at);
  void put_in_force(ServerShadow& at, LogPosition last);
  bool covers_committed(const ServerShadow& at, LogPosition last, const char* how);
  void check_compaction(const ServerShadow& at, LogIndex last_removed);
  void check_restart(const ServerShadow& at, const LogBatch& batch);
  void leads(ServerShadow& leader, Term term);
  void sends_append(ServerShadow& from, const AppendEntriesRequest& request);
  void sends_vote_request(ServerShadow& from, const RequestVoteRequest& request);
  void confirms(ServerShadow& from, const AppendEntriesRequest& request);
  void grants(const ServerShadow& from, const RequestVoteRequest& request, Term reply_term);
  bool holds(const ServerShadow& at, LogPosition position) const;
  void check_may_speak(const ServerShadow& at);
  // What was seen, for the coverage.
  void count_refused_vote(const ServerShadow& from, const RequestVoteRequest& request,
                          Term reply_term);
  void count_leader(const ServerShadow& leader, Term term);
  void count_step_down(const ServerShadow& by, Term term);
  void count_members(const Configuration& before, const Configuration& now);
  void count_log_change(const ServerShadow& at, const LogBatch& batch);
  void count_restore(const ServerShadow& at);
  void count_end(const ServerShadow& at);

  std::vector<ServerShadow> shadows_;
  std::vector<ServerShadow> lost_;  ///< as they were: what they have confirmed still counts
  std::map<Term, Leader> leaders_;
  std::vector<std::vector<Seen>> seen_;          ///< by index: each entry that anybody ever held
  std::vector<EntryFacts> committed_;            ///< [0] is index 1
  std::vector<Term> committed_in_;               ///< the term of the leader that committed it
  std::map<LogIndex, std::uint64_t> snapshots_;  ///< hash of the state, by its last index
  std::set<LogIndex> restored_;                  ///< where users' restored states end
  std::optional<LogPosition> restoring_;   ///< the end of a restored state that may yet be lost
  std::optional<std::size_t> recovering_;  ///< by force, until its log is open
  std::vector<LogIndex> committed_configurations_;
  std::map<LogPosition, Configuration> configurations_;  ///< each that anybody ever held
  std::optional<std::string> violation_;
  Journal* journal_ = nullptr;
  CheckCounters counters_;
  Coverage coverage_;
};

}  // namespace proa::testing
