#pragma once

#include <optional>

#include "proa/port/fsm.hpp"
#include "proa/port/log_store.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa {

/// The newest snapshot that can be read goes into the state machine, unless that has more on a disk
/// of its own (reference §1.7). Nothing, if there is none. Errors: corrupt, if there are some and
/// none can be read.
Result<std::optional<SnapshotMeta>> restore_newest(Fsm& fsm, const SnapshotStore& snapshots);

/// Runs the entries behind `applied` up to `until` through the state machine.
Result<void> replay(Fsm& fsm, const LogStore& logs, LogIndex applied, LogIndex until);

}  // namespace proa
