#pragma once

#include <any>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "proa/base/bytes.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"
#include "proa/base/time.hpp"
#include "proa/model/configuration.hpp"
#include "proa/port/byte_source.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa {

/// A committed command, as the state machine sees it. The views live as long as the call.
struct Committed {
  LogIndex index = {};
  Term term = {};
  WallTime appended_at = {};  ///< the leader's clock; the same on every server
  ByteView command = {};
  ByteView extensions = {};
};

/// Where apply puts what the callers of Raft::apply get.
class Responses {
 public:
  virtual ~Responses() = default;
  virtual bool wanted(std::size_t position) const = 0;  ///< somebody here waits for this one
  virtual void set(std::size_t position, std::any response) = 0;
};

/// The application's state machine. apply() may depend on nothing but the state and the commands.
/// Threads: the fsm lane, one call at a time; only Snapshot::write_to runs on the snapshot lane.
class Fsm {
 public:
  class Snapshot {
   public:
    virtual ~Snapshot() = default;
    virtual Result<void> write_to(SnapshotSink& sink) = 0;
  };

  virtual ~Fsm() = default;
  /// Responses only where someone waits. An application's error is a response.
  virtual void apply(std::span<const Committed> batch, Responses& responses) = 0;
  virtual Result<std::unique_ptr<Snapshot>> snapshot() = 0;  ///< quick; copying belongs in write_to
  virtual Result<void> restore(ByteSource& source) = 0;      ///< replaces the whole state
  virtual void configuration_committed(LogIndex, const Configuration&) {}
  /// State machines on a disk of their own skip what they already have.
  virtual LogIndex durable_index() const { return {}; }
};

}  // namespace proa
