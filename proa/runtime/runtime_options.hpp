#pragma once

#include <cstddef>
#include <memory>

#include "proa/base/logger.hpp"
#include "proa/base/time.hpp"

namespace proa {

/// How a runtime on real threads behaves. The defaults suit one node in a process.
struct RuntimeOptions {
  std::shared_ptr<Logger> logger = {};  ///< nullptr: drops what the watchdog reports
  /// Threads for all lanes of all nodes on this runtime, started when there is work for them.
  std::size_t lane_threads_max = 8;
  /// The loop or a lane that is busy with the same piece of work for so long is reported.
  Duration stall_reported_after = std::chrono::seconds{1};
};

}  // namespace proa
