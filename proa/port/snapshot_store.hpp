#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"
#include "proa/model/snapshot_meta.hpp"
#include "proa/port/byte_source.hpp"

namespace proa {

/// A snapshot being written. Blocking. Threads: one at a time, the snapshot lane.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;  ///< cancels, if neither closed nor cancelled
  virtual Result<void> write(ByteView bytes) = 0;
  /// Makes the snapshot durable and visible. A second close or cancel does nothing and succeeds.
  /// An error whose outcome is not_executed promises that no later start finds the snapshot.
  virtual Result<void> close() = 0;
  virtual Result<void> cancel() = 0;  ///< removes what was written; idempotent like close
  virtual const std::string& id() const = 0;
};

struct OpenSnapshot {
  SnapshotMeta meta = {};
  std::unique_ptr<ByteSource> state = {};
};

/// Snapshots of the state machine (reference §5). Blocking. Threads: open before all others; then
/// any lane.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;
  virtual Result<void> open() = 0;  ///< removes what unfinished writes left behind
  /// `meta.id` and `meta.size` are ignored: the store names it, the bytes written size it.
  virtual Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) = 0;
  virtual Result<std::vector<SnapshotMeta>> list()
      const = 0;  ///< newest first: by term, then index
  /// Errors: snapshot_not_found; corrupt if a checksum does not match.
  virtual Result<OpenSnapshot> open(const std::string& id) const = 0;
};

}  // namespace proa
