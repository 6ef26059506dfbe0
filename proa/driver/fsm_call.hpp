#pragma once

#include <any>
#include <cstdint>
#include <vector>

#include "proa/base/result.hpp"
#include "proa/model/entry.hpp"
#include "proa/port/fsm.hpp"

namespace proa::driver {

/// Whose response is wanted, and the responses: both by index, from the first entry on. Empty if
/// nobody waits.
struct FsmAnswers {
  std::vector<bool> wanted = {};
  std::vector<std::any> responses = {};
};

/// Runs entries through the state machine in their order: commands in one call of apply as long as
/// no configuration comes between them; no-ops and barriers not at all (reference §9.2). Commands
/// up to the state machine's durable_index() are skipped. Errors: corrupt, for an entry of a kind
/// that is not known here or a configuration that does not decode. Threads: the fsm lane.
Result<void> run(Fsm& fsm, const EntryView& entries, FsmAnswers& answers);

}  // namespace proa::driver
