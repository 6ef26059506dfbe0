#pragma once

#include <array>
#include <memory>

#include "proa/store/memory_log_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/store/memory_stable_store.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/detail/resources.hpp"
#include "proa/testing/sim_cluster.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa::testing {

/// What outlives the processes of a server.
struct SimCluster::Machine {
  std::shared_ptr<SimDisk> disk = {};
  std::shared_ptr<MemoryLogStore> memory_log = {};
  std::shared_ptr<MemoryStableStore> memory_stable = {};
  std::shared_ptr<MemorySnapshotStore> memory_snapshots = {};
  std::unique_ptr<Process> process = {};
  std::uint64_t incarnation = 0;
  std::uint64_t identities = 1;
  bool has_cut_links = false;
  bool write_was_torn = false;        ///< a part of a log write reached the medium
  Crash crash_kind = Crash::process;  ///< when the process ends at an operation of its disk
  DiskLimits limits = {};
  std::uint64_t looks = 0;  ///< at what the server holds
};

/// What dies with it; from the last to the first.
struct SimCluster::Process {
  std::shared_ptr<SimFileSystem> files = {};
  std::shared_ptr<SimRuntime> runtime = {};
  std::shared_ptr<Wal> wal = {};  ///< inside `logs`, if there is a disk
  std::shared_ptr<LogStore> logs = {};
  std::shared_ptr<StableStore> stable = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
  std::shared_ptr<Transport> transport = {};
  std::shared_ptr<Fsm> fsm = {};
  std::unique_ptr<Raft> raft = {};
  Subscription events = {};
  std::shared_ptr<StreamLayer> calls = {};  ///< if there is a service
  std::shared_ptr<void> service = {};
  bool has_late_timers = false;
  std::array<bool, kLanes> is_slow = {};  ///< by Lane
};

}  // namespace proa::testing
