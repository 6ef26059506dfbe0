#pragma once

#include <memory>

#include "proa/port/log_store.hpp"
#include "proa/port/stable_store.hpp"
#include "proa/testing/invariants.hpp"

namespace proa::testing {

/// Tells the invariants what a log store confirms as durable, and compares what comes back after a
/// crash with it. Threads: as the store inside.
class CheckedLogStore final : public LogStore {
 public:
  CheckedLogStore(std::shared_ptr<LogStore> inner, std::shared_ptr<Invariants> invariants,
                  std::size_t server)
      : inner_(std::move(inner)), invariants_(std::move(invariants)), server_(server) {}

  Result<LogSummary> open() override;
  Result<EntryView> read(IndexRange range, std::size_t bytes_max) const override {
    Result<EntryView> entries = inner_->read(range, bytes_max);
    if (entries && invariants_->shadow(server_).rotten) invariants_->log_read(server_, *entries);
    return entries;
  }
  Result<void> write(const LogBatch& batch) override;
  Result<void> truncate_prefix(LogIndex last_removed) override;
  bool ready_for(std::size_t bytes) const override { return inner_->ready_for(bytes); }
  Result<bool> prepare() override { return inner_->prepare(); }

 private:
  std::shared_ptr<LogStore> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
};

/// How the node keeps its hard state in a stable store.
using ReadHardState = Result<HardState> (*)(const StableStore& store);

/// The same for term and vote.
class CheckedStableStore final : public StableStore {
 public:
  CheckedStableStore(std::shared_ptr<StableStore> inner, std::shared_ptr<Invariants> invariants,
                     std::size_t server, ReadHardState read_hard_state)
      : inner_(std::move(inner)),
        invariants_(std::move(invariants)),
        server_(server),
        read_hard_state_(read_hard_state) {}

  Result<void> open() override;
  Result<std::optional<SharedBytes>> get(std::string_view key) const override {
    return inner_->get(key);
  }
  Result<void> set(std::span<const KeyValue> values) override;

 private:
  std::shared_ptr<StableStore> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
  ReadHardState read_hard_state_;
};

}  // namespace proa::testing
