#pragma once

#include <memory>

#include "proa/port/runtime.hpp"
#include "proa/port/stream_layer.hpp"
#include "server/redis_server_options.hpp"
#include "server/replica.hpp"

namespace proa::server {

/// Speaks the Redis protocol with clients over a stream layer, for a replica of the store. Threads:
/// any but a lane; what it does, it does on the loop.
class RedisServer {
 public:
  RedisServer(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> clients,
              std::shared_ptr<Replica> replica, RedisServerOptions options = {});
  ~RedisServer();  ///< closes every connection at once
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// Takes clients from now on. Errors: those of StreamLayer::listen.
  Result<void> start();
  /// Takes no more clients and no more requests, and calls back once everything taken is answered
  /// and every connection closed: a client whose connection just closes sends its write again.
  /// Needs a replica that answers; whoever waits for it sets a limit.
  void stop(Fn<void()> stopped);
  ServerAddress address() const;

 private:
  class Inner;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Inner> inner_;
};

}  // namespace proa::server
