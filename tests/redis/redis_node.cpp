#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "kv/store.hpp"
#include "proa/node/bootstrap.hpp"
#include "proa/node/raft.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/disk_storage.hpp"
#include "proa/runtime/spdlog_logger.hpp"
#include "proa/runtime/tcp.hpp"
#include "proa/transport/call_server.hpp"
#include "proa/transport/net_transport.hpp"
#include "proa/transport/split_streams.hpp"
#include "server/raft_replica.hpp"
#include "server/redis_server.hpp"

// One server of the replicated store, for tests with real clients:
//
//     redis_node NUMBER DIRECTORY CLIENT_ADDRESS PEER_ADDRESS...
//
// NUMBER counts the peer addresses from 1 and says which of them is this server's. A directory
// without state is founded with all of them as voters. Ends with SIGTERM or SIGINT.

namespace proa {
namespace {

struct Settings {
  Server self = {};
  std::string directory = {};
  std::string client_address = {};
  Configuration founders = {};
};

Result<Settings> settings_from(std::span<char* const> arguments) {
  if (arguments.size() < 5) {
    return fail(Errc::invalid_config, "usage: redis_node NUMBER DIRECTORY CLIENT PEER...");
  }
  Settings settings{.directory = arguments[2], .client_address = arguments[3]};
  for (std::size_t i = 4; i < arguments.size(); ++i)
    settings.founders.servers.push_back(
        {.id = {"n" + std::to_string(i - 3)}, .address = {arguments[i]}});
  const std::size_t number = std::strtoul(arguments[1], nullptr, 10);
  if (number < 1 || number > settings.founders.servers.size()) {
    return fail(Errc::invalid_config, "NUMBER names none of the peer addresses");
  }
  settings.self = settings.founders.servers[number - 1];
  return settings;
}

Result<void> found_if_fresh(const Config& config, const Storage& storage,
                            const Configuration& founders) {
  const Stores stores{
      .logs = *storage.logs, .stable = *storage.stable, .snapshots = *storage.snapshots};
  PROA_TRY(const bool exists, has_existing_state(stores));
  if (exists) return {};
  return bootstrap_cluster(config, stores, founders);
}

Result<void> serve(const Settings& settings, const sigset_t& stop_signals) {
  PROA_TRY(const std::shared_ptr<Logger> logger, make_logger());
  PROA_TRY(const auto runtime, make_runtime({.logger = logger}));
  PROA_TRY(auto peer_port, tcp_stream_layer(runtime, {.bind = settings.self.address.value}));
  const SplitStreams peers{runtime, std::move(peer_port), {.logger = logger}};
  PROA_TRY(auto clients,
           tcp_stream_layer(runtime, {.bind = settings.client_address, .connections_max = 10100}));
  const auto transport = std::make_shared<NetTransport>(
      runtime, peers.raft(), NetOptions{.local_id = settings.self.id, .logger = logger});
  PROA_TRY(const Storage storage, open_storage(settings.directory));

  Config config;
  config.local_id = settings.self.id;
  config.logger = logger;
  PROA_TRY(found_if_fresh(config, storage, settings.founders));
  const auto store = std::make_shared<kv::Store>();
  PROA_TRY(const auto raft,
           Raft::create(config, store, storage.logs, storage.stable, storage.snapshots, transport));
  const CallOptions call_options{.hello = {.id = settings.self.id}, .logger = logger};
  const auto replica = std::make_shared<server::RaftReplica>(
      server::RaftReplicaParts{.runtime = runtime,
                               .raft = raft.get(),
                               .store = store,
                               .self = settings.self.id,
                               .client_address = clients->local_address().value,
                               .peers = peers.calls(),
                               .calls = call_options});
  CallServer calls{runtime, peers.calls(), call_options};
  replica->serve(calls);
  Result<void> started;
  Fn<void()> start = [&] { started = calls.start(); };
  runtime->run_on_loop(start);
  PROA_TRY(std::move(started));
  server::RedisServer redis{runtime, std::move(clients), replica, {.logger = logger}};
  PROA_TRY(redis.start());
  std::printf("ready %s\n", redis.address().value.c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&stop_signals, &received);
  return {};
}

}  // namespace
}  // namespace proa

int main(int argc, char** argv) {
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);  // before any thread begins
  const auto settings =
      proa::settings_from(std::span<char* const>{argv, static_cast<std::size_t>(argc)});
  const proa::Result<void> served =
      settings ? proa::serve(*settings, stop_signals) : proa::fail(settings.error());
  if (served) return 0;
  std::fprintf(stderr, "error: %s\n", proa::to_string(served.error()).c_str());
  return 1;
}
