#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "proa/transport/call_client.hpp"
#include "server/detail/forwarded.hpp"

namespace proa::server {

struct ForwarderLimits {
  Duration write = std::chrono::seconds{10};
  Duration read = std::chrono::seconds{3};
  /// How long calls to a server that leads no more may still be answered by it.
  Duration farewell = std::chrono::seconds{1};
};

/// Puts writes and reads to whoever leads, over one connection. Nothing is repeated. Where the
/// leader does not speak Proa's own protocol (a hashicorp/raft one does not), each fails with
/// unsupported_by_leader. Threads: the loop.
class Forwarder {
 public:
  Forwarder(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
            CallOptions calls, ForwarderLimits limits = {});

  /// Nothing: nobody leads, or this server does.
  void set_leader(const std::optional<Server>& leader);
  /// Where the leader's clients connect; empty: not known.
  const std::string& client_address() const { return *client_address_; }

  // With a leader only. Each calls back once, never inside the call.
  void write(Term term, Write one);
  void read(SharedBytes question, Fn<void(Result<ForwardedAnswer>)> done);

 private:
  void retire();
  void ask_client_address();

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<StreamLayer> streams_;
  CallOptions calls_;
  ForwarderLimits limits_;
  std::optional<Server> leader_ = {};
  std::shared_ptr<CallClient> client_ = {};  ///< of leader_
  std::shared_ptr<std::string> client_address_ = std::make_shared<std::string>();
};

}  // namespace proa::server
