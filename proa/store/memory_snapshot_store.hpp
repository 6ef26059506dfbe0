#pragma once

#include <memory>

#include "proa/base/guarded.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa {

/// Snapshots in memory, the newest `retain` of them. One that is being read stays whole until its
/// reader lets go of it. Threads: as SnapshotStore.
class MemorySnapshotStore final : public SnapshotStore {
 public:
  explicit MemorySnapshotStore(std::size_t retain = 2);
  ~MemorySnapshotStore() override;

  Result<void> open() override { return {}; }
  Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) override;
  Result<std::vector<SnapshotMeta>> list() const override;
  Result<OpenSnapshot> open(const std::string& id) const override;

 private:
  struct Content;
  class Sink;
  std::shared_ptr<Guarded<Content>> content_;
};

}  // namespace proa
