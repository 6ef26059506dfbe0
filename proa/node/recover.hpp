#pragma once

#include "proa/node/bootstrap.hpp"
#include "proa/port/fsm.hpp"

namespace proa {

/// For a cluster that has lost its quorum for good (reference §1.8): on a server that does not run,
/// everything in its log becomes committed and goes into a snapshot, together with `configuration`,
/// which is in force when the server starts again. To be done on each server that is left, with the
/// same configuration. `fsm` serves to make the snapshot and must not be used afterwards. Can be
/// repeated if it was interrupted. Blocking. Errors: invalid_config, also if there is no state to
/// recover; corrupt; io_error.
Result<void> recover_cluster(const Config& config, Fsm& fsm, Stores stores,
                             const Configuration& configuration);

}  // namespace proa
