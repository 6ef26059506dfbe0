#include <utility>

#include "kv/detail/table.hpp"
#include "proa/base/checksum.hpp"

namespace proa::kv {

TableImage::TableImage(const Shards& shards, std::shared_ptr<std::atomic<std::uint64_t>> open)
    : shards_(shards), open_(std::move(open)) {
  open_->fetch_add(1, std::memory_order_relaxed);
  for (const auto& shard : shards_)
    size_ += shard->size();
}

// The table may write to a shard in place once this thread has done its last read of it.
TableImage::~TableImage() {
  shards_ = {};
  open_->fetch_sub(1, std::memory_order_release);
}

Table::Table() : open_images_(std::make_shared<std::atomic<std::uint64_t>>(0)) {
  for (auto& shard : shards_)
    shard = std::make_shared<Shard>();
}

std::size_t Table::shard_of(ByteView key) { return crc32c(key) % kShards; }

const Item* Table::find(ByteView key) const {
  const Shard& shard = *shards_[shard_of(key)];
  const auto found = shard.find(text_of(key));
  return found == shard.end() ? nullptr : &found->second;
}

void Table::put(ByteView key, Item item) {
  Shard& shard = writable(shard_of(key));
  const auto place = shard.lower_bound(text_of(key));
  if (place != shard.end() && place->first == text_of(key)) {
    place->second = std::move(item);
    return;
  }
  shard.emplace_hint(place, text_of(key), std::move(item));
  ++size_;
}

bool Table::erase(ByteView key) {
  if (find(key) == nullptr) return false;
  Shard& shard = writable(shard_of(key));
  shard.erase(shard.find(text_of(key)));
  --size_;
  return true;
}

Shard& Table::writable(std::size_t number) {
  const bool shared = open_images_->load(std::memory_order_acquire) > 0;
  if (shared && copied_at_[number] != images_) {
    shards_[number] = std::make_shared<Shard>(*shards_[number]);
    copied_at_[number] = images_;
  }
  return *shards_[number];
}

std::unique_ptr<TableImage> Table::image() {
  ++images_;
  return std::make_unique<TableImage>(shards_, open_images_);
}

}  // namespace proa::kv
