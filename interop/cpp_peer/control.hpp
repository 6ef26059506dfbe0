#pragma once

#include <memory>
#include <string>

#include "interop/cpp_peer/counting_log.hpp"
#include "interop/cpp_peer/machine.hpp"
#include "proa/node/raft.hpp"

namespace proa::interop {

/// What the control port acts on.
struct ControlledPeer {
  std::shared_ptr<Raft> raft = {};
  std::shared_ptr<Machine> machine = {};
  std::shared_ptr<CountingLog> logs = {};
};

/// Carries out one line of the control protocol (../README.md) and returns the answer, a line of
/// JSON. Blocks until it is known. Threads: any but the node's own.
std::string obey(const ControlledPeer& peer, const std::string& line);

}  // namespace proa::interop
