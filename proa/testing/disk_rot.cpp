#include "proa/testing/disk_rot.hpp"

#include <algorithm>

#include "proa/store/detail/wal_format.hpp"

namespace proa::testing {
namespace {

constexpr std::uint64_t kSlotBytesUsed = 512;  // of a few short keys and values
constexpr std::uint64_t kSectorBytes = 512;
constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kHeadBytes = 128;  // of a block, in which headers and short entries lie

struct FoundSegment {
  std::string path = {};
  std::uint64_t sequence = 0;
  const SimInode* file = nullptr;
};

std::vector<FoundSegment> segments_of(const SimDisk& disk, const std::string& directory) {
  std::vector<FoundSegment> found;
  disk.for_each_file([&](const std::string& path, const SimInode& file) {
    if (!path.starts_with(directory + "/")) return;
    const auto name = store::parse_segment_name(path.substr(directory.size() + 1));
    if (name) found.push_back({.path = path, .sequence = name->sequence, .file = &file});
  });
  std::sort(found.begin(), found.end(),
            [](const FoundSegment& a, const FoundSegment& b) { return a.sequence < b.sequence; });
  return found;
}

/// Where the last batch of a segment begins; without one, where the first would.
std::uint64_t last_batch_in(const FoundSegment& segment, std::uint64_t block) {
  const std::uint64_t size = segment.file->cache.size();
  std::uint64_t last = std::min<std::uint64_t>(2 * block, size);
  for (std::uint64_t at = last; at + block <= size; at += block) {
    if (store::resembles_batch_of(segment.file->cache.copy(at, at + block), segment.sequence)) {
      last = at;
    }
  }
  return last;
}

bool is_at_rest(const SimInode& file) { return file.clean() && file.cache.size() > 0; }

}  // namespace

std::vector<DiskPlace> log_at_rest(const SimDisk& disk, const std::string& directory) {
  std::vector<DiskPlace> places;
  const std::vector<FoundSegment> segments = segments_of(disk, directory);
  for (const FoundSegment& segment : segments) {
    if (!is_at_rest(*segment.file)) continue;
    const bool is_newest = &segment == &segments.back();
    places.push_back({.path = segment.path,
                      .begin = 0,
                      .end = is_newest ? last_batch_in(segment, disk.options().block_bytes)
                                       : segment.file->cache.size()});
  }
  return places;
}

std::vector<DiskPlace> stable_at_rest(const SimDisk& disk, const std::string& path) {
  std::vector<DiskPlace> places;
  disk.for_each_file([&](const std::string& name, const SimInode& file) {
    if (name != path || !is_at_rest(file)) return;
    for (const std::uint64_t slot : {std::uint64_t{0}, file.cache.size() / 2})
      places.push_back({.path = name, .begin = slot, .end = slot + kSlotBytesUsed});
  });
  return places;
}

std::vector<DiskPlace> snapshot_at_rest(const SimDisk& disk, const std::string& directory,
                                        const LogPosition& last) {
  std::vector<DiskPlace> places;
  const std::string prefix =
      directory + "/snapshots/" + to_string(last.term) + "-" + to_string(last.index) + "-";
  disk.for_each_file([&](const std::string& path, const SimInode& file) {
    if (!path.starts_with(prefix) || path.find(".tmp/") != std::string::npos) return;
    if (is_at_rest(file)) places.push_back({.path = path, .begin = 0, .end = file.cache.size()});
  });
  return places;
}

bool rot(SimDisk& disk, const DiskPlace& place, Choices& random) {
  if (place.begin >= place.end) return false;
  std::uint64_t at = random.between(place.begin, place.end - 1);
  const bool is_in_head = random.percent(75);  // most of a block is filled up with zeros
  const std::uint64_t in_head = random.below(kHeadBytes);
  const std::uint64_t head = at / kBlockBytes * kBlockBytes;
  if (is_in_head) at = std::clamp(head + in_head, place.begin, place.end - 1);
  const std::uint64_t bit = random.below(8);
  const bool is_whole_sector = random.percent(50);
  const std::uint64_t noise = random.next();
  if (!is_whole_sector) return disk.flip_bit(place.path, at, static_cast<std::uint32_t>(bit));
  const std::uint64_t begin = std::max(place.begin, at / kSectorBytes * kSectorBytes);
  const std::uint64_t end = std::min(place.end, begin + kSectorBytes);
  std::vector<std::byte> bytes(end - begin);
  Random drawn{noise};
  for (std::byte& byte : bytes)
    byte = static_cast<std::byte>(drawn.next());
  return disk.damage(place.path, begin, bytes);
}

bool misdirect(SimDisk& disk, const DiskPlace& onto, const DiskPlace& from, Choices& random) {
  const std::uint64_t block = disk.options().block_bytes;
  const auto draw_block = [&](const DiskPlace& place) {
    const std::uint64_t blocks = (place.end - place.begin + block - 1) / block;
    return place.begin + random.below(std::max<std::uint64_t>(blocks, 1)) * block;
  };
  const std::uint64_t to = draw_block(onto);
  const std::uint64_t source = draw_block(from);
  std::vector<std::byte> bytes;
  disk.for_each_file([&](const std::string& path, const SimInode& file) {
    if (path != from.path) return;
    const std::uint64_t end = std::min<std::uint64_t>(source + block, file.cache.size());
    if (source < end) bytes = file.cache.copy(source, end);
  });
  bytes.resize(std::min<std::uint64_t>(bytes.size(), onto.end - std::min(onto.end, to)));
  return !bytes.empty() && disk.damage(onto.path, to, bytes);
}

bool go_stale(SimDisk& disk, const DiskPlace& place, Choices& random) {
  const bool is_block = random.percent(50);
  const std::uint64_t which = random.below(UINT32_MAX);
  const std::uint64_t unit = is_block ? disk.options().block_bytes : disk.options().sector_bytes;
  if (!disk.options().keeps_older) return false;
  struct Older {
    std::uint64_t begin = 0;
    std::vector<std::byte> bytes = {};
  };
  std::vector<Older> written_over;
  disk.for_each_file([&](const std::string& path, const SimInode& file) {
    if (path != place.path) return;
    const std::uint64_t last = std::min<std::uint64_t>(place.end, file.cache.size());
    for (std::uint64_t at = place.begin; at < last;) {
      const std::uint64_t end = std::min(last, (at / unit + 1) * unit);
      std::vector<std::byte> older = file.older.copy(at, end);
      if (older != file.cache.copy(at, end)) written_over.push_back({at, std::move(older)});
      at = end;
    }
  });
  if (written_over.empty()) return false;
  const Older& older = written_over[which % written_over.size()];
  return disk.damage(place.path, older.begin, older.bytes);
}

}  // namespace proa::testing
