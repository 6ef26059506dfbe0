#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "proa/port/log_store.hpp"

namespace proa::interop {

/// Counts how often a leader cut this server's log, and how often a snapshot replaced it. Threads:
/// as the log it wraps; the counters from any.
class CountingLog final : public LogStore {
 public:
  explicit CountingLog(std::shared_ptr<LogStore> inner) : inner_(std::move(inner)) {}

  Result<LogSummary> open() override { return inner_->open(); }
  Result<EntryView> read(IndexRange range, std::size_t bytes_max) const override {
    return inner_->read(range, bytes_max);
  }
  Result<void> write(const LogBatch& batch) override {
    if (batch.truncate_from) ++repairs_;
    if (batch.restart_after) ++installs_;
    return inner_->write(batch);
  }
  Result<void> truncate_prefix(LogIndex last_removed) override {
    return inner_->truncate_prefix(last_removed);
  }
  bool ready_for(std::size_t bytes) const override { return inner_->ready_for(bytes); }
  Result<bool> prepare() override { return inner_->prepare(); }

  std::uint64_t repairs() const { return repairs_; }
  std::uint64_t installs() const { return installs_; }

 private:
  std::shared_ptr<LogStore> inner_;
  std::atomic<std::uint64_t> repairs_ = 0;
  std::atomic<std::uint64_t> installs_ = 0;
};

}  // namespace proa::interop
