#pragma once

#include <string>

#include "proa/testing/sim_cluster.hpp"

namespace proa::testing {

/// Every member of the configuration in force has the leader's log and has applied all commands up
/// to `last_applied`. Whoever is not in the cluster may lag behind.
bool all_equal(const SimCluster& cluster, LogIndex last_applied);

/// Where everybody stands, for whoever has to find out why nothing moves.
std::string stands(const SimCluster& cluster);

}  // namespace proa::testing
