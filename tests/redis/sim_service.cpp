#include "tests/redis/sim_service.hpp"

#include "kv/store.hpp"
#include "proa/transport/call_server.hpp"
#include "server/raft_replica.hpp"
#include "server/redis_server.hpp"

namespace proa::redis {
namespace {

/// Ends from the last to the first.
struct RedisService {
  std::shared_ptr<server::RaftReplica> replica;
  CallServer calls;
  server::RedisServer redis;

  RedisService(const testing::ProcessParts& parts, const CallOptions& options)
      : replica(std::make_shared<server::RaftReplica>(
            server::RaftReplicaParts{.runtime = parts.runtime,
                                     .raft = parts.raft,
                                     .store = std::static_pointer_cast<kv::Store>(parts.fsm),
                                     .self = options.hello.id,
                                     .client_address = parts.clients->local_address().value,
                                     .peers = parts.calls,
                                     .calls = options})),
        calls(parts.runtime, parts.calls, options),
        redis(parts.runtime, parts.clients, replica) {
    replica->serve(calls);
    Fn<void()> start = [this] { PROA_ASSERT(calls.start().has_value()); };
    parts.runtime->run_on_loop(start);
    PROA_ASSERT(redis.start().has_value());
  }
};

}  // namespace

std::shared_ptr<void> make_redis_service(const testing::ProcessParts& parts) {
  const CallOptions options{.hello = {.id = {"s" + std::to_string(parts.server + 1)}}};
  return std::make_shared<RedisService>(parts, options);
}

}  // namespace proa::redis
