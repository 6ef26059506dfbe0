#include "proa/testing/sim_cluster.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/driver/hard_state.hpp"
#include "proa/node/bootstrap.hpp"
#include "proa/node/detail/create.hpp"
#include "proa/node/recover.hpp"
#include "proa/store/file_snapshot_store.hpp"
#include "proa/store/file_stable_store.hpp"
#include "proa/store/memory_log_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/store/memory_stable_store.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/checked_fsm.hpp"
#include "proa/testing/checked_snapshots.hpp"
#include "proa/testing/checked_stores.hpp"
#include "proa/testing/checked_transport.hpp"
#include "proa/testing/detail/sim_machine.hpp"
#include "proa/testing/detail/stand_probe.hpp"
#include "proa/testing/link_cuts.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/testing/sim_streams.hpp"
#include "proa/transport/net_transport.hpp"
#include "proa/transport/split_streams.hpp"

namespace proa::testing {
namespace {

SimStreamOptions stream_options(const SimNetworkOptions& network, std::uint64_t short_percent,
                                std::uint64_t bytes_per_second) {
  return {.delay_min = network.delay_min,
          .delay_max = network.delay_max,
          .stall_permille = network.spike_permille,
          .stall_max = network.spike_max,
          .reset_permille = network.loss_permille,
          .bytes_per_second = bytes_per_second,
          .short_write_percent = short_percent,
          .short_read_percent = short_percent};
}

}  // namespace

SimCluster::SimCluster(SimClusterOptions options)
    : options_(std::move(options)), scheduler_(options_.seed, options_.deck) {
  for (std::size_t i = 0; i < options_.servers; ++i) {
    const std::string name = "s" + std::to_string(i + 1);
    servers_.push_back({.id = {name}, .address = {name + ":7000"}});
    machines_.push_back(std::make_unique<Machine>());
    equip(i);
  }
  clocks_ = options_.clocks;
  clocks_.resize(options_.servers);
  invariants_ = std::make_shared<Invariants>(servers_);
  invariants_->coverage().ask_for_faults([this](std::size_t server) { return struck(server); });
  if (options_.journal != nullptr) {
    options_.journal->watch(&scheduler_);
    invariants_->tell(options_.journal);
  }
  network_ = std::make_shared<SimNetwork>(scheduler_, options_.network,
                                          scheduler_.random().part("network"));
  direct_network_ = std::make_shared<DirectNetwork>(network_);
  streams_ = std::make_unique<SimStreams>(
      scheduler_, stream_options(options_.network, options_.short_io_percent, 0),
      scheduler_.random().part("streams"));
  links_ = std::make_unique<LinkCuts>(*network_, *streams_);
}

/// By number: the decisions about a machine outlive the identity of the server on it.
Choices SimCluster::choices_of(std::size_t server, const char* what) {
  return scheduler_.random().part("s" + std::to_string(server + 1) + what);
}

void SimCluster::equip(std::size_t server) {
  Machine& machine = *machines_[server];
  machine.disk = std::make_shared<SimDisk>(options_.disk, choices_of(server, ".disk"));
  machine.limits = {};
  machine.disk->on_fault([this, server](DiskFault::Kind kind) {
    machines_[server]->limits.excuse_one();
    if (on_disk_fault_) on_disk_fault_(server, kind);
  });
  machine.memory_log = std::make_shared<MemoryLogStore>();
  machine.memory_stable = std::make_shared<MemoryStableStore>();
  machine.memory_snapshots = std::make_shared<MemorySnapshotStore>();
}

SimCluster::~SimCluster() {
  on_crash_ = nullptr;
  on_disk_fault_ = nullptr;
  on_death_ = nullptr;
  if (options_.journal != nullptr) options_.journal->close();
  for (std::size_t server = 0; server < size(); ++server)
    end_process(server);
}

void SimCluster::bootstrap_and_start() {
  const std::size_t founders = std::min(options_.founders, size());
  Configuration first{.servers = servers_};
  first.servers.resize(founders);
  for (std::size_t server = 0; server < founders; ++server) {
    auto process = new_process(server);
    Config config = options_.config;
    config.local_id = servers_[server].id;
    const Stores stores{
        .logs = *process->logs, .stable = *process->stable, .snapshots = *process->snapshots};
    const auto done = bootstrap_cluster(config, stores, first);
    if (!done) invariants_->violated("bootstrap failed: " + to_string(done.error()));
  }
  for (std::size_t server = 0; server < size(); ++server)
    start(server);
}

std::optional<std::size_t> SimCluster::number_of(const ServerId& id) const {
  for (std::size_t server = 0; server < size(); ++server) {
    if (servers_[server].id == id) return server;
  }
  return std::nullopt;
}

Raft* SimCluster::raft(std::size_t server) const {
  const auto& process = machines_[server]->process;
  return process == nullptr ? nullptr : process->raft.get();
}

Fsm* SimCluster::fsm(std::size_t server) const {
  const auto& process = machines_[server]->process;
  return process == nullptr ? nullptr : process->fsm.get();
}

SimFileSystem* SimCluster::files(std::size_t server) const {
  const auto& process = machines_[server]->process;
  return process == nullptr ? nullptr : process->files.get();
}

SimRuntime* SimCluster::runtime(std::size_t server) const {
  const auto& process = machines_[server]->process;
  return process == nullptr ? nullptr : process->runtime.get();
}

std::uint64_t SimCluster::incarnation(std::size_t server) const {
  return machines_[server]->incarnation;
}

bool SimCluster::runs(std::size_t server, std::uint64_t incarnation) const {
  return machines_[server]->incarnation == incarnation && raft(server) != nullptr &&
         !runtime(server)->ended();
}

SimDisk& SimCluster::disk(std::size_t server) { return *machines_[server]->disk; }

std::optional<std::size_t> SimCluster::leader() const {
  const auto leader = invariants_->newest_leader();
  if (!leader || raft(*leader) == nullptr) return std::nullopt;
  return leader;
}

std::unique_ptr<SimCluster::Process> SimCluster::new_process(std::size_t server) {
  auto process = std::make_unique<Process>();
  SimRuntimeOptions runtime = options_.runtime;
  runtime.server = static_cast<std::uint32_t>(server) + 1;
  runtime.clock = clocks_[server];
  process->runtime = std::make_shared<SimRuntime>(scheduler_, runtime, choices_of(server, ""));
  open_stores(server, *process);
  process->transport =
      std::make_shared<CheckedTransport>(new_transport(server, *process), invariants_, server);
  process->fsm = options_.make_fsm(server);
  return process;
}

ServerAddress SimCluster::client_address(std::size_t server) const {
  return {servers_[server].id.value + ":7400"};
}

void SimCluster::start_service(std::size_t server, Process& process) {
  if (!options_.make_service || process.raft == nullptr) return;
  process.service =
      options_.make_service({.server = server,
                             .runtime = process.runtime,
                             .calls = process.calls,
                             .clients = streams_->layer(process.runtime, client_address(server)),
                             .fsm = process.fsm,
                             .raft = process.raft.get()});
}

std::shared_ptr<Transport> SimCluster::new_transport(std::size_t server, Process& process) {
  const ServerAddress& address = servers_[server].address;
  if (options_.wire == Wire::bytes) {
    NetOptions net;
    net.local_id = servers_[server].id;
    net.control_limit = options_.request_limit;
    net.append_limit = options_.request_limit;
    net.snapshot_limit = options_.request_limit;
    std::shared_ptr<StreamLayer> port = streams_->layer(process.runtime, address);
    if (options_.make_service) {
      const SplitStreams split{process.runtime, std::move(port)};
      process.calls = split.calls();
      port = split.raft();
    }
    return std::make_shared<NetTransport>(process.runtime, std::move(port), net);
  }
  return std::make_shared<DirectTransport>(
      direct_network_, process.runtime,
      DirectTransportOptions{.address = address,
                             .window_requests = options_.window_requests,
                             .request_limit = options_.request_limit});
}

void SimCluster::set_network(const SimNetworkOptions& options) {
  network_->options() = options;
  streams_->options() = stream_options(options, options_.short_io_percent, line_.bytes_per_second);
}

void SimCluster::tell(Happening what, std::size_t server, std::string text) {
  if (options_.journal != nullptr) options_.journal->add(what, server, std::move(text));
}

void SimCluster::open_stores(std::size_t server, Process& process) {
  const Machine& machine = *machines_[server];
  std::shared_ptr<LogStore> logs = machine.memory_log;
  std::shared_ptr<StableStore> stable = machine.memory_stable;
  std::shared_ptr<SnapshotStore> snapshots = machine.memory_snapshots;
  if (options_.on_disk) {
    process.files = std::make_shared<SimFileSystem>(machine.disk);
    process.files->set_on_crash([this, server, runtime = process.runtime.get()] {
      runtime->kill();
      crashed_.push_back(server);
    });
    process.runtime->set_disk_cost([files = process.files.get()] { return files->take_cost(); });
    process.wal = std::make_shared<Wal>(
        process.files, kLogDirectory,
        WalOptions{.segment_bytes = options_.segment_bytes, .seed = process.runtime->seed()});
    logs = process.wal;
    stable = std::make_shared<FileStableStore>(process.files, kStableFile);
    snapshots = std::make_shared<FileSnapshotStore>(process.files, kSnapshotDirectory,
                                                    snapshot_options(*process.runtime));
  }
  const auto installs = [this, server] {
    if (on_install_) on_install_(server);
  };
  const auto restores = [this, server](LogIndex last) {
    return !on_restore_ || on_restore_(server, last);
  };
  process.snapshots = std::make_shared<CheckedSnapshotStore>(
      std::move(snapshots), invariants_, server,
      SnapshotHooks{.installs = installs,
                    .restores = restores,
                    .states_are_equal = options_.snapshots_are_equal});
  process.logs = std::make_shared<CheckedLogStore>(std::move(logs), invariants_, server);
  process.stable = std::make_shared<CheckedStableStore>(std::move(stable), invariants_, server,
                                                        &driver::load_hard_state);
}

void SimCluster::start(std::size_t server) { launch(server, std::nullopt); }

void SimCluster::start_and_crash_after(std::size_t server, std::uint64_t operations, Crash kind) {
  machines_[server]->crash_kind = kind;
  launch(server, operations);
}

void SimCluster::launch(std::size_t server, std::optional<std::uint64_t> crash_after) {
  Machine& machine = *machines_[server];
  if (machine.process != nullptr) return;
  ++machine.incarnation;
  tell(Happening::starts, server, "as process " + std::to_string(machine.incarnation));
  machine.process = new_process(server);
  Process& process = *machine.process;
  if (process.files != nullptr && crash_after) process.files->crash_after(*crash_after);
  Config config = options_.config;
  config.local_id = servers_[server].id;
  const std::uint64_t lost_before = invariants_->counters().writes_lost;
  StandProbe::Hooks hooks{
      .seen = [this] { notice_leader(); },
      .held = [this, server](const driver::Holdings& held) { check_limits(server, held); }};
  auto raft = create_raft({.config = std::move(config),
                           .fsm = std::make_shared<CheckedFsm>(process.fsm, invariants_, server),
                           .logs = process.logs,
                           .stable = process.stable,
                           .snapshots = process.snapshots,
                           .transport = process.transport},
                          std::make_shared<StandProbe>(invariants_, server, std::move(hooks)));
  if (process.runtime->ended()) {
    ++counters_.crashes_during_recovery;
  } else if (!raft) {
    refused(server, raft.error());
  }
  const bool write_was_lost = invariants_->counters().writes_lost > lost_before;
  if (std::exchange(machine.write_was_torn, false) && write_was_lost) ++counters_.torn_tails;
  const bool has_started = raft.has_value();
  if (has_started) {
    process.raft = std::move(*raft);
    watch_for_death(server, process);
  }
  if (!process.runtime->ended()) start_service(server, process);
  if (has_started && on_start_) on_start_(server);
  end_crashed_processes();
}

void SimCluster::replace(std::size_t server) {
  Machine& machine = *machines_[server];
  PROA_ASSERT(machine.process == nullptr);
  ++counters_.replacements;
  const std::string name =
      "s" + std::to_string(server + 1) + "#" + std::to_string(++machine.identities);
  servers_[server] = {.id = {name}, .address = {name + ":7000"}};
  equip(server);
  machine.write_was_torn = false;
  machine.has_cut_links = false;
  invariants_->replaced(server, servers_[server]);
}

void SimCluster::recover(std::size_t server, std::optional<RecoveryCrash> crash) {
  ++counters_.recoveries;
  for (std::size_t other = 0; other < size(); ++other) {
    PROA_ASSERT(machines_[other]->process == nullptr);
    if (other != server) replace(other);
  }
  if (run_recovery(server, crash)) return;
  ++counters_.recoveries_crashed;
  run_recovery(server, std::nullopt);
}

/// False: it was interrupted.
bool SimCluster::run_recovery(std::size_t server, std::optional<RecoveryCrash> crash) {
  invariants_->recovers(server);
  auto process = new_process(server);
  if (crash && process->files != nullptr) process->files->crash_after(crash->operations);
  Config config = options_.config;
  config.local_id = servers_[server].id;
  const Stores stores{
      .logs = *process->logs, .stable = *process->stable, .snapshots = *process->snapshots};
  CheckedFsm fsm{process->fsm, invariants_, server};
  const auto done = recover_cluster(config, fsm, stores, {.servers = {servers_[server]}});
  const bool interrupted = process->runtime->ended();
  if (!done && !interrupted) invariants_->violated("recovery failed: " + to_string(done.error()));
  if (interrupted) {
    machines_[server]->limits.excuse_one();
    std::erase(crashed_, server);
    process->files->set_on_crash(nullptr);
    process->files->crash();
  }
  process = nullptr;
  if (interrupted && crash->kind == Crash::power) machines_[server]->disk->cut_power();
  invariants_->process_ended(server);
  return !interrupted;
}

void SimCluster::notice_leader() {
  if (invariants_->counters().elections == elections_seen_) return;
  elections_seen_ = invariants_->counters().elections;
  if (const auto now = leader(); now && on_leader_) on_leader_(*now);
}

void SimCluster::check_limits(std::size_t server, const driver::Holdings& held) {
  constexpr std::uint64_t kLooksPerLookAtTheDisk = 4;
  Machine& machine = *machines_[server];
  const ResourceBasis basis{.servers = size(),
                            .window_requests = options_.wire == Wire::structs
                                                   ? std::optional{options_.window_requests}
                                                   : std::nullopt,
                            .snapshots_retained = FileSnapshotOptions{}.retain};
  if (const auto beyond = beyond_limits(held, options_.config, basis)) {
    invariants_->violated("bounded resources: " + servers_[server].id.value + " holds " + *beyond);
  }
  if (++machine.looks % kLooksPerLookAtTheDisk != 0) return;
  if (invariants_->shadow(server).rotten) machine.limits.excuse_snapshots();
  if (const auto beyond = machine.limits.look(kept_on(*machine.disk), basis)) {
    invariants_->violated("bounded resources: " + servers_[server].id.value + " keeps " + *beyond);
  }
}

bool SimCluster::step() {
  const auto is_over = [this] {
    return invariants_->violation() || invariants_->has_lost_a_restore();
  };
  if (is_over() || !scheduler_.run_next()) return false;
  end_crashed_processes();
  return !is_over();
}

bool SimCluster::run_for(Duration duration) {
  const Instant until = scheduler_.now() + duration;
  bool reached = false;
  scheduler_.at(until, 0, [&reached] { reached = true; });
  while (!reached) {
    if (!step()) return false;
  }
  return true;
}

}  // namespace proa::testing
