#pragma once

namespace proa::cli {

/// What a command ends with; part of the program's contract with scripts.
enum class Exit : int {
  ok = 0,
  failed = 1,
  usage = 2,  ///< or an invalid config
  cannot_connect = 3,
  no_leader = 4,  ///< or no quorum
  not_found = 5,
  refused = 6,  ///< by a safety check
  unknown_outcome = 8,
};

}  // namespace proa::cli
