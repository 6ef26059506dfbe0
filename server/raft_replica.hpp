#pragma once

#include <memory>
#include <vector>

#include "kv/store.hpp"
#include "proa/node/raft.hpp"
#include "server/replica.hpp"

namespace proa::server {

/// The store behind a Raft node of this process. Threads: the loop, but for the constructor and the
/// destructor, which any but a lane may call.
class RaftReplica final : public Replica {
 public:
  /// `raft` was created with `store` and outlives this.
  RaftReplica(std::shared_ptr<Runtime> runtime, Raft& raft, std::shared_ptr<kv::Store> store,
              ServerId self);
  ~RaftReplica() override;
  RaftReplica(const RaftReplica&) = delete;
  RaftReplica& operator=(const RaftReplica&) = delete;

  void write(std::vector<Write> batch) override;
  void read(std::vector<Read> batch) override;
  ReplicaStatus status() const override;

 private:
  class Inner;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Inner> inner_;
};

}  // namespace proa::server
