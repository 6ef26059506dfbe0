#include "proa/testing/checked_snapshots.hpp"

#include <utility>

namespace proa::testing {
namespace {

class CheckedSink final : public SnapshotSink {
 public:
  CheckedSink(std::unique_ptr<SnapshotSink> inner, std::shared_ptr<Invariants> invariants,
              std::size_t server, SnapshotMeta meta, bool comes_from_outside,
              const SnapshotHooks& hooks)
      : inner_(std::move(inner)),
        invariants_(std::move(invariants)),
        server_(server),
        meta_(std::move(meta)),
        comes_from_outside_(comes_from_outside),
        hooks_(&hooks) {}

  Result<void> write(ByteView bytes) override {
    if (hooks_->states_are_equal) state_.add(bytes);
    return inner_->write(bytes);
  }
  Result<void> close() override {
    if (invariants_->is_users_restore(server_, meta_)) {
      PROA_TRY(ask_whether_it_may());
    } else {
      invariants_->snapshot_write_ends(server_, meta_);
      if (comes_from_outside_ && hooks_->installs) hooks_->installs();
    }
    PROA_TRY(inner_->close());
    invariants_->snapshot_stored(server_, meta_, hooks_->states_are_equal ? state_.value() : 0);
    if (Journal* journal = invariants_->journal()) {
      journal->add(Happening::persists, server_, "snapshot up to " + to_string(meta_.last));
    }
    return {};
  }
  Result<void> cancel() override { return inner_->cancel(); }
  const std::string& id() const override { return inner_->id(); }

 private:
  Result<void> ask_whether_it_may() {
    if (!hooks_->restores || hooks_->restores(meta_.last.index)) return {};
    (void)inner_->cancel();  // the error to come says more
    return fail(Error{.code = Errc::io_error,
                      .outcome = Outcome::not_executed,
                      .detail = "cannot store the snapshot: input/output error"});
  }

  std::unique_ptr<SnapshotSink> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
  SnapshotMeta meta_;
  bool comes_from_outside_;
  const SnapshotHooks* hooks_;
  StateHash state_;
};

}  // namespace

Result<std::unique_ptr<SnapshotSink>> CheckedSnapshotStore::create(const SnapshotMeta& meta) {
  PROA_TRY(std::unique_ptr<SnapshotSink> sink, inner_->create(meta));
  const bool comes_from_outside = invariants_->shadow(server_).applied < meta.last.index;
  return std::make_unique<CheckedSink>(std::move(sink), invariants_, server_, meta,
                                       comes_from_outside, hooks_);
}

Result<std::vector<SnapshotMeta>> CheckedSnapshotStore::list() const {
  PROA_TRY(std::vector<SnapshotMeta> metas, inner_->list());
  invariants_->snapshots_listed(server_, metas);
  return metas;
}

Result<OpenSnapshot> CheckedSnapshotStore::open(const std::string& id) const {
  PROA_TRY(OpenSnapshot snapshot, inner_->open(id));
  invariants_->snapshot_opened(server_, snapshot.meta);
  return snapshot;
}

}  // namespace proa::testing
