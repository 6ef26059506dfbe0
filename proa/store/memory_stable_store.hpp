#pragma once

#include <map>

#include "proa/base/guarded.hpp"
#include "proa/port/stable_store.hpp"

namespace proa {

/// Values in memory, beside MemoryLogStore. Threads: as StableStore.
class MemoryStableStore final : public StableStore {
 public:
  Result<void> open() override { return {}; }
  Result<std::optional<SharedBytes>> get(std::string_view key) const override;
  Result<void> set(std::span<const KeyValue> values) override;

 private:
  Guarded<std::map<std::string, SharedBytes, std::less<>>> values_;
};

}  // namespace proa
