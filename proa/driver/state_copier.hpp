#pragma once

#include <memory>

#include "proa/base/guarded.hpp"
#include "proa/port/byte_source.hpp"
#include "proa/port/runtime.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa::driver {

/// Copies a state from outside into a snapshot of ours, one chunk in a task of the snapshot lane.
/// What is not finished leaves nothing behind. Threads: the loop, but for what happens on the lane.
class StateCopier : public std::enable_shared_from_this<StateCopier> {
 public:
  struct Parts {
    std::shared_ptr<Runtime> runtime = {};
    std::shared_ptr<SnapshotStore> snapshots = {};
    std::unique_ptr<ByteSource> source = {};
    std::uint64_t size = 0;  ///< that the source must have
  };
  /// `lane` outlives what happens on it.
  StateCopier(Parts parts, LaneExecutor& lane) : parts_(std::move(parts)), lane_(lane) {}

  /// `copied` is called once, on the loop: all of it is written, but not yet durable.
  void start(SnapshotMeta as, Fn<void(Result<void>)> copied);
  /// After it was copied: makes it durable. On the loop, for one sync of at most
  /// FileSnapshotStore::kSyncBytes.
  Result<std::string> close();
  /// Removes what is written, on the lane; `copied` is not called any more.
  void give_up();

 private:
  void next();
  Result<bool> copy_chunk();
  void end(Result<void> result);

  Parts parts_;
  LaneExecutor& lane_;
  SnapshotMeta as_ = {};
  Fn<void(Result<void>)> copied_ = {};
  Guarded<bool> given_up_;
  std::unique_ptr<SnapshotSink> sink_;
  std::uint64_t bytes_ = 0;
};

}  // namespace proa::driver
