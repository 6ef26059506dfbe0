#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/testing/detail/sim_file.hpp"

namespace proa::testing {
namespace {

constexpr std::int64_t kBytesPerNanosecond = 1;

Failure failed(const char* what, const std::string& path, const char* why) {
  return fail(Errc::io_error, std::string("cannot ") + what + " " + path + ": " + why);
}

std::uint64_t total_bytes(std::span<const ByteView> pieces) {
  std::uint64_t sum = 0;
  for (const ByteView piece : pieces)
    sum += piece.size();
  return sum;
}

}  // namespace

Result<std::size_t> SimFile::read_at(std::uint64_t offset, std::span<std::byte> buffer) const {
  PROA_TRY(system_.alive("read", path_));
  if (system_.disk_->fails_now(DiskFault::Kind::read_error)) {
    return failed("read", path_, "input/output error");
  }
  system_.charge(system_.options().operation);
  return inode_->cache.read(offset, buffer);
}

Result<void> SimFile::write_at(std::uint64_t offset, std::span<const ByteView> pieces) {
  const bool was_alive = !system_.crashed();
  const std::uint64_t bytes = total_bytes(pieces);
  if (auto begun = system_.begin_change("write", path_, bytes); !begun) {
    if (was_alive && system_.crashed()) write_until_crash(offset, pieces);
    return begun;
  }
  const std::uint64_t end = offset + bytes;
  if (end > inode_->cache.size()) {
    const std::uint64_t growth = end - inode_->cache.size();
    if (system_.options().capacity_bytes != UINT64_MAX &&
        system_.disk_->bytes_used() + growth > system_.options().capacity_bytes) {
      system_.disk_->tell_fault(DiskFault::Kind::no_space);
      return failed("write", path_, "no space left on device");
    }
  }
  for (const ByteView piece : pieces) {
    put(offset, piece);
    offset += piece.size();
  }
  system_.charge(Duration{static_cast<std::int64_t>(bytes) / kBytesPerNanosecond});
  return {};
}

/// A write during which the process is killed may have reached the page cache in part.
void SimFile::write_until_crash(std::uint64_t offset, std::span<const ByteView> pieces) {
  Choices& random = system_.disk_->random_;
  random.begin("crash in write");
  std::uint64_t left = 0;
  if (system_.crash_bytes_) {
    left = *system_.crash_bytes_;
  } else if (random.percent(50)) {
    left = random.below(total_bytes(pieces) + 1);
  }
  for (const ByteView piece : pieces) {
    const std::size_t count = std::min<std::size_t>(piece.size(), left);
    put(offset, piece.first(count));
    offset += count;
    left -= count;
  }
}

void SimFile::put(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  const std::uint64_t old_size = inode_->cache.size();
  const std::uint64_t end = offset + bytes.size();
  // A gap reads as zeros, and so does what an earlier, larger size had left there.
  mark_dirty(std::min(offset, old_size), end);
  inode_->cache.write(offset, bytes);
}

void SimFile::mark_dirty(std::uint64_t begin, std::uint64_t end) {
  const std::size_t sector_bytes = system_.options().sector_bytes;
  const auto first = static_cast<std::uint32_t>(begin / sector_bytes);
  const auto last = static_cast<std::uint32_t>((end - 1) / sector_bytes);
  if (inode_->is_dirty.size() <= last) inode_->is_dirty.resize(std::size_t{last} + 1);
  for (std::uint32_t sector = first; sector <= last; ++sector) {
    if (!inode_->is_dirty[sector]) {
      inode_->is_dirty[sector] = true;
      inode_->dirty.push_back(sector);
    } else if (system_.options().keep_versions) {
      keep_version(sector);
    } else {
      // The version before this one may have reached the medium already.
      system_.disk_->random_.begin("write back");
      if (system_.disk_->random_.percent(25)) system_.disk_->write_sector_back(*inode_, sector);
    }
  }
}

void SimFile::keep_version(std::uint32_t sector) {
  const std::size_t sector_bytes = system_.options().sector_bytes;
  const auto begin = std::min(inode_->cache.size(), sector * sector_bytes);
  const auto end = std::min(inode_->cache.size(), begin + sector_bytes);
  if (begin == end) return;
  inode_->versions.push_back({.sector = sector, .bytes = inode_->cache.copy(begin, end)});
}

Result<void> SimFile::sync() {
  if (!system_.crashed() && system_.crash_moment_ == SimFileSystem::Moment::before_sync) {
    system_.crash();
  }
  PROA_TRY(system_.begin_change("sync", path_));
  ++system_.syncs_;
  system_.charge_sync();
  const bool device_fails = system_.disk_->fails_now(DiskFault::Kind::sync_error);
  // A crash before the process has left word of it is outside the failure model.
  if (device_fails) system_.calm();
  if (device_fails || system_.fault_now() == DiskFault::Kind::sync_error) {
    inode_->mark_clean();
    inode_->pages_lost = true;
    return failed("sync", path_, "input/output error");
  }
  return finish_sync();
}

Result<void> SimFile::finish_sync() {
  inode_->medium.resize(inode_->cache.size());
  system_.disk_->write_all_back(*inode_);
  inode_->medium_size = inode_->cache.size();
  inode_->mark_clean();
  if (system_.crash_moment_ == SimFileSystem::Moment::after_sync) {
    system_.crash();
    return failed("sync", path_, "the process has crashed");
  }
  return {};
}

Result<void> SimFile::truncate(std::uint64_t size) {
  PROA_TRY(system_.begin_change("truncate", path_));
  const std::uint64_t old_size = inode_->cache.size();
  if (size > old_size) mark_dirty(old_size, size);
  inode_->cache.resize(size);
  return {};
}

Result<std::uint64_t> SimFile::size() const {
  PROA_TRY(system_.alive("look at", path_));
  return inode_->cache.size();
}

SimFileLock::~SimFileLock() {
  const auto held = disk_->locks_.find(path_);
  if (held != disk_->locks_.end() && held->second == mount_) disk_->locks_.erase(held);
}

}  // namespace proa::testing
