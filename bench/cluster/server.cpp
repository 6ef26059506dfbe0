#include "bench/cluster/server.hpp"

#include <sstream>

#include "proa/node/bootstrap.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/posix_file_system.hpp"
#include "proa/runtime/tcp.hpp"
#include "proa/store/file_stable_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/transport/net_transport.hpp"

namespace proa::bench {
namespace {

using namespace std::chrono_literals;

class CountingFsm final : public Fsm {
 public:
  void apply(std::span<const Committed> batch, Responses&) override { count_ += batch.size(); }
  Result<std::unique_ptr<Snapshot>> snapshot() override {
    return fail(Errc::nothing_new_to_snapshot, "the benchmark's state machine takes no snapshots");
  }
  Result<void> restore(ByteSource&) override { return {}; }

 private:
  std::uint64_t count_ = 0;
};

Configuration parse(const std::string& servers) {
  Configuration configuration;
  std::istringstream in{servers};
  for (std::string one; std::getline(in, one, ',');) {
    const std::size_t equals = one.find('=');
    configuration.servers.push_back(
        {Suffrage::voter, {one.substr(0, equals)}, {one.substr(equals + 1)}});
  }
  return configuration;
}

}  // namespace

Result<RunningServer> start_server(const ServerOptions& options) {
  const Configuration configuration = parse(options.servers);
  const Server* self = configuration.find({options.id});
  if (self == nullptr) return fail(Errc::invalid_config, options.id + " is not among the servers");
  Config config;
  config.local_id = {options.id};
  config.heartbeat_timeout = config.election_timeout = options.leads ? Duration{1s} : Duration{8s};
  config.snapshot_threshold = std::uint64_t{1} << 40;

  PROA_TRY(auto runtime, make_runtime());
  const auto files = std::make_shared<PosixFileSystem>();
  auto log =
      std::make_shared<Wal>(files, options.data + "/wal", WalOptions{.seed = runtime->seed()});
  const auto stable = std::make_shared<FileStableStore>(files, options.data + "/stable");
  const auto snapshots = std::make_shared<MemorySnapshotStore>();
  PROA_TRY(bootstrap_cluster(config, {.logs = *log, .stable = *stable, .snapshots = *snapshots},
                             configuration));
  PROA_TRY(auto streams, tcp_stream_layer(runtime, {.bind = self->address.value}));
  auto transport =
      std::make_shared<NetTransport>(runtime, std::shared_ptr<StreamLayer>{std::move(streams)},
                                     NetOptions{.local_id = config.local_id});
  PROA_TRY(auto raft, Raft::create(config, std::make_shared<CountingFsm>(), log, stable, snapshots,
                                   transport));
  return RunningServer{.runtime = runtime, .log = std::move(log), .raft = std::move(raft)};
}

}  // namespace proa::bench
