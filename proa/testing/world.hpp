#pragma once

#include "proa/testing/clients.hpp"
#include "proa/testing/fault_machines.hpp"
#include "proa/testing/nemesis.hpp"
#include "proa/testing/operator.hpp"
#include "proa/testing/preset.hpp"

namespace proa::testing {

/// Everything that a seed decides about servers, machines, network, faults and load before the
/// first event. Swarm testing: much of it is off in many a seed, and what is on is on in degrees.
struct World {
  SimClusterOptions cluster = {};
  NemesisOptions nemesis = {};
  FaultOptions faults = {};
  OperatorOptions orders = {};
  LoadOptions load = {};
  std::size_t flood = 100;  ///< writes that a stranded leader is given
};

World draw_world(Choices& random);

/// Takes out of a drawn world what the preset is not about.
void restrict_to(Preset preset, World& world);

}  // namespace proa::testing
