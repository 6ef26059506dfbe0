#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "proa/model/config.hpp"
#include "proa/node/event.hpp"
#include "proa/node/status.hpp"
#include "proa/port/applied.hpp"
#include "proa/port/fsm.hpp"
#include "proa/port/future.hpp"
#include "proa/port/log_store.hpp"
#include "proa/port/query.hpp"
#include "proa/port/snapshot_store.hpp"
#include "proa/port/stable_store.hpp"
#include "proa/port/transport.hpp"

namespace proa {

/// A command, and opaque bytes that are replicated beside it (reference §4.2).
struct CommandWithExtensions {
  SharedBytes command = {};
  SharedBytes extensions = {};
};

/// The six parts of a node and its settings.
struct RaftParts {
  Config config = {};
  std::shared_ptr<Fsm> fsm = {};
  std::shared_ptr<LogStore> logs = {};
  std::shared_ptr<StableStore> stable = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
  std::shared_ptr<Transport> transport = {};  ///< the node runs on its runtime
};

namespace driver {
class Probe;
}

/// One server of a cluster (paper §5). Threads: any, but not from inside an Fsm.
class Raft {
 public:
  /// hashicorp/raft's NewRaft: opens the stores, recovers what was on disk, joins. Blocking.
  /// Errors: invalid_config (names the field, the value and the bound), corrupt, io_error, and
  /// those of Transport::start.
  static Result<std::unique_ptr<Raft>> create(Config config, std::shared_ptr<Fsm> fsm,
                                              std::shared_ptr<LogStore> logs,
                                              std::shared_ptr<StableStore> stable,
                                              std::shared_ptr<SnapshotStore> snapshots,
                                              std::shared_ptr<Transport> transport);
  /// Leaves the cluster at once; every open future completes. Not on its own loop.
  ~Raft();
  Raft(const Raft&) = delete;
  Raft& operator=(const Raft&) = delete;

  /// Replicates one command and applies it (paper §5.3). Never blocks: a full inbox is Errc::busy.
  /// It fills while this server's disk or state machine is slower than its clients, even if those
  /// of a majority are not. Completes once this server has applied it. Errors: not_leader, busy,
  /// command_too_large (nothing happened); leadership_lost, shutdown (see Error::outcome).
  Future<Applied> apply(SharedBytes command);
  Future<Applied> apply(CommandWithExtensions command);
  /// All of them with one wake of the loop and one append, as far as the inbox has room.
  std::vector<Future<Applied>> apply_all(std::span<const SharedBytes> commands);
  /// Completes with its index once everything before it is applied here. Errors: as apply.
  Future<LogIndex> barrier();

  /// Completes if a majority still follows this server. Errors: not_leader.
  Future<void> verify_leader();
  /// Runs `query` on the fsm lane, so never beside apply, on a state as fresh as `level` says
  /// (thesis §6.4). A query that returns a Result is flattened. With within(), capture nothing by
  /// reference: the query may still run. Errors: not_leader, leadership_lost (but for stale ones),
  /// busy, shutdown; then it did not run, or what it returned is lost.
  template <class F>
  Future<QueryResult<F>> read(ReadLevel level, F query) {
    Promise<QueryResult<F>> promise{runtime()};
    Future<QueryResult<F>> future = promise.future();
    submit(level, std::make_shared<QueryOf<F>>(std::move(query), std::move(promise)));
    return future;
  }
  /// The index up to which a read must see everything to be linearizable (thesis §6.4), confirmed
  /// by a majority; completes once that is applied here. For state machines that may be read from
  /// any thread. Errors: not_leader, leadership_lost, busy, shutdown.
  Future<LogIndex> read_index();
  /// Stores a snapshot of the state machine now, whatever the thresholds say, and compacts the log
  /// behind it. Completes once it is durable. Errors: nothing_new_to_snapshot, busy, shutdown,
  /// io_error and what the state machine reports.
  Future<SnapshotMeta> snapshot();
  /// Makes a snapshot of another history the state of the whole cluster: `source` yields the
  /// `meta.size` bytes of its state; of `meta` index and size count. The configuration stays.
  /// Completes once a majority has it. For disasters: what was written since is gone, and if the
  /// leader dies meanwhile, servers may differ until it is done again (reference §8.16). Errors:
  /// not_leader, busy, corrupt, io_error (nothing happened); leadership_lost, shutdown.
  Future<void> restore(SnapshotMeta meta, std::unique_ptr<ByteSource> source);
  /// Completes once this server has applied everything up to `index`.
  Future<LogIndex> wait_applied(LogIndex index);
  /// Completes once this server knows who leads.
  Future<Server> wait_leader();

  /// Changes of the configuration, one server at a time (thesis §4.1; reference §8.13): in force
  /// from the moment the leader appends it, complete with its index once it is committed and
  /// applied here. A change waits for the one before. A new voter counts at once; to have it catch
  /// up first, add it as a nonvoter.
  /// @param based_on  index of the configuration this change assumes; 0: whichever is latest.
  /// Errors: not_leader, configuration_changed, invalid_config, busy,
  /// leadership_transfer_in_progress (nothing happened); leadership_lost, shutdown (see
  /// Error::outcome).
  Future<LogIndex> add_voter(Server server, LogIndex based_on);     ///< or its new address
  Future<LogIndex> add_nonvoter(Server server, LogIndex based_on);  ///< takes no vote away
  Future<LogIndex> demote_voter(ServerId server, LogIndex based_on);
  Future<LogIndex> remove_server(ServerId server, LogIndex based_on);
  /// Hands leadership over (thesis §3.10), to the voter with most of the log unless one is named;
  /// meanwhile proposals are refused. Completes when this server leads no more. Errors: not_leader,
  /// invalid_config, busy, leadership_transfer_in_progress (nothing happened); deadline,
  /// peer_unreachable, shutdown: this server leads on unless the target was elected all the same.
  Future<void> leadership_transfer(std::optional<ServerId> to = {});

  /// Changes settings of a running node. Errors: invalid_config; nothing has changed then.
  Result<void> reload(const ReloadableConfig& config);

  Status status() const;  ///< a published copy: never blocks
  /// `callback` runs on the loop at the end of a turn: hand on and return.
  [[nodiscard]] Subscription observe(Fn<void(const Event&)> callback);

  /// Leaves the cluster; a leader hands over first, and tries so for three election timeouts at
  /// most. Every open future completes, then, once the lanes are idle, this one.
  Future<void> shutdown();
  /// Why the node died by itself, its disk mostly. Errors: shutdown, if it was shut down.
  Future<Error> stopped();

 private:
  friend Result<std::unique_ptr<Raft>> create_raft(RaftParts parts,
                                                   std::shared_ptr<driver::Probe> probe);
  struct Inner;
  explicit Raft(std::unique_ptr<Inner> inner);
  const std::shared_ptr<Runtime>& runtime() const;
  void submit(ReadLevel level, std::shared_ptr<Query> query);

  std::unique_ptr<Inner> inner_;
};

}  // namespace proa
