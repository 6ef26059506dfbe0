#pragma once

#include <cstdint>

#include "bench/cluster/histogram.hpp"
#include "proa/node/raft.hpp"

namespace proa::bench {

/// Where the commands come from. Each client has one command open at a time.
enum class Proposers {
  loop,      ///< proposed by the callback of the one before, on the loop
  thread,    ///< one other thread proposes for all clients, one apply() each
  blocking,  ///< a thread per client that waits in get()
};

struct LoadOptions {
  Proposers proposers = Proposers::loop;
  std::size_t clients = 1;
  std::size_t command_bytes = 256;
  Duration warm_up = {};
  Duration measured = {};
};

struct LoadResult {
  Histogram latency = {};
  std::uint64_t commits = 0;
  std::uint64_t errors = 0;
  Duration took = {};
};

/// Runs the load through `raft`, which must lead. `begin` and `end` are called at the borders of
/// the measured part, while the load goes on.
LoadResult run_load(Raft& raft, Runtime& runtime, const LoadOptions& options, Fn<void()> begin,
                    Fn<void()> end);

}  // namespace proa::bench
