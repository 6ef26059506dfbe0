#pragma once

#include <memory>
#include <vector>

#include "tests/wal/exhaustion.hpp"

namespace proa::sim {

using Traces = std::vector<std::unique_ptr<Trace>>;

/// With sectors of this size.
Traces wal_traces(std::size_t sector_bytes);
Traces stable_traces(std::size_t sector_bytes);
Traces snapshot_traces(std::size_t sector_bytes);

}  // namespace proa::sim
