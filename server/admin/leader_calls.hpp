#pragma once

#include <map>
#include <memory>

#include "proa/transport/call_client.hpp"
#include "server/call_kinds.hpp"

namespace proa::server {

/// Puts calls to whoever leads a cluster: the server that is asked answers, or says who does.
/// Threads: the loop.
class LeaderCalls : public std::enable_shared_from_this<LeaderCalls> {
 public:
  LeaderCalls(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
              CallOptions options)
      : runtime_(std::move(runtime)), streams_(std::move(streams)), options_(std::move(options)) {}

  struct Call {
    CallKind kind = {};
    SharedBytes body = {};
    Duration limit = std::chrono::seconds{5};
  };
  /// `done` runs once, on the loop, never inside this call. Errors: those of CallClient and of the
  /// call; not_leader, if nobody is found who leads.
  void call(const ServerAddress& first, Call call, CallClient::Done done);

 private:
  void call_at(const ServerAddress& at, Call call, int hops_left, CallClient::Done done);

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<StreamLayer> streams_;
  CallOptions options_;
  std::map<ServerAddress, std::unique_ptr<CallClient>> clients_ = {};
};

}  // namespace proa::server
