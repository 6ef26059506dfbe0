#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proa/node/raft.hpp"
#include "proa/transport/call_server.hpp"
#include "server/admin/messages.hpp"

namespace proa::server {

/// What a server tells about itself that Raft does not know.
struct AboutServer {
  ServerId id = {};
  std::string version = {};
  std::string cluster = {};         ///< the list it was started with
  std::string client_address = {};  ///< where clients of the Redis protocol connect
};

/// What a server that runs Raft tells of itself.
ServerStatus status_of(const AboutServer& about, const Status& raft, Instant now);
Standing standing_of(const AboutServer& about, const Status& raft);

/// Answers the calls of server/call_kinds.hpp for a running node, which outlives the server.
/// What changes the cluster is refused with not_leader and the leader's address where this is not
/// the leader. Threads: the loop.
void serve_admin(CallServer& server, std::shared_ptr<Runtime> runtime, Raft& raft,
                 const AboutServer& about);

}  // namespace proa::server
