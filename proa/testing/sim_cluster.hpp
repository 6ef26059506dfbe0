#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proa/node/raft.hpp"
#include "proa/port/stream_layer.hpp"
#include "proa/testing/invariants.hpp"
#include "proa/testing/sim_disk.hpp"
#include "proa/testing/sim_network.hpp"
#include "proa/testing/sim_runtime.hpp"

namespace proa {

struct FileSnapshotOptions;

namespace driver {
struct Holdings;
}

namespace testing {

class LinkCuts;
class SimFileSystem;
class SimStreams;

/// How much a connection carries, each way.
struct Line {
  std::uint64_t bytes_per_second = 0;  ///< 0: no limit
  Duration parcel_gap = {};            ///< between two messages that are not bytes
};
// What a server keeps on its disk.
inline constexpr const char* kLogDirectory = "wal";
inline constexpr const char* kStableFile = "stable";
inline constexpr const char* kSnapshotDirectory = "state";

/// What carries the messages.
enum class Wire : std::uint8_t {
  structs,  ///< DirectTransport: messages may arrive twice
  bytes,    ///< NetTransport over simulated streams: they may be cut anywhere
};

/// What a process is made of, for what runs in it beside Raft.
struct ProcessParts {
  std::size_t server = 0;
  std::shared_ptr<SimRuntime> runtime = {};
  std::shared_ptr<StreamLayer> calls = {};    ///< Proa's own protocol, on the peers' port
  std::shared_ptr<StreamLayer> clients = {};  ///< listens at client_address(server)
  std::shared_ptr<Fsm> fsm = {};
  Raft* raft = nullptr;
};

struct SimClusterOptions {
  std::uint64_t seed = 0;
  TapeDeck* deck = nullptr;    ///< records or plays the decisions of the run; outlives the cluster
  Journal* journal = nullptr;  ///< is told what happens; outlives the cluster
  std::size_t servers = 3;
  std::size_t founders = SIZE_MAX;  ///< so many of them are in the first configuration
  bool on_disk = true;  ///< WAL and stable file on simulated disks; else stores in memory
  std::uint64_t segment_bytes = std::uint64_t{64} << 10;
  Config config = {};  ///< of every server; local_id is filled in
  SimRuntimeOptions runtime = {};
  std::vector<SimClock> clocks = {};     ///< by server; the rest are exact
  bool snapshots_named_by_time = false;  ///< of the wall clock; else they are counted
  Wire wire = Wire::structs;
  SimNetworkOptions network = {};
  std::uint64_t short_io_percent = 0;  ///< of reads and writes on a stream that take a part only
  SimDiskOptions disk = {};
  std::size_t window_requests = 16;  ///< unanswered ones per peer and channel, as structs
  Duration request_limit = std::chrono::seconds{2};  ///< for the oldest unanswered one
  std::function<std::shared_ptr<Fsm>(std::size_t server)> make_fsm = {};
  bool snapshots_are_equal = true;  ///< state machines that are equal write the same bytes
  /// What runs in each process beside Raft, and ends before it. Only with Wire::bytes.
  std::function<std::shared_ptr<void>(const ProcessParts&)> make_service = {};
};

/// How a process ends.
enum class Crash : std::uint8_t {
  process,  ///< the page cache stays
  power,    ///< what was not synced survives, vanishes or is torn
};

/// A forced recovery is interrupted at its `operations`-th change of the disk.
struct RecoveryCrash {
  std::uint64_t operations = 1;
  Crash kind = Crash::process;
};

struct ClusterCounters {
  std::uint64_t crashes = 0;
  std::uint64_t leader_crashes = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t torn_sectors = 0;
  std::uint64_t torn_tails =
      0;  ///< a log write of which a part only was on the medium, and is gone
  std::uint64_t segments_begun = 0;  ///< of the logs
  std::uint64_t log_writes_in_flight_at_crash = 0;
  std::uint64_t crashes_during_recovery = 0;
  std::uint64_t recoveries = 0;          ///< forced, of a cluster that has lost its quorum
  std::uint64_t recoveries_crashed = 0;  ///< and done again
  std::uint64_t replacements = 0;        ///< of a server by one that knows nothing
  std::uint64_t inline_tasks = 0;
  std::uint64_t lane_tasks = 0;
};

/// Servers that run the real Raft on simulated machines, under one clock and one seed. Numbers are
/// from 0. The safety properties are checked at each event. Threads: one; Future::get is not for
/// here, use then().
class SimCluster {
 public:
  explicit SimCluster(SimClusterOptions options);
  ~SimCluster();
  SimCluster(const SimCluster&) = delete;
  SimCluster& operator=(const SimCluster&) = delete;

  /// Gives every founder the same first configuration and starts all servers.
  void bootstrap_and_start();

  Scheduler& scheduler() { return scheduler_; }
  const Scheduler& scheduler() const { return scheduler_; }
  const NetworkCounters& network_counters() const { return network_->counters(); }
  /// From now on the network is like that.
  void set_network(const SimNetworkOptions& options);
  const SimNetworkOptions& network_options() const { return options_.network; }
  void cut(std::size_t from, std::size_t to, CutMode mode);  ///< one way
  void heal_links();
  LinkCuts& links() { return *links_; }  ///< for faults that come and go beside these cuts
  void set_timers_late(std::size_t server, Duration most);  ///< of its process; 0: as at its start
  void set_lane_slow(std::size_t server, Lane lane, Duration most);  ///< likewise
  void step_wall_clock(std::size_t server, Duration by);             ///< of its machine
  void set_line(const Line& line);     ///< of every connection, whatever else the network is like
  std::uint64_t replies_lost() const;  ///< by CutMode::replies
  /// Adds a line to the journal, if there is one.
  void tell(Happening what, std::size_t server, std::string text);
  bool any_cut() const { return network_->any_cut(); }
  Invariants& invariants() { return *invariants_; }
  const Invariants& invariants() const { return *invariants_; }
  std::size_t size() const { return machines_.size(); }
  const Server& server(std::size_t number) const { return servers_[number]; }
  ServerAddress client_address(std::size_t server) const;  ///< where its service listens
  SimStreams& streams() { return *streams_; }              ///< for clients beside the servers
  std::optional<std::size_t> number_of(const ServerId& id) const;

  Raft* raft(std::size_t server) const;                            ///< nullptr: it is down
  Fsm* fsm(std::size_t server) const;                              ///< what make_fsm has made
  std::uint64_t incarnation(std::size_t server) const;             ///< grows with each start
  bool runs(std::size_t server, std::uint64_t incarnation) const;  ///< still the same process
  SimDisk& disk(std::size_t server);
  SimFileSystem* files(std::size_t server) const;  ///< nullptr: it is down, or has no disk
  SimRuntime* runtime(std::size_t server) const;
  std::optional<std::size_t> leader() const;  ///< the one with the highest term, if it is up

  void start(std::size_t server);
  /// Starts it, and lets it crash at its `operations`-th change of the disk.
  void start_and_crash_after(std::size_t server, std::uint64_t operations, Crash kind);
  void crash(std::size_t server, Crash kind);
  /// Crashes it at its `operations`-th change of the disk from now on.
  void crash_after(std::size_t server, std::uint64_t operations, Crash kind);
  /// Crashes it right before or right after its next sync of a file.
  void crash_at_sync(std::size_t server, bool after, Crash kind);
  void calm(std::size_t server);  ///< forgets a crash that is drawn and has not happened
  /// Another machine, with an empty disk, a new id and a new address, takes the number of a server
  /// that is down and never comes back. It is a member of nothing.
  void replace(std::size_t server);
  /// Forced recovery (reference §1.8): all are down, and only `server` comes back, as the one
  /// member of the cluster, with recover_cluster. The others are replaced. Nothing is started.
  /// With a `crash` it is interrupted, and done once more.
  void recover(std::size_t server, std::optional<RecoveryCrash> crash = {});
  /// Called when a process has ended, whoever ended it.
  void on_crash(std::function<void(std::size_t server)> hook) { on_crash_ = std::move(hook); }
  /// Called when a server begins to lead, before it has told anybody. Not the place for crash().
  void on_leader(std::function<void(std::size_t server)> hook) { on_leader_ = std::move(hook); }

  /// Called when a server has a leader's snapshot and is about to make it durable. Not the place
  /// for crash().
  void on_install(std::function<void(std::size_t server)> hook) { on_install_ = std::move(hook); }

  /// Called when a leader is about to make a user's restored state durable, which ends at this
  /// index. False: its store fails. Not the place for crash().
  void on_restore(std::function<bool(std::size_t server, LogIndex last)> hook) {
    on_restore_ = std::move(hook);
  }

  /// Called when a server has started.
  void on_start(std::function<void(std::size_t server)> hook) { on_start_ = std::move(hook); }
  /// Called when a device fails an operation of the server's process. Not the place for crash().
  void on_disk_fault(std::function<void(std::size_t server, DiskFault::Kind)> hook) {
    on_disk_fault_ = std::move(hook);
  }
  /// Called when a node has stopped by itself; its process goes on. Not the place for crash().
  void on_death(std::function<void(std::size_t server, const Error& why)> hook) {
    on_death_ = std::move(hook);
  }
  /// Called when a server refuses to start; then its process ends. False: it had no reason to.
  void on_refusal(std::function<bool(std::size_t server, const Error& why)> hook) {
    on_refusal_ = std::move(hook);
  }

  /// Runs one event. False: there is none, or a property is violated, or a restore is lost.
  bool step();
  /// Runs until then; false if a property is violated.
  bool run_for(Duration duration);

  ClusterCounters counters() const;
  std::uint64_t trace_hash() const { return scheduler_.trace_hash(); }

 private:
  struct Machine;
  struct Process;

  void equip(std::size_t server);
  Choices choices_of(std::size_t server, const char* what);
  std::unique_ptr<Process> new_process(std::size_t server);
  FileSnapshotOptions snapshot_options(const SimRuntime& runtime) const;
  void open_stores(std::size_t server, Process& process);
  std::shared_ptr<Transport> new_transport(std::size_t server, Process& process);
  void start_service(std::size_t server, Process& process);
  void launch(std::size_t server, std::optional<std::uint64_t> crash_after);
  bool run_recovery(std::size_t server, std::optional<RecoveryCrash> crash);
  void watch_for_death(std::size_t server, Process& process);
  void refused(std::size_t server, const Error& why);
  void end_process(std::size_t server);
  void end_crashed_processes();
  void crash_soon(std::size_t server);
  void notice_leader();
  void check_limits(std::size_t server, const driver::Holdings& held);
  Struck struck(std::size_t server);
  bool has_cut_links(std::size_t server);

  SimClusterOptions options_;
  Scheduler scheduler_;
  std::vector<Server> servers_;
  std::shared_ptr<Invariants> invariants_;
  std::shared_ptr<SimNetwork> network_;
  std::unique_ptr<SimStreams> streams_;
  std::unique_ptr<LinkCuts> links_;
  std::uint64_t cuts_known_ = 0;  ///< Machine::has_cut_links is as after so many changes
  Line line_;
  std::vector<SimClock> clocks_;  ///< by server
  std::shared_ptr<DirectNetwork> direct_network_;
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::size_t> crashed_;  ///< at an operation of their disk, still to be cleared away
  std::uint64_t elections_seen_ = 0;
  std::function<void(std::size_t)> on_crash_;
  std::function<void(std::size_t)> on_leader_;
  std::function<void(std::size_t)> on_install_;
  std::function<bool(std::size_t, LogIndex)> on_restore_;
  std::function<void(std::size_t)> on_start_;
  std::function<void(std::size_t, DiskFault::Kind)> on_disk_fault_;
  std::function<void(std::size_t, const Error&)> on_death_;
  std::function<bool(std::size_t, const Error&)> on_refusal_;
  ClusterCounters counters_;
};

}  // namespace testing
}  // namespace proa
