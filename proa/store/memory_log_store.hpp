#pragma once

#include <memory>

#include "proa/base/guarded.hpp"
#include "proa/port/log_store.hpp"

namespace proa {

/// A log in memory, for tests and for clusters that may lose their data when they stop. Opening it
/// again after a Raft on it has ended is a restart that has lost nothing. Threads: as LogStore.
class MemoryLogStore final : public LogStore {
 public:
  MemoryLogStore();
  ~MemoryLogStore() override;

  Result<LogSummary> open() override;
  Result<EntryView> read(IndexRange range, std::size_t bytes_max) const override;
  Result<void> write(const LogBatch& batch) override;
  Result<void> truncate_prefix(LogIndex last_removed) override;

 private:
  struct Content;
  std::unique_ptr<Guarded<Content>> content_;
};

}  // namespace proa
