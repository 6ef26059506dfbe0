#pragma once

#include <functional>
#include <memory>

#include "proa/port/snapshot_store.hpp"
#include "proa/testing/invariants.hpp"

namespace proa::testing {

/// Called before what is written becomes durable.
struct SnapshotHooks {
  std::function<void()> installs = {};  ///< a leader's
  /// A user's; false: it must not become durable now, and the store fails.
  std::function<bool(LogIndex last)> restores = {};
  bool states_are_equal = true;  ///< equal states give equal bytes
};

/// Tells the invariants which snapshots a store confirms as durable, and compares what it finds
/// after a crash with that. Says when a snapshot from outside is about to become durable.
/// Threads: as the store inside.
class CheckedSnapshotStore final : public SnapshotStore {
 public:
  CheckedSnapshotStore(std::shared_ptr<SnapshotStore> inner, std::shared_ptr<Invariants> invariants,
                       std::size_t server, SnapshotHooks hooks)
      : inner_(std::move(inner)),
        invariants_(std::move(invariants)),
        server_(server),
        hooks_(std::move(hooks)) {}

  Result<void> open() override { return inner_->open(); }
  Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) override;
  Result<std::vector<SnapshotMeta>> list() const override;
  Result<OpenSnapshot> open(const std::string& id) const override;

 private:
  std::shared_ptr<SnapshotStore> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
  SnapshotHooks hooks_;
};

}  // namespace proa::testing
