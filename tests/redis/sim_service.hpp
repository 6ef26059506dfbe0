#pragma once

#include <memory>

#include "proa/testing/sim_cluster.hpp"

namespace proa::redis {

/// The whole server of clients in a simulated process, whose state machine is a kv::Store.
std::shared_ptr<void> make_redis_service(const testing::ProcessParts& parts);

}  // namespace proa::redis
