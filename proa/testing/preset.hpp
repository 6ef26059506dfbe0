#pragma once

#include <cstdint>

namespace proa::testing {

/// How hard the world is on the servers. How often what happens is drawn from the seed.
enum class Preset : std::uint8_t {
  calm,           ///< nothing breaks; only the schedule differs from seed to seed
  flaky_network,  ///< messages are lost, late, repeated; links are cut, groups are split
  dying_disks,    ///< power cuts at any write, torn sectors, errors, full and slow disks
  everything,     ///< both, paused processes, and an operator who changes members and leaders
};

}  // namespace proa::testing
