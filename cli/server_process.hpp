#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/server_files.hpp"
#include "cli/switched_replica.hpp"
#include "kv/store.hpp"
#include "proa/node/raft.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/transport/call_server.hpp"
#include "proa/transport/split_streams.hpp"
#include "server/admin/admin_service.hpp"
#include "server/admin/promotion.hpp"
#include "server/raft_replica.hpp"
#include "server/redis_server.hpp"

namespace proa::cli {

/// Everything of a running server, from the ports to the store. Threads: one, which is neither the
/// loop nor a lane.
class ServerProcess {
 public:
  /// Takes the ports, then the data directory, so that what is refused leaves no trace.
  static Result<std::unique_ptr<ServerProcess>> open(const Settings& settings,
                                                     std::shared_ptr<Logger> logger);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  bool needs_founding() const;
  /// Finds or founds the cluster. `done` runs on the loop.
  Result<void> found(server::Founding::Done done);
  /// Runs Raft and takes clients. `died` runs on the loop when the node has stopped by itself.
  Result<void> run(Fn<void(Error)> died);
  /// Hands leadership over and answers what was taken, then calls back on the loop.
  void stop(Fn<void()> stopped);

  std::string banner() const;  ///< for people: who, where, and what is on the disk

 private:
  ServerProcess(const Settings& settings, std::shared_ptr<Logger> logger);
  Result<void> open_ports();
  void answer_status();
  Result<void> take_clients();
  void get_a_vote();
  Result<Config> raft_config() const;
  CallOptions call_options() const;
  server::AboutServer about() const;

  Settings settings_;
  std::shared_ptr<Logger> logger_;
  std::shared_ptr<AsioRuntime> runtime_ = {};
  std::shared_ptr<StreamLayer> peers_port_ = {};
  std::shared_ptr<StreamLayer> clients_ = {};
  std::unique_ptr<SplitStreams> peers_ = {};
  std::shared_ptr<ServerFiles> files_ = {};
  std::unique_ptr<CallServer> calls_ = {};
  std::shared_ptr<server::Founding> founding_ = {};
  std::shared_ptr<server::Promotion> promotion_ = {};
  std::shared_ptr<kv::Store> store_ = {};
  std::unique_ptr<Raft> raft_ = {};
  std::shared_ptr<server::RaftReplica> replica_ = {};
  std::shared_ptr<SwitchedReplica> for_clients_ = {};
  std::unique_ptr<server::RedisServer> redis_ = {};
};

}  // namespace proa::cli
