#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kv/store.hpp"
#include "proa/node/raft.hpp"
#include "proa/transport/call_options.hpp"
#include "proa/transport/call_server.hpp"
#include "server/replica.hpp"

namespace proa::server {

struct RaftReplicaParts {
  std::shared_ptr<Runtime> runtime = {};
  Raft* raft = nullptr;  ///< created with `store`; outlives the replica
  std::shared_ptr<kv::Store> store = {};
  ServerId self = {};
  std::string client_address = {};  ///< of this server, told to others; may be empty
  /// Where other servers are dialled in Proa's own protocol. nullptr: a follower refuses.
  std::shared_ptr<StreamLayer> peers = {};
  CallOptions calls = {};  ///< `hello` names this server
};

/// The store behind a Raft node of this process. The leader proposes and reads; every other server
/// puts writes to the leader, and reads its own copy once it has applied what the leader says was
/// acknowledged. A write whose outcome is not known is never tried again.
/// Threads: the loop, but for the constructor and the destructor, which any but a lane may call.
class RaftReplica final : public Replica {
 public:
  explicit RaftReplica(RaftReplicaParts parts);
  ~RaftReplica() override;
  RaftReplica(const RaftReplica&) = delete;
  RaftReplica& operator=(const RaftReplica&) = delete;

  /// Answers what other servers forward (detail/forwarder.hpp) from now on. Any thread but a lane.
  void serve(CallServer& server);

  void write(std::vector<Write> batch) override;
  void read(std::vector<Read> batch) override;
  ReplicaStatus status() const override;

 private:
  class Inner;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Inner> inner_;
};

}  // namespace proa::server
