#pragma once

#include <string>
#include <vector>

#include "bench/floor/cluster.hpp"
#include "bench/floor/probes.hpp"

namespace proa::bench {

std::string as_table(const std::vector<RoundResult>& rounds, const std::vector<Probe>& probes);
std::string as_json(const std::vector<RoundResult>& rounds, const std::vector<Probe>& probes);

}  // namespace proa::bench
