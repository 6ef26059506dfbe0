#pragma once

#include <optional>

#include "proa/core/consensus.hpp"
#include "proa/driver/holdings.hpp"
#include "proa/model/log_summary.hpp"

namespace proa::driver {

/// What the simulator's invariants see of a server; absent in every other use. A process that
/// crashes calls nothing. Threads: the loop, unless said otherwise.
class Probe {
 public:
  virtual ~Probe() = default;
  /// Once, before everything else: what was found on disk.
  virtual void restored(const core::Restored&) {}
  /// What was taken from the core in this turn, before any of it is carried out, and where the core
  /// then stood.
  virtual void taken(const core::Effects&, const core::View&) {}
  /// At the end of every so many turns: what the server then holds.
  virtual void held(const Holdings&) {}
  /// Now at the end of the log in memory; if it begins before the end, it has cut off the rest.
  virtual void appended(const EntryView&) {}
  /// On the log lane: this is on disk now.
  virtual void persisted(const std::optional<HardState>&, const LogBatch&) {}
  /// On the fsm lane: what the state machine is about to run, no-ops and configurations included.
  virtual void applied(const EntryView&) {}
};

}  // namespace proa::driver
