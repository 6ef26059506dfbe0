#pragma once

#include "cli/demo_cluster.hpp"
#include "cli/exit.hpp"

namespace proa::cli {

/// The tour: writes through a follower, SIGKILL of the leader under load, the time to the next
/// acknowledged write, its return, and whether everything acknowledged is there on every server.
/// @param loses_a_write  test: takes one away before the check
Exit run_demo_script(DemoCluster& cluster, bool loses_a_write);

/// The same by hand: keys that kill, restart and pause servers.
Exit run_demo_keys(DemoCluster& cluster);

}  // namespace proa::cli
