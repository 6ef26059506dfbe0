#pragma once

#include "proa/driver/probe.hpp"
#include "proa/node/raft.hpp"

namespace proa {

/// Raft::create, with the simulator's probe, which may be absent.
Result<std::unique_ptr<Raft>> create_raft(RaftParts parts, std::shared_ptr<driver::Probe> probe);

}  // namespace proa
