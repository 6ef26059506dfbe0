#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "proa/base/bytes.hpp"
#include "proa/base/fn.hpp"
#include "proa/base/ids.hpp"

namespace proa::kv {

struct Item {
  SharedBytes value = {};
  LogIndex modified = {};  ///< the entry that wrote it
};

using Shard = std::map<std::string, Item, std::less<>>;
inline constexpr std::size_t kShards = 1024;
using Shards = std::array<std::shared_ptr<Shard>, kShards>;

/// The table as it was at one moment. Threads: one at a time, also while the table changes.
class TableImage {
 public:
  TableImage(const Shards& shards, std::shared_ptr<std::atomic<std::uint64_t>> open);
  ~TableImage();
  TableImage(const TableImage&) = delete;
  TableImage& operator=(const TableImage&) = delete;

  std::uint64_t size() const { return size_; }
  /// In an order that depends on the keys alone.
  const Shards& shards() const { return shards_; }

 private:
  Shards shards_;
  std::uint64_t size_ = 0;
  std::shared_ptr<std::atomic<std::uint64_t>> open_;
};

/// Keys and values. An image costs a pointer per shard; while one is open, the first change to a
/// shard copies that shard, whose values are shared: a thousandth of the table at a time, so that
/// no single command waits long. Threads: one at a time.
class Table {
 public:
  Table();

  const Item* find(ByteView key) const;
  void put(ByteView key, Item item);
  bool erase(ByteView key);
  std::uint64_t size() const { return size_; }
  std::unique_ptr<TableImage> image();

 private:
  static std::size_t shard_of(ByteView key);
  Shard& writable(std::size_t number);

  Shards shards_;
  std::array<std::uint64_t, kShards> copied_at_ = {};  ///< value of images_ when it was copied
  std::uint64_t size_ = 0;
  std::uint64_t images_ = 0;  ///< made so far
  std::shared_ptr<std::atomic<std::uint64_t>> open_images_;
};

}  // namespace proa::kv
