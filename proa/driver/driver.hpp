#pragma once

#include <map>
#include <memory>
#include <vector>

#include "proa/core/consensus.hpp"
#include "proa/driver/applier.hpp"
#include "proa/driver/book.hpp"
#include "proa/driver/deadline_timer.hpp"
#include "proa/driver/inbox.hpp"
#include "proa/driver/log_writer.hpp"
#include "proa/driver/open_requests.hpp"
#include "proa/driver/peer_links.hpp"
#include "proa/driver/queries.hpp"
#include "proa/driver/rounds.hpp"
#include "proa/driver/snapshot_taker.hpp"
#include "proa/driver/state_copier.hpp"
#include "proa/driver/tail.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa::driver {

struct DriverParts {
  Config config = {};
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<Fsm> fsm = {};
  std::shared_ptr<LogStore> logs = {};
  std::shared_ptr<StableStore> stable = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
  std::shared_ptr<Transport> transport = {};
  std::shared_ptr<Inbox> inbox = {};
  std::shared_ptr<Probe> probe = {};  ///< may be absent
  core::Restored restored = {};       ///< passed core::check
  LogIndex applied = {};              ///< what the state machine has run already
};

/// What the node publishes. Threads: the loop.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void turn_ended(const core::View& view, LogIndex applied) = 0;
  virtual void incident(const core::Incident& incident) = 0;
  virtual void died(const Error& why) = 0;  ///< the node has stopped by itself
  virtual void ended() = 0;                 ///< it has stopped, and nothing runs on a lane any more
};

/// One server: carries out through the ports what the core decides, in the order of the turn
/// (design.md §4), and tells the core what became of it. Threads: the loop.
class Driver final : public std::enable_shared_from_this<Driver>,
                     private TransportEvents,
                     private Stepper,
                     private DiskEvents,
                     private ApplierEvents,
                     private QueryEvents,
                     private SnapshotTakerEvents {
 public:
  Driver(DriverParts parts, std::shared_ptr<Listener> listener);
  ~Driver() override;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  Result<void> start();  ///< the transport; from then on everything runs by itself
  void look_into_inbox();
  /// Hands leadership over if there is some. Completes once the node has left the cluster and
  /// nothing runs on a lane any more.
  void shut_down(Promise<void> done);
  /// Leaves the cluster, completes every future and lets everything go. Nothing runs afterwards.
  void close();

 private:
  enum class Life : std::uint8_t { running, stopping, ended };
  /// A state from outside that is about to become everybody's.
  struct UserRestore {
    core::ProposalId id = {};
    Promise<LogIndex> promise;
    std::shared_ptr<StateCopier> copier = {};
  };
  /// A leader's snapshot that is about to become our state.
  struct Install {
    core::RequestId id = {};
    InstallSnapshotRequest request = {};
    std::unique_ptr<SnapshotReceiver> receiver = {};  ///< nothing: it is stored
  };
  struct HandOver {};  ///< we wait for that, nobody else
  using CallWaiter =
      std::variant<Promise<LogIndex>, Promise<void>, std::shared_ptr<Query>, HandOver>;

  // driver.cpp: the turn
  void step(const core::Input& input) override;
  void want_turn() override;
  void end_input();
  void end_turn();
  void carry_out(core::Effects effects);
  void send(core::Send send);
  void write(std::optional<core::Write> write);
  void apply(std::optional<IndexRange> committed);
  void report(const core::Effects& effects);
  void tell_holdings();
  Holdings holdings() const;
  void on_persisted(core::Ticket up_to) override { step(core::Persisted{up_to}); }
  void on_applied(AppliedBatch batch) override;
  void on_queried(Queries::All done) override;
  /// At the end of this turn, or of the next if this one has ended.
  void later(Fn<void()> completion) override;

  // driver_entries.cpp: proposals, entries, those who wait for them
  void propose();
  std::size_t enough_for_a_round(Instant now);
  void step_proposals();
  void append(const core::OwnEntries& own);
  void append(const core::ReceivedEntries& received);
  void append(const EntryView& entries);
  Waiter take_change(core::ProposalId id);
  Proposal* submitted(core::ProposalId id);
  void lose_leadership();
  void fail_from(LogIndex first, const Error& error);
  void fail_open(std::vector<Book::Open> failed, const Error& error);
  void complete(const core::Completion& completion);
  void complete_call(core::ProposalId id, const core::Completion& completion);
  void complete_call(Promise<void>& promise, const core::Completion& completion);
  void complete_call(Promise<LogIndex>& promise, const core::Completion& completion);
  void complete_call(std::shared_ptr<Query>& query, const core::Completion& completion);
  void complete_call(const HandOver&, const core::Completion& completion);
  void complete_applied_waits();

  // driver_calls.cpp: what callers want
  void take(ChangeCall call);
  void take(VerifyCall call);
  void take(ReadIndexCall call);
  void take(ReadCall call);
  void take(TransferCall call);
  void take(WaitAppliedCall call);
  void take(WaitLeaderCall call);
  void take(ReloadCall call);
  core::ProposalId open_call(CallWaiter waiter);
  bool too_many_open() const { return calls_.size() + queries_.open() >= kOpenCallsMax; }
  bool too_many_wait_for_applied() const { return applied_waits_.size() >= kOpenCallsMax; }
  bool too_many_changes_in_log() const;
  void complete_leader_waits();

  // driver_snapshots.cpp
  void take(SnapshotCall call) { taker_.take(std::move(call.promise)); }
  SnapshotPoint snapshot_point() const override;
  void on_snapshot_taken(const SnapshotMeta& meta) override;
  void on_snapshot_failed(const Error& error) override;
  void on_no_snapshot() override { taker_.replace_newest(); }
  void install(core::RequestId id);
  void give_way_to(const InstallSnapshotRequest& request);
  void stop_install(const std::string& why);
  void on_stored(Result<std::string> id);
  void restore(const std::string& id, Fn<void(Result<void>)> done);
  void on_restored(Result<void> result);
  void log(LogLevel level, const std::string& text) const;

  // driver_restore.cpp
  void take(RestoreCall call);
  void copy_state(const core::RestoreOrder& order);
  void on_state_copied(const core::RestoreOrder& order, Result<void> copied);
  void put_in_force(const core::RestoreOrder& order);
  void end_restore(const Error& error);

  // driver_peers.cpp: messages
  void on_request(Request&& request, Respond respond) override;
  void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                   Respond respond) override;
  void receive(core::RequestId id, AppendEntriesRequest request);
  template <class M>
  void receive(core::RequestId id, M request);
  PeerLink* link_to(const core::PeerId& id);
  std::shared_ptr<PeerLink> connect(const Server& server);

  // driver_stop.cpp
  void on_disk_failed(Error error) override { die(std::move(error)); }
  void on_apply_failed(Error error) override { die(std::move(error)); }
  void on_read_failed(Error error) override { die(std::move(error)); }
  void die(Error why);
  void hand_over();
  void leave_soon();
  void leave_if_due();
  void stop();
  void fail_everything_unapplied();
  void refuse(std::vector<Call> calls);
  void refuse(Queries::All queries, const Error& error);
  void drain_lanes();
  void lane_drained();
  void end();
  bool running() const { return life_ == Life::running; }

  DriverParts parts_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<LaneExecutor> log_lane_;
  std::unique_ptr<LaneExecutor> reader_lane_;
  std::unique_ptr<LaneExecutor> fsm_lane_;
  std::unique_ptr<LaneExecutor> snapshot_lane_;

  core::Consensus core_;
  core::View view_;  ///< as it was when the effects were last taken
  Tail tail_;
  Book book_;
  Rounds rounds_;
  OpenRequests requests_;
  LogWriter writer_;
  Applier applier_;
  Queries queries_;
  SnapshotTaker taker_;
  PeerLinks links_;
  std::optional<Install> install_;
  std::optional<UserRestore> restore_;
  DeadlineTimer deadline_;
  DeadlineTimer pause_;
  DeadlineTimer leave_by_;

  std::vector<Proposal> submitted_;  ///< stepped in this turn, in the order of their ids
  core::ProposalId first_submitted_ = {};
  core::ProposalId next_id_ = {1};
  std::map<core::ProposalId, CallWaiter> calls_;
  std::multimap<LogIndex, Promise<LogIndex>> applied_waits_;
  std::vector<Promise<Server>> leader_waits_;
  std::vector<Promise<void>> shutdown_waits_;

  std::vector<Fn<void()>> completions_;  ///< of this turn
  bool turn_wanted_ = false;
  bool carrying_out_ = false;
  std::uint64_t turns_ = 0;  ///< that the probe has seen
  Life life_ = Life::running;
  bool handing_over_ = false;
  std::optional<LogIndex> leaves_after_ = {};  ///< once this is applied
  unsigned lanes_to_drain_ = 0;
};

}  // namespace proa::driver
