#include "proa/testing/sim_disk.hpp"

#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/base/checksum.hpp"

namespace proa::testing {
namespace {

std::shared_ptr<SimInode> copy_of(
    const std::shared_ptr<SimInode>& inode,
    std::vector<std::pair<std::shared_ptr<SimInode>, std::shared_ptr<SimInode>>>& copies) {
  if (inode == nullptr) return nullptr;
  for (const auto& [original, copy] : copies) {
    if (original == inode) return copy;
  }
  copies.emplace_back(inode, std::make_shared<SimInode>(*inode));
  return copies.back().second;
}

/// Copies a tree in which a file may have several names: in the cache, on the medium, in a change.
class TreeCopy {
 public:
  std::shared_ptr<SimDirectory> copy(const std::shared_ptr<SimDirectory>& from) {
    if (from == nullptr) return nullptr;
    for (const auto& [original, done] : directories_) {
      if (original == from) return done;
    }
    auto made = std::make_shared<SimDirectory>();
    directories_.emplace_back(from, made);
    made->cache = copy(from->cache);
    made->medium = copy(from->medium);
    for (const SimDirectory::Change& change : from->pending) {
      made->pending.push_back({change.from, change.to, copy(change.node)});
    }
    return made;
  }

 private:
  SimDirectory::Node copy(const SimDirectory::Node& node) {
    return {.file = copy_of(node.file, files_), .directory = copy(node.directory)};
  }
  SimDirectory::Names copy(const SimDirectory::Names& names) {
    SimDirectory::Names made;
    for (const auto& [name, node] : names)
      made.emplace(name, copy(node));
    return made;
  }

  std::vector<std::pair<std::shared_ptr<SimInode>, std::shared_ptr<SimInode>>> files_;
  std::vector<std::pair<std::shared_ptr<SimDirectory>, std::shared_ptr<SimDirectory>>> directories_;
};

std::uint64_t bytes_in(const SimDirectory& directory) {
  std::uint64_t sum = 0;
  for (const auto& [name, node] : directory.cache) {
    if (node.file != nullptr) sum += node.file->cache.size();
    if (node.directory != nullptr) sum += bytes_in(*node.directory);
  }
  return sum;
}

/// A checksum of everything that tells two trees apart.
class Fingerprint {
 public:
  void add(const SimDirectory& directory) {
    add(directory.cache);
    const bool clean = directory.pending.empty() && directory.cache == directory.medium;
    number(clean ? 1 : 0);
    if (clean) return;
    add(directory.medium);
    for (const SimDirectory::Change& change : directory.pending) {
      text(change.from);
      text(change.to);
      add(change.node);
    }
  }
  std::uint64_t value() const { return value_; }

 private:
  void add(const SimDirectory::Names& names) {
    number(names.size());
    for (const auto& [name, node] : names) {
      text(name);
      add(node);
    }
  }
  void add(const SimDirectory::Node& node) {
    number(node.directory != nullptr ? 2 : node.file != nullptr ? 1 : 0);
    if (node.directory != nullptr) add(*node.directory);
    if (node.file != nullptr) add(*node.file);
  }
  void add(const SimInode& inode) {
    content(inode.cache);
    number(inode.clean() ? 1 : 0);
    if (inode.clean()) return;
    content(inode.medium);
    number(inode.medium_size);
    for (const std::uint32_t sector : inode.dirty)
      number(sector);
    for (const SimInode::Version& version : inode.versions) {
      number(version.sector);
      bytes(version.bytes);
    }
  }
  void content(const SharedContent& content) {
    number(content.size());
    number(content.checksum());
  }
  void text(const std::string& text) { bytes(view_of(text)); }
  void bytes(ByteView bytes) {
    number(bytes.size());
    value_ = crc64(bytes, value_);
  }
  void number(std::uint64_t number) {
    value_ = crc64(std::as_bytes(std::span{&number, 1}), value_);
  }

  std::uint64_t value_ = 0;
};

void apply(SimDirectory::Names& names, const SimDirectory::Change& change) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.node;
}

bool touches(const SimDirectory::Change& change, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name == change.from || name == change.to;
  });
}

}  // namespace

SimDisk::SimDisk(SimDiskOptions options, Choices choices)
    : options_(options), random_(std::move(choices)), root_(std::make_shared<SimDirectory>()) {
  PROA_ASSERT(options_.sector_bytes > 0);
}

std::unique_ptr<SimDisk> SimDisk::clone(std::uint64_t seed) const {
  auto made = std::make_unique<SimDisk>(options_, seed);
  made->root_ = TreeCopy{}.copy(root_);
  return made;
}

std::uint64_t SimDisk::bytes_used() const { return bytes_in(*root_); }

std::uint64_t SimDisk::fingerprint() const {
  Fingerprint print;
  print.add(*root_);
  return print.value();
}

PowerCutReport SimDisk::cut_power() {
  PowerCutReport report;
  random_.begin("power cut");
  decide(*root_, report);
  locks_.clear();
  return report;
}

void SimDisk::decide(SimDirectory& directory, PowerCutReport& report) {
  // A change that builds on a lost one is lost too: a file that was never created is not renamed.
  std::vector<std::string> lost;
  for (const SimDirectory::Change& change : directory.pending) {
    if (!touches(change, lost) && !random_.percent(50)) {
      apply(directory.medium, change);
      continue;
    }
    ++report.names_lost;
    if (!change.from.empty()) lost.push_back(change.from);
    if (!change.to.empty()) lost.push_back(change.to);
  }
  directory.pending.clear();
  directory.cache = directory.medium;
  for (const auto& [name, node] : directory.cache) {
    if (node.file != nullptr) decide(*node.file, report);
    if (node.directory != nullptr) decide(*node.directory, report);
  }
}

void SimDisk::decide(SimInode& inode, PowerCutReport& report) {
  if (inode.clean()) return;
  const std::uint64_t size = random_.percent(50) ? inode.medium_size : inode.cache.size();
  for (const std::uint32_t sector : inode.dirty) {
    const auto fate = static_cast<Fate>(random_.below(3));
    if (fate == Fate::survives) ++report.survived;
    if (fate == Fate::vanishes) ++report.vanished;
    if (fate == Fate::torn) ++report.torn;
    decide_sector(inode, sector, size, fate);
  }
  inode.medium.resize(size);
  inode.medium_size = size;
  inode.cache = inode.medium;
  inode.mark_clean();
  inode.pages_lost = false;
}

void SimDisk::decide_sector(SimInode& inode, std::uint32_t sector, std::uint64_t size, Fate fate) {
  const std::uint64_t begin = std::uint64_t{sector} * options_.sector_bytes;
  const std::uint64_t end =
      std::min<std::uint64_t>({begin + options_.sector_bytes, size, inode.cache.size()});
  if (fate == Fate::vanishes || begin >= end) return;
  std::vector<std::byte> medium = inode.medium.copy(begin, end);
  const std::vector<std::byte> cache = inode.cache.copy(begin, end);
  if (options_.keeps_older) inode.older.write(begin, medium);
  // A torn sector is new up to some byte and old behind it, or the other way round; or it is noise,
  // in what was there before as well.
  const bool is_noise = fate == Fate::torn && random_.percent(50);
  const std::uint64_t cut = begin + random_.below(end - begin + 1);
  const bool begins_new = random_.percent(50);
  Random noise{is_noise ? random_.next() : 0};
  for (std::uint64_t at = begin; at < end; ++at) {
    if (is_noise) {
      medium[at - begin] = static_cast<std::byte>(noise.next());
    } else if (fate == Fate::survives || (at < cut) == begins_new) {
      medium[at - begin] = cache[at - begin];
    }
  }
  inode.medium.write(begin, medium);
}

void SimDisk::lose_everything_unsynced() {
  const auto lose = [](auto&& self, SimDirectory& directory) -> void {
    directory.pending.clear();
    directory.cache = directory.medium;
    for (const auto& [name, node] : directory.cache) {
      if (node.directory != nullptr) self(self, *node.directory);
      if (node.file == nullptr || node.file->clean()) continue;
      node.file->medium.resize(node.file->medium_size);
      node.file->cache = node.file->medium;
      node.file->mark_clean();
      node.file->pages_lost = false;
    }
  };
  lose(lose, *root_);
  locks_.clear();
}

void SimDisk::write_back_some() {
  random_.begin("write back");
  const auto visit = [this](auto&& self, SimDirectory& directory) -> void {
    for (const auto& [name, node] : directory.cache) {
      if (node.directory != nullptr) self(self, *node.directory);
      if (node.file == nullptr) continue;
      for (const std::uint32_t sector : node.file->dirty) {
        if (random_.percent(50)) write_sector_back(*node.file, sector);
      }
    }
  };
  visit(visit, *root_);
}

void SimDisk::write_sectors_back(SimInode& inode, std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t begin = first * options_.sector_bytes;
  const std::uint64_t end = begin + count * options_.sector_bytes;
  if (options_.keeps_older) inode.older.write_from(inode.medium, begin, end);
  inode.medium.write_from(inode.cache, begin, end);
}

/// Sectors that follow one another together: whole pages of them are shared, not copied.
void SimDisk::write_all_back(SimInode& inode) const {
  const std::vector<std::uint32_t>& dirty = inode.dirty;
  for (std::size_t at = 0; at < dirty.size();) {
    std::size_t next = at + 1;
    while (next < dirty.size() && dirty[next] == dirty[next - 1] + 1)
      ++next;
    write_sectors_back(inode, dirty[at], next - at);
    at = next;
  }
}

std::shared_ptr<SimInode> SimDisk::find(const std::string& path) const {
  const SimDirectory* directory = root_.get();
  std::size_t begin = 0;
  while (true) {
    const std::size_t slash = path.find('/', begin);
    const std::string name = path.substr(begin, slash - begin);
    if (!name.empty()) {
      const auto found = directory->cache.find(name);
      if (found == directory->cache.end()) return nullptr;
      if (found->second.file != nullptr) return found->second.file;
      directory = found->second.directory.get();
    }
    if (slash == std::string::npos) return nullptr;
    begin = slash + 1;
  }
}

bool SimDisk::flip_bit(const std::string& path, std::uint64_t offset, std::uint32_t bit) {
  const auto file = find(path);
  if (file == nullptr || offset >= file->cache.size()) return false;
  const std::byte flipped =
      file->cache.copy(offset, offset + 1).front() ^ (std::byte{1} << (bit % 8));
  return damage(path, offset, ByteView{&flipped, 1});
}

bool SimDisk::damage(const std::string& path, std::uint64_t offset, ByteView bytes) {
  const auto file = find(path);
  if (file == nullptr || offset + bytes.size() > file->cache.size()) return false;
  std::vector<std::byte> before = file->cache.copy(offset, offset + bytes.size());
  if (equal(bytes, before)) return false;
  file->cache.write(offset, bytes);
  const std::uint64_t there = std::min<std::uint64_t>(
      bytes.size(), file->medium.size() - std::min(file->medium.size(), offset));
  file->medium.write(offset, bytes.first(there));
  damages_.push_back({.file = file,
                      .offset = offset,
                      .bytes = {bytes.begin(), bytes.end()},
                      .before = std::move(before)});
  return true;
}

bool SimDisk::is_in(const Damage& damage, const SharedContent& content) {
  const std::uint64_t end = damage.offset + damage.bytes.size();
  return end <= content.size() && content.copy(damage.offset, end) == damage.bytes;
}

bool SimDisk::is_there(const Damage& damage) {
  const auto file = damage.file.lock();
  return file != nullptr && is_in(damage, file->medium);
}

bool SimDisk::is_damaged() const {
  return std::any_of(damages_.begin(), damages_.end(), &SimDisk::is_there);
}

void SimDisk::undo_damage() {
  for (const Damage& damage : std::exchange(damages_, {})) {
    if (!is_there(damage)) continue;
    const auto file = damage.file.lock();
    file->medium.write(damage.offset, damage.before);
    if (is_in(damage, file->cache)) file->cache.write(damage.offset, damage.before);
  }
}

void SimDisk::for_each_file(
    const std::function<void(const std::string& path, const SimInode& file)>& visit) const {
  const auto walk = [&visit](auto&& self, const SimDirectory& directory,
                             const std::string& prefix) -> void {
    for (const auto& [name, node] : directory.cache) {
      if (node.file != nullptr) visit(prefix + name, *node.file);
      if (node.directory != nullptr) self(self, *node.directory, prefix + name + "/");
    }
  };
  walk(walk, *root_, "");
}

}  // namespace proa::testing
