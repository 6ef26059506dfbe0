#pragma once

#include <memory>

#include "proa/port/fsm.hpp"
#include "proa/testing/invariants.hpp"

namespace proa::testing {

/// Shows the invariants what a state machine is told to apply. Threads: as the one inside.
class CheckedFsm final : public Fsm {
 public:
  CheckedFsm(std::shared_ptr<Fsm> inner, std::shared_ptr<Invariants> invariants, std::size_t server)
      : inner_(std::move(inner)), invariants_(std::move(invariants)), server_(server) {}

  void apply(std::span<const Committed> batch, Responses& responses) override {
    for (const Committed& entry : batch)
      invariants_->applies(server_, entry);
    inner_->apply(batch, responses);
  }
  Result<std::unique_ptr<Snapshot>> snapshot() override { return inner_->snapshot(); }
  Result<void> restore(ByteSource& source) override { return inner_->restore(source); }
  void configuration_committed(LogIndex index, const Configuration& configuration) override {
    inner_->configuration_committed(index, configuration);
  }
  LogIndex durable_index() const override { return inner_->durable_index(); }
  Fsm& inner() { return *inner_; }

 private:
  std::shared_ptr<Fsm> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
};

}  // namespace proa::testing
