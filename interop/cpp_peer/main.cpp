// cpp_peer is one of our servers for interoperability tests: durable log, TCP transport, and a
// control port that takes one command per line and answers with one JSON object per line (see
// ../README.md). The same command line as go_peer's.

#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <cstdio>
#include <memory>
#include <sstream>

#include "interop/cpp_peer/control.hpp"
#include "proa/node/bootstrap.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/posix_file_system.hpp"
#include "proa/runtime/tcp.hpp"
#include "proa/store/file_snapshot_store.hpp"
#include "proa/store/file_stable_store.hpp"
#include "proa/store/wal.hpp"
#include "proa/transport/net_transport.hpp"

namespace proa::interop {
namespace {

using boost::asio::ip::tcp;

struct Arguments {
  std::string id = {};
  std::string address = {};
  std::string control = {};
  std::string data = {};
  std::string servers = {};
  std::uint64_t timeout_ms = 300;
  std::uint64_t snapshot_threshold = std::uint64_t{1} << 40;
  std::uint64_t trailing = 10240;
};

class StderrLogger final : public Logger {
 public:
  explicit StderrLogger(std::string name) : name_(std::move(name)) {}
  bool enabled(LogLevel level) const override { return level >= LogLevel::info; }
  void log(LogLevel level, std::string_view text) override {
    if (!enabled(level)) return;
    const std::string line = name_ + ": " + std::string{text} + "\n";
    std::fputs(line.c_str(), stderr);
  }

 private:
  std::string name_;
};

Configuration parse_servers(const std::string& text) {
  Configuration configuration;
  std::istringstream in{text};
  for (std::string one; std::getline(in, one, ',');) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos) continue;
    configuration.servers.push_back(
        {Suffrage::voter, {one.substr(0, equals)}, {one.substr(equals + 1)}});
  }
  return configuration;
}

Config config_of(const Arguments& arguments, std::shared_ptr<Logger> logger) {
  Config config;
  config.local_id = {arguments.id};
  config.heartbeat_timeout = config.election_timeout =
      std::chrono::milliseconds{arguments.timeout_ms};
  config.leader_lease_timeout = config.heartbeat_timeout / 2;
  config.snapshot_threshold = arguments.snapshot_threshold;
  config.trailing_logs = arguments.trailing;
  config.snapshot_interval = std::chrono::seconds{1};
  config.logger = std::move(logger);
  return config;
}

Result<ControlledPeer> start(const Arguments& arguments) {
  const auto logger = std::make_shared<StderrLogger>(arguments.id);
  const auto files = std::make_shared<PosixFileSystem>();
  PROA_TRY(auto runtime, make_runtime({.logger = logger}));
  const Config config = config_of(arguments, logger);
  ControlledPeer peer{.machine = std::make_shared<Machine>(),
                      .logs = std::make_shared<CountingLog>(std::make_shared<Wal>(
                          files, arguments.data + "/wal", WalOptions{.seed = runtime->seed()}))};
  const auto stable = std::make_shared<FileStableStore>(files, arguments.data + "/stable");
  const auto snapshots =
      std::make_shared<FileSnapshotStore>(files, arguments.data, FileSnapshotOptions{});
  const Stores stores{.logs = *peer.logs, .stable = *stable, .snapshots = *snapshots};
  PROA_TRY(const bool known, has_existing_state(stores));
  if (!known && !arguments.servers.empty()) {
    PROA_TRY(bootstrap_cluster(config, stores, parse_servers(arguments.servers)));
  }
  PROA_TRY(auto streams, tcp_stream_layer(runtime, {.bind = arguments.address}));
  auto transport =
      std::make_shared<NetTransport>(runtime, std::shared_ptr<StreamLayer>{std::move(streams)},
                                     NetOptions{.local_id = config.local_id, .logger = logger});
  PROA_TRY(auto raft, Raft::create(config, peer.machine, peer.logs, stable, snapshots, transport));
  peer.raft = std::move(raft);
  return peer;
}

/// As many connections at a time as there are threads: the other end is a test that opens a few.
void serve(const ControlledPeer& peer, const std::string& control) {
  constexpr std::size_t kConnectionsMax = 16;
  boost::asio::io_context context;
  boost::asio::thread_pool threads{kConnectionsMax};
  const std::size_t colon = control.rfind(':');
  const auto port = static_cast<std::uint16_t>(std::stoul(control.substr(colon + 1)));
  tcp::acceptor acceptor{context, {boost::asio::ip::make_address(control.substr(0, colon)), port}};
  while (true) {
    auto link = std::make_shared<tcp::iostream>(acceptor.accept());
    boost::asio::post(threads, [peer, link] {
      for (std::string line; std::getline(*link, line);)
        *link << obey(peer, line) << std::flush;
    });
  }
}

int run(const Arguments& arguments) {
  const Result<ControlledPeer> peer = start(arguments);
  if (!peer) {
    std::fprintf(stderr, "cpp_peer: %s\n", to_string(peer.error()).c_str());
    return 1;
  }
  peer->raft->stopped().then([](const Result<Error>& why) {
    if (!why) return;
    std::fprintf(stderr, "cpp_peer: stopped by itself: %s\n", to_string(*why).c_str());
    std::_Exit(1);
  });
  serve(*peer, arguments.control);
  return 0;
}

}  // namespace
}  // namespace proa::interop

int main(int argc, char** argv) {
  proa::interop::Arguments arguments;
  CLI::App app{"One of our servers for the interoperability tests"};
  app.add_option("--id", arguments.id, "this server's id")->required();
  app.add_option("--address", arguments.address, "host:port of the peers' port")->required();
  app.add_option("--control", arguments.control, "host:port of the control port")->required();
  app.add_option("--data", arguments.data, "data directory")->required();
  app.add_option("--servers", arguments.servers, "id=host:port,... of a new cluster");
  app.add_option("--timeout-ms", arguments.timeout_ms, "heartbeat and election timeout");
  app.add_option("--snapshot-threshold", arguments.snapshot_threshold,
                 "entries between automatic snapshots");
  app.add_option("--trailing", arguments.trailing, "entries kept behind a snapshot");
  CLI11_PARSE(app, argc, argv);
  return proa::interop::run(arguments);
}
