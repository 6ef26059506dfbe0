#include "proa/testing/detail/memory_snapshot.hpp"

#include <algorithm>
#include <cstring>

namespace proa::testing {
namespace {

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(ByteView bytes) : rest_(bytes) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), rest_.size());
    if (count > 0) std::memcpy(buffer.data(), rest_.data(), count);
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  ByteView rest_;
};

}  // namespace

std::optional<std::string> snapshot_of(Fsm& fsm) {
  const auto snapshot = fsm.snapshot();
  if (!snapshot) return std::nullopt;
  MemorySink sink;
  if (!(*snapshot)->write_to(sink)) return std::nullopt;
  return sink.text();
}

Result<void> restore_from(Fsm& fsm, ByteView snapshot) {
  MemorySource source{snapshot};
  return fsm.restore(source);
}

}  // namespace proa::testing
