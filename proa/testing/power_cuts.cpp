#include "proa/testing/power_cuts.hpp"

#include <algorithm>

#include "proa/base/assert.hpp"

namespace proa::testing {
namespace {

constexpr std::uint8_t kTornWays = 3;  // first half new, second half new, noise
constexpr std::uint64_t kNoise = 0x5EED;

/// A dirty sector of a file, and what may become of it.
class Sector {
 public:
  Sector(const SimInode& inode, std::uint32_t number, std::size_t sector_bytes)
      : inode_(inode),
        number_(number),
        begin_(std::uint64_t{number} * sector_bytes),
        end_(std::clamp<std::uint64_t>(inode.cache.size(), begin_, begin_ + sector_bytes)) {}

  bool empty() const { return begin_ == end_; }

  Unsynced describe() const {
    const auto versions = std::count_if(
        inode_.versions.begin(), inode_.versions.end(),
        [this](const SimInode::Version& version) { return version.sector == number_; });
    return {.kind = Unsynced::Kind::sector,
            .versions = static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(2 + versions, 200)),
            .torn = kTornWays,
            .equal = versions == 0 && before() == after()};
  }

  void decide(SharedContent& content, std::uint8_t fate, const Unsynced& what) const {
    if (fate == PowerCuts::kLost) return;
    std::vector<std::byte> bytes;
    if (fate == PowerCuts::kSurvives) {
      bytes = after();
    } else if (fate < what.versions) {
      bytes = version(fate - 2U);
    } else {
      bytes = torn(fate - what.versions);
    }
    content.write(begin_, bytes);
  }

 private:
  std::vector<std::byte> before() const { return inode_.medium.copy(begin_, end_); }
  std::vector<std::byte> after() const { return inode_.cache.copy(begin_, end_); }

  std::vector<std::byte> version(std::size_t which) const {
    for (const SimInode::Version& version : inode_.versions) {
      if (version.sector != number_ || which-- > 0) continue;
      std::vector<std::byte> bytes = version.bytes;
      bytes.resize(end_ - begin_);
      return bytes;
    }
    return before();
  }

  std::vector<std::byte> torn(int way) const {
    std::vector<std::byte> bytes = before();
    const std::vector<std::byte> fresh = after();
    if (way == 2) {
      Random noise(kNoise + number_);
      for (std::byte& byte : bytes)
        byte = static_cast<std::byte>(noise.next());
      return bytes;
    }
    const auto first = std::mismatch(bytes.begin(), bytes.end(), fresh.begin()).first;
    const auto behind = std::mismatch(bytes.rbegin(), bytes.rend(), fresh.rbegin()).first.base();
    const std::ptrdiff_t middle =
        first >= behind ? std::ssize(bytes) / 2 : (first - bytes.begin()) + (behind - first) / 2;
    const auto from = way == 0 ? fresh.begin() : fresh.begin() + middle;
    const auto to = way == 0 ? fresh.begin() + middle : fresh.end();
    std::copy(from, to, bytes.begin() + (from - fresh.begin()));
    return bytes;
  }

  const SimInode& inode_;
  std::uint32_t number_;
  std::uint64_t begin_;
  std::uint64_t end_;
};

void apply(SimDirectory::Names& names, const SimDirectory::Change& change) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.node;
}

}  // namespace

/// Every directory and file that any fate may leave, each once, in an order that depends on the
/// tree alone.
class PowerCuts::Walk {
 public:
  explicit Walk(const SimDisk& disk) : sector_bytes_(disk.options_.sector_bytes) {
    add(disk.root_);
  }

  std::vector<Unsynced> describe() const {
    std::vector<Unsynced> all;
    for (const auto& directory : directories_) {
      all.resize(all.size() + directory->pending.size(), {.kind = Unsynced::Kind::name});
    }
    for (const auto& inode : inodes_) {
      const bool grows = inode->cache.size() > inode->medium_size + sector_bytes_;
      if (inode->cache.size() != inode->medium_size) {
        all.push_back({.kind = Unsynced::Kind::length,
                       .versions = grows ? std::uint8_t{3} : std::uint8_t{2}});
      }
      for (const std::uint32_t number : inode->dirty) {
        const Sector sector(*inode, number, sector_bytes_);
        if (!sector.empty()) all.push_back(sector.describe());
      }
    }
    return all;
  }

  void decide(std::span<const std::uint8_t> fates, const std::vector<Unsynced>& unsynced) {
    fates_ = fates;
    unsynced_ = unsynced;
    for (const auto& directory : directories_)
      decide(*directory);
    for (const auto& inode : inodes_)
      decide(*inode);
  }

 private:
  void add(const std::shared_ptr<SimDirectory>& directory) {
    const bool known =
        std::find(directories_.begin(), directories_.end(), directory) != directories_.end();
    if (known || directory == nullptr) return;
    directories_.push_back(directory);
    for (const auto& [name, node] : directory->cache)
      add(node);
    for (const auto& [name, node] : directory->medium)
      add(node);
    for (const SimDirectory::Change& change : directory->pending)
      add(change.node);
  }
  void add(const SimDirectory::Node& node) {
    add(node.directory);
    if (node.file == nullptr || node.file->clean()) return;
    const bool known = std::find(inodes_.begin(), inodes_.end(), node.file) != inodes_.end();
    if (!known) inodes_.push_back(node.file);
  }

  std::uint8_t next_fate() {
    PROA_ASSERT(at_ < fates_.size());
    PROA_ASSERT(fates_[at_] < unsynced_[at_].fates());
    return fates_[at_++];
  }

  /// A change that builds on a lost one is lost too: a file that was never created is not renamed.
  void decide(SimDirectory& directory) {
    std::vector<std::string> lost;
    const auto is_lost = [&](const std::string& name) {
      return std::find(lost.begin(), lost.end(), name) != lost.end();
    };
    for (const SimDirectory::Change& change : directory.pending) {
      const std::uint8_t fate = next_fate();
      if (fate == kSurvives && !is_lost(change.from) && !is_lost(change.to)) {
        apply(directory.medium, change);
        continue;
      }
      if (!change.from.empty()) lost.push_back(change.from);
      if (!change.to.empty()) lost.push_back(change.to);
    }
    directory.pending.clear();
    directory.cache = directory.medium;
  }

  void decide(SimInode& inode) {
    std::uint64_t size = inode.medium_size;
    if (inode.cache.size() != inode.medium_size) {
      const std::uint8_t fate = next_fate();
      if (fate == kSurvives) size = inode.cache.size();
      if (fate > kSurvives) size += (inode.cache.size() - size) / sector_bytes_ / 2 * sector_bytes_;
    }
    SharedContent medium = inode.medium;
    for (const std::uint32_t number : inode.dirty) {
      const Sector sector(inode, number, sector_bytes_);
      if (sector.empty()) continue;
      const Unsynced& what = unsynced_[at_];
      sector.decide(medium, next_fate(), what);
    }
    medium.resize(size);
    inode.cache = medium;
    inode.medium = std::move(medium);
    inode.medium_size = size;
    inode.mark_clean();
    inode.pages_lost = false;
  }

  std::size_t sector_bytes_;
  std::vector<std::shared_ptr<SimDirectory>> directories_;
  std::vector<std::shared_ptr<SimInode>> inodes_;
  std::span<const std::uint8_t> fates_;
  std::span<const Unsynced> unsynced_;
  std::size_t at_ = 0;  ///< the fate that is taken next
};

PowerCuts::PowerCuts(const SimDisk& before)
    : before_(before.clone(0)), unsynced_(Walk(*before_).describe()) {}

PowerCuts::~PowerCuts() = default;

std::unique_ptr<SimDisk> PowerCuts::outcome(std::span<const std::uint8_t> fates) const {
  PROA_ASSERT(fates.size() == unsynced_.size());
  std::unique_ptr<SimDisk> after = before_->clone(0);
  Walk(*after).decide(fates, unsynced_);
  return after;
}

}  // namespace proa::testing
