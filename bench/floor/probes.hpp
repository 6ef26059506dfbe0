#pragma once

#include <string>
#include <vector>

#include "bench/floor/system.hpp"

namespace proa::bench {

struct Probe {
  std::string name = {};
  Spread duration = {};
  double switches = 0;  ///< voluntary, per operation of the measuring thread's process
  double cpu_us = 0;    ///< per operation, of that process
};

/// The parts that the floor is made of.
std::vector<Probe> measure_probes(const std::string& directory, std::size_t repetitions);

}  // namespace proa::bench
