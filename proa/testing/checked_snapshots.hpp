#pragma once

#include <functional>
#include <memory>

#include "proa/port/snapshot_store.hpp"
#include "proa/testing/invariants.hpp"

namespace proa::testing {

/// Tells the invariants which snapshots a store confirms as durable, and compares what it finds
/// after a crash with that. Says when a leader's snapshot is about to become durable.
/// Threads: as the store inside.
class CheckedSnapshotStore final : public SnapshotStore {
 public:
  CheckedSnapshotStore(std::shared_ptr<SnapshotStore> inner, std::shared_ptr<Invariants> invariants,
                       std::size_t server, std::function<void()> installs)
      : inner_(std::move(inner)),
        invariants_(std::move(invariants)),
        server_(server),
        installs_(std::move(installs)) {}

  Result<void> open() override { return inner_->open(); }
  Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) override;
  Result<std::vector<SnapshotMeta>> list() const override;
  Result<OpenSnapshot> open(const std::string& id) const override;

 private:
  std::shared_ptr<SnapshotStore> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
  std::function<void()> installs_;
};

}  // namespace proa::testing
