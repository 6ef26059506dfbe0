#pragma once

#include <memory>
#include <string>

#include "proa/node/raft.hpp"
#include "proa/store/wal.hpp"

namespace proa::bench {

struct ServerOptions {
  std::string id = {};
  std::string servers = {};  ///< id=host:port,... of the whole cluster
  std::string data = {};
  bool leads = false;  ///< campaigns long before the others would
};

struct RunningServer {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<Wal> log = {};
  std::unique_ptr<Raft> raft = {};
};

/// A durable server on TCP whose state machine only counts.
Result<RunningServer> start_server(const ServerOptions& options);

}  // namespace proa::bench
