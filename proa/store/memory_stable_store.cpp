#include "proa/store/memory_stable_store.hpp"

namespace proa {

Result<std::optional<SharedBytes>> MemoryStableStore::get(std::string_view key) const {
  return values_.with([&](const auto& values) {
    const auto found = values.find(key);
    return found == values.end() ? std::optional<SharedBytes>{} : std::optional{found->second};
  });
}

Result<void> MemoryStableStore::set(std::span<const KeyValue> values) {
  values_.with([&](auto& kept) {
    for (const KeyValue& value : values) {
      kept.insert_or_assign(value.key, value.value);
    }
  });
  return {};
}

}  // namespace proa
