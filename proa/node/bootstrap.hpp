#pragma once

#include "proa/model/config.hpp"
#include "proa/model/configuration.hpp"
#include "proa/port/log_store.hpp"
#include "proa/port/snapshot_store.hpp"
#include "proa/port/stable_store.hpp"

namespace proa {

/// Where a node keeps its state; opened by whoever uses it.
struct Stores {
  LogStore& logs;
  StableStore& stable;
  SnapshotStore& snapshots;
};

/// Founds a cluster: `configuration` becomes entry (1, 1) of an empty log, in term 1. To be done on
/// one server, or with the same configuration on each, before Raft::create (reference §1.5).
/// Blocking. Errors: invalid_config; cannot_bootstrap, if there is any state; io_error.
Result<void> bootstrap_cluster(const Config& config, Stores stores,
                               const Configuration& configuration);

/// Whether a node has ever run here. Term 1 without vote, entry or snapshot does not count: it is
/// what a crash inside bootstrap_cluster leaves. Opens the stores. Blocking.
Result<bool> has_existing_state(Stores stores);

}  // namespace proa
