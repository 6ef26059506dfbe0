#include "proa/store/memory_snapshot_store.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "proa/base/assert.hpp"

namespace proa {
namespace {

struct Stored {
  SnapshotMeta meta = {};
  SharedBytes state = {};
  std::uint64_t number = 0;
};

bool newer(const Stored& a, const Stored& b) {
  return std::tie(a.meta.last, a.number) > std::tie(b.meta.last, b.number);
}

class StateSource final : public ByteSource {
 public:
  explicit StateSource(SharedBytes state) : state_(std::move(state)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    const ByteView rest = state_.view().subspan(at_);
    const std::size_t count = std::min(buffer.size(), rest.size());
    if (count > 0) std::memcpy(buffer.data(), rest.data(), count);
    at_ += count;
    return count;
  }

 private:
  SharedBytes state_;
  std::size_t at_ = 0;
};

}  // namespace

struct MemorySnapshotStore::Content {
  std::size_t retain = 1;
  std::uint64_t created = 0;
  std::vector<Stored> stored = {};  ///< newest first
};

class MemorySnapshotStore::Sink final : public SnapshotSink {
 public:
  Sink(std::shared_ptr<Guarded<Content>> content, SnapshotMeta meta, std::uint64_t number)
      : content_(std::move(content)), meta_(std::move(meta)), number_(number) {}

  Result<void> write(ByteView bytes) override {
    PROA_ASSERT(!ended_);
    state_.insert(state_.end(), bytes.begin(), bytes.end());
    return {};
  }
  Result<void> close() override {
    if (std::exchange(ended_, true)) return {};
    meta_.size = state_.size();
    Stored stored{.meta = meta_, .state = SharedBytes::take(std::move(state_)), .number = number_};
    content_->with([&](Content& content) {
      const auto at = std::lower_bound(content.stored.begin(), content.stored.end(), stored, newer);
      content.stored.insert(at, std::move(stored));
      if (content.stored.size() > content.retain) content.stored.resize(content.retain);
    });
    return {};
  }
  Result<void> cancel() override {
    ended_ = true;
    return {};
  }
  const std::string& id() const override { return meta_.id; }

 private:
  std::shared_ptr<Guarded<Content>> content_;
  SnapshotMeta meta_;
  std::uint64_t number_;
  std::vector<std::byte> state_;
  bool ended_ = false;
};

MemorySnapshotStore::MemorySnapshotStore(std::size_t retain)
    : content_(std::make_shared<Guarded<Content>>(Content{.retain = retain})) {
  PROA_ASSERT(retain >= 1);
}
MemorySnapshotStore::~MemorySnapshotStore() = default;

Result<std::unique_ptr<SnapshotSink>> MemorySnapshotStore::create(const SnapshotMeta& meta) {
  const std::uint64_t number = content_->with([](Content& content) { return ++content.created; });
  SnapshotMeta named = meta;
  named.id = std::to_string(meta.last.term.value) + "-" + std::to_string(meta.last.index.value) +
             "-" + std::to_string(number);
  return std::make_unique<Sink>(content_, std::move(named), number);
}

Result<std::vector<SnapshotMeta>> MemorySnapshotStore::list() const {
  return content_->with([](const Content& content) {
    std::vector<SnapshotMeta> metas;
    for (const Stored& stored : content.stored)
      metas.push_back(stored.meta);
    return metas;
  });
}

Result<OpenSnapshot> MemorySnapshotStore::open(const std::string& id) const {
  return content_->with([&](const Content& content) -> Result<OpenSnapshot> {
    for (const Stored& stored : content.stored) {
      if (stored.meta.id != id) continue;
      return OpenSnapshot{.meta = stored.meta,
                          .state = std::make_unique<StateSource>(stored.state)};
    }
    return fail(Errc::snapshot_not_found, "there is no snapshot " + id);
  });
}

}  // namespace proa
