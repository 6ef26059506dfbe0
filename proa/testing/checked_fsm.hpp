#pragma once

#include <memory>

#include "proa/port/fsm.hpp"
#include "proa/testing/invariants.hpp"

namespace proa::testing {

/// Shows the invariants what a state machine is told to apply and to restore. Threads: as the one
/// inside.
class CheckedFsm final : public Fsm {
 public:
  CheckedFsm(std::shared_ptr<Fsm> inner, std::shared_ptr<Invariants> invariants, std::size_t server)
      : inner_(std::move(inner)), invariants_(std::move(invariants)), server_(server) {}

  void apply(std::span<const Committed> batch, Responses& responses) override {
    for (const Committed& entry : batch)
      invariants_->applies(server_, entry);
    if (Journal* journal = invariants_->journal(); journal != nullptr && !batch.empty()) {
      journal->add(Happening::applies, server_,
                   to_string(batch.front().index) + ".." + to_string(batch.back().index));
    }
    inner_->apply(batch, responses);
  }
  Result<std::unique_ptr<Snapshot>> snapshot() override {
    PROA_TRY(std::unique_ptr<Snapshot> inner, inner_->snapshot());
    return std::make_unique<CountedSnapshot>(std::move(inner), invariants_, server_);
  }
  Result<void> restore(ByteSource& source) override {
    invariants_->restores(server_);
    if (Journal* journal = invariants_->journal()) {
      journal->add(Happening::applies, server_,
                   "a snapshot up to " + to_string(invariants_->shadow(server_).opened));
    }
    return inner_->restore(source);
  }
  void configuration_committed(LogIndex index, const Configuration& configuration) override {
    inner_->configuration_committed(index, configuration);
  }
  LogIndex durable_index() const override { return inner_->durable_index(); }
  Fsm& inner() { return *inner_; }

 private:
  class CountedSnapshot final : public Snapshot {
   public:
    CountedSnapshot(std::unique_ptr<Snapshot> inner, std::shared_ptr<Invariants> invariants,
                    std::size_t server)
        : inner_(std::move(inner)), invariants_(std::move(invariants)), server_(server) {}
    Result<void> write_to(SnapshotSink& sink) override {
      PROA_TRY(inner_->write_to(sink));
      invariants_->snapshot_taken(server_);
      return {};
    }

   private:
    std::unique_ptr<Snapshot> inner_;
    std::shared_ptr<Invariants> invariants_;
    std::size_t server_;
  };

  std::shared_ptr<Fsm> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
};

}  // namespace proa::testing
