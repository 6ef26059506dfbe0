#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kv/query.hpp"
#include "kv/reply.hpp"
#include "proa/base/fn.hpp"
#include "proa/base/result.hpp"
#include "proa/node/status.hpp"

namespace proa::server {

using ReplyDone = Fn<void(Result<kv::Reply>)>;

/// `command` as kv::encode_command makes it.
struct Write {
  SharedBytes command = {};
  ReplyDone done = {};
};
struct Read {
  kv::Query query = {};
  ReplyDone done = {};
};

/// What a client may ask about the cluster, as this server sees it now.
struct ReplicaStatus {
  ServerId self = {};
  Role role = Role::follower;
  Term term = {};
  std::optional<Server> leader = {};
  std::string leader_client_address = {};  ///< host:port for clients; empty: not known
  LogIndex commit_index = {};
  LogIndex applied_index = {};
  std::size_t servers = 0;
  std::uint64_t keys = 0;
  std::uint64_t forwarded_writes = 0;
  std::uint64_t forwarded_reads = 0;
};

/// The replicated store, as the server of clients needs it. Threads: the loop.
class Replica {
 public:
  virtual ~Replica() = default;
  /// Each `done` runs once, on the loop, never inside the call. Writes of one batch, and of batches
  /// given one after another, take effect in that order as far as they do. Of an error, `outcome`
  /// says whether the write may have happened.
  virtual void write(std::vector<Write> batch) = 0;
  /// Linearizable: each answer holds everything that was acknowledged, by any server, before the
  /// call.
  virtual void read(std::vector<Read> batch) = 0;
  virtual ReplicaStatus status() const = 0;
};

}  // namespace proa::server
