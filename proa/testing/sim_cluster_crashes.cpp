#include <algorithm>
#include <utility>

#include "proa/testing/detail/sim_machine.hpp"
#include "proa/testing/sim_cluster.hpp"
#include "proa/testing/sim_streams.hpp"

namespace proa::testing {
namespace {

void count_tasks(const SimRuntime& runtime, ClusterCounters& into) {
  for (const Lane lane : {Lane::log, Lane::reader, Lane::fsm, Lane::snapshot}) {
    into.inline_tasks += runtime.counters(lane).inline_tasks;
    into.lane_tasks += runtime.counters(lane).lane_tasks;
  }
}

}  // namespace

void SimCluster::crash(std::size_t server, Crash kind) {
  Machine& machine = *machines_[server];
  if (machine.process == nullptr) return;
  machine.crash_kind = kind;
  end_process(server);
}

void SimCluster::crash_after(std::size_t server, std::uint64_t operations, Crash kind) {
  Machine& machine = *machines_[server];
  if (machine.process == nullptr) return;
  machine.crash_kind = kind;
  if (machine.process->files != nullptr) return machine.process->files->crash_after(operations);
  crash_soon(server);
}

/// Without a disk there is no operation to crash at, only a time.
void SimCluster::crash_soon(std::size_t server) {
  constexpr std::uint64_t kSoonMicroseconds = 5000;
  scheduler_.random().begin("crash soon");
  const std::chrono::microseconds delay{scheduler_.random().below(kSoonMicroseconds)};
  scheduler_.after(delay, 0, [this, server, process = incarnation(server)] {
    if (runs(server, process)) crash(server, machines_[server]->crash_kind);
  });
}

void SimCluster::crash_at_sync(std::size_t server, bool after, Crash kind) {
  Machine& machine = *machines_[server];
  if (machine.process == nullptr) return;
  machine.crash_kind = kind;
  if (machine.process->files == nullptr) return crash_soon(server);
  machine.process->files->crash_at_next(after ? SimFileSystem::Moment::after_sync
                                              : SimFileSystem::Moment::before_sync);
}

void SimCluster::calm(std::size_t server) {
  Machine& machine = *machines_[server];
  if (machine.process != nullptr && machine.process->files != nullptr) {
    machine.process->files->calm();
  }
}

void SimCluster::watch_for_death(std::size_t server, Process& process) {
  process.events = process.raft->observe([this, server](const Event& event) {
    if (std::holds_alternative<PeerLostLog>(event)) {
      invariants_->coverage().happened(Sometimes::peer_lost_log);
    }
    const auto* died = std::get_if<NodeDied>(&event);
    if (died == nullptr) return;
    tell(Happening::fault, server, "stops by itself: " + to_string(died->why));
    if (on_death_) on_death_(server, died->why);
  });
}

/// It ends like a process that crashes, and its page cache stays.
void SimCluster::refused(std::size_t server, const Error& why) {
  tell(Happening::fault, server, "does not start: " + to_string(why));
  if (!on_refusal_ || !on_refusal_(server, why)) {
    invariants_->violated(servers_[server].id.value + " does not start: " + to_string(why));
  }
  machines_[server]->crash_kind = Crash::process;
  machines_[server]->process->runtime->kill();
  crashed_.push_back(server);
}

/// Everything in the process is destroyed; nothing of it runs any more.
void SimCluster::end_process(std::size_t server) {
  Machine& machine = *machines_[server];
  if (machine.process == nullptr) return;
  std::erase(crashed_, server);
  if (options_.journal != nullptr) {
    options_.journal->ended(
        server, machine.crash_kind == Crash::power ? "the power is cut" : "the process is killed");
  }
  ++counters_.crashes;
  machine.limits.excuse_one();
  if (leader() == server) ++counters_.leader_crashes;
  const ServerShadow& shadow = invariants_->shadow(server);
  const bool in_flight = shadow.log_in_flight.has_value();
  if (in_flight) ++counters_.log_writes_in_flight_at_crash;
  Process& process = *machine.process;
  count_tasks(*process.runtime, counters_);
  if (process.raft != nullptr && process.wal != nullptr)
    counters_.segments_begun += process.wal->counters().rolls;
  process.runtime->kill();
  if (machine.crash_kind == Crash::power) {
    streams_->vanish(servers_[server].address);
    streams_->vanish(client_address(server));
  }
  if (process.files != nullptr) {
    process.files->set_on_crash(nullptr);
    process.files->crash();
  }
  process.service = nullptr;
  process.events = {};
  process.raft = nullptr;
  machine.process = nullptr;
  if (machine.crash_kind == Crash::power) {
    ++counters_.power_cuts;
    const PowerCutReport report = machine.disk->cut_power();
    counters_.torn_sectors += report.torn;
    const bool in_part = report.torn > 0 || (report.survived > 0 && report.vanished > 0);
    machine.write_was_torn = in_flight && in_part;
  }
  invariants_->process_ended(server);
  if (on_crash_) on_crash_(server);
}

void SimCluster::end_crashed_processes() {
  while (!crashed_.empty())
    end_process(crashed_.front());
}

ClusterCounters SimCluster::counters() const {
  ClusterCounters counters = counters_;
  for (const auto& machine : machines_) {
    if (machine->process != nullptr) count_tasks(*machine->process->runtime, counters);
  }
  return counters;
}

}  // namespace proa::testing
