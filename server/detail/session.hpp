#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/logger.hpp"
#include "proa/port/runtime.hpp"
#include "proa/transport/detail/flush_list.hpp"
#include "server/redis_server_options.hpp"
#include "server/replica.hpp"
#include "server/resp/reply_writer.hpp"

namespace proa::server {

/// Counted since the server began. For INFO.
struct ServerCounters {
  std::uint64_t connections = 0;  ///< accepted
  std::uint64_t commands = 0;
  std::uint64_t error_replies = 0;
  std::uint64_t clients = 0;  ///< connected now
};

/// What the connections of one server share. Threads: the loop.
struct ServerContext {
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<Replica> replica;
  RedisServerOptions options;
  std::string address = {};  ///< where clients connect
  Instant started_at = {};
  ServerCounters counters = {};
  FlushList to_flush = {};  ///< at the end of the turn
  bool flush_is_due = false;

  void log(LogLevel level, const std::string& text) const {
    if (options.logger->enabled(level)) options.logger->log(level, text);
  }
};

/// Whatever a turn has answered leaves at its end, in one write for each client.
void flush_at_turn_end(const std::shared_ptr<ServerContext>& server,
                       const std::shared_ptr<Flushable>& connection);

/// What has come since MULTI.
struct Transaction {
  std::vector<std::vector<SharedBytes>> requests = {};  ///< each with its name
  std::size_t bytes = 0;
  bool discarded = false;  ///< one of them was wrong
};

/// What a client has told about itself and how it wants to be answered: what a local command may
/// look at and change. Threads: the loop.
struct Session {
  std::shared_ptr<ServerContext> server = {};
  std::uint64_t id = 0;
  std::string remote = {};
  Instant began_at = {};
  resp::Protocol protocol = resp::Protocol::resp2;
  std::string name = {};
  std::string library_name = {};
  std::string library_version = {};
  std::string_view last_command = {};
  std::optional<Transaction> transaction = {};
  bool quits = false;  ///< closes once everything is answered

  std::string reply = {};  ///< a local command puts its answer here
  resp::ReplyWriter writer() { return {protocol, reply}; }
};

}  // namespace proa::server
