#pragma once

#include "proa/base/result.hpp"
#include "proa/core/input.hpp"

namespace proa::core {

/// Whether the parts of a request fit together, before anything is believed. Requests come from
/// outside: what is wrong here is the sender's fault and gets a refusal, never an assertion.
/// Errors: protocol_error.
Result<void> check(const AppendEntriesInfo& request);
Result<void> check(const InstallSnapshotRequest& request);

/// The term of the entry at `index`, which `entries` must contain.
Term term_of(const EntriesSummary& entries, LogIndex index);

}  // namespace proa::core
