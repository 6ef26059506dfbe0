#include "proa/testing/sim_file_system.hpp"

#include <algorithm>

#include "proa/testing/detail/sim_file.hpp"

namespace proa::testing {
namespace {

/// The names in a path; empty ones (a leading or doubled slash) and `.` do not count.
std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t slash = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, slash - begin);
    if (!name.empty() && name != ".") names.push_back(std::move(name));
    begin = slash + 1;
  }
  return names;
}

Failure failed(const char* what, const std::string& path, const char* why) {
  return fail(Errc::io_error, std::string("cannot ") + what + " " + path + ": " + why);
}

}  // namespace

SimFileSystem::SimFileSystem(std::shared_ptr<SimDisk> disk)
    : disk_(std::move(disk)), mount_(++disk_->mounts_) {}

SimFileSystem::~SimFileSystem() {
  on_crash_ = nullptr;
  crash();
}

void SimFileSystem::crash() {
  if (!std::exchange(crashed_, true) && on_crash_) on_crash_();
  std::erase_if(disk_->locks_, [this](const auto& lock) { return lock.second == mount_; });
}

Duration SimFileSystem::take_cost() { return std::exchange(cost_, Duration{}); }

void SimFileSystem::charge_sync() {
  const auto low = static_cast<std::uint64_t>(options().sync_min.count());
  const auto high = static_cast<std::uint64_t>(options().sync_max.count());
  disk_->random_.begin("sync");
  charge(Duration{static_cast<std::int64_t>(disk_->random_.between(low, high))});
  cost_ += std::exchange(disk_->stall_, Duration{});
}

Result<void> SimFileSystem::alive(const char* what, const std::string& path) const {
  if (crashed_) return failed(what, path, "the process has crashed");
  return {};
}

std::optional<DiskFault::Kind> SimFileSystem::fault_now() const {
  for (const DiskFault& fault : faults_) {
    if (fault.at_operation == operations_) return fault.kind;
  }
  return std::nullopt;
}

Result<void> SimFileSystem::begin_change(const char* what, const std::string& path,
                                         std::uint64_t bytes) {
  PROA_TRY(alive(what, path));
  if (on_change_) {
    on_change_({.number = operations_ + 1, .what = what, .path = path, .bytes = bytes});
  }
  charge(options().operation);
  ++operations_;
  if (crash_at_ != 0 && operations_ >= crash_at_) crash();
  PROA_TRY(alive(what, path));
  const auto fault = fault_now();
  if (fault == DiskFault::Kind::no_space) return failed(what, path, "no space left on device");
  if (fault == DiskFault::Kind::io_error || disk_->fails_now(DiskFault::Kind::io_error)) {
    return failed(what, path, "input/output error");
  }
  return {};
}

std::shared_ptr<SimDirectory> SimFileSystem::directory_at(const std::string& path) const {
  std::shared_ptr<SimDirectory> directory = disk_->root_;
  for (const std::string& name : names_of(path)) {
    const auto found = directory->cache.find(name);
    if (found == directory->cache.end() || found->second.directory == nullptr) return nullptr;
    directory = found->second.directory;
  }
  return directory;
}

Result<SimFileSystem::Place> SimFileSystem::place_of(const char* what,
                                                     const std::string& path) const {
  std::vector<std::string> names = names_of(path);
  if (names.empty()) return failed(what, path, "it names no file");
  std::string name = std::move(names.back());
  names.pop_back();
  std::shared_ptr<SimDirectory> directory = disk_->root_;
  for (const std::string& parent : names) {
    const auto found = directory->cache.find(parent);
    if (found == directory->cache.end() || found->second.directory == nullptr) {
      return failed(what, path, "no such file or directory");
    }
    directory = found->second.directory;
  }
  return Place{.directory = std::move(directory), .name = std::move(name)};
}

void SimFileSystem::change(SimDirectory& directory, SimDirectory::Change change) {
  if (!change.from.empty()) directory.cache.erase(change.from);
  if (!change.to.empty()) directory.cache[change.to] = change.node;
  directory.pending.push_back(std::move(change));
}

Result<std::unique_ptr<File>> SimFileSystem::open(const std::string& path, OpenMode mode) {
  PROA_TRY(alive("open", path));
  PROA_TRY(const Place place, place_of("open", path));
  const auto found = place.directory->cache.find(place.name);
  const bool there = found != place.directory->cache.end();
  if (there && found->second.file == nullptr) return failed("open", path, "it is a directory");
  if (there && mode == OpenMode::create_new) return failed("create", path, "file exists");
  if (there) return std::make_unique<SimFile>(*this, path, found->second.file);
  if (mode == OpenMode::read || mode == OpenMode::write) {
    return failed("open", path, "no such file or directory");
  }
  PROA_TRY(begin_change("create", path));
  auto inode = std::make_shared<SimInode>();
  change(*place.directory,
         {.from = {}, .to = place.name, .node = {.file = inode, .directory = {}}});
  return std::make_unique<SimFile>(*this, path, std::move(inode));
}

Result<bool> SimFileSystem::exists(const std::string& path) {
  PROA_TRY(alive("look for", path));
  if (directory_at(path) != nullptr) return true;
  const auto place = place_of("look for", path);
  return place.has_value() && place->directory->cache.contains(place->name);
}

Result<void> SimFileSystem::create_directories(const std::string& path) {
  PROA_TRY(alive("create directory", path));
  std::shared_ptr<SimDirectory> directory = disk_->root_;
  for (const std::string& name : names_of(path)) {
    const auto found = directory->cache.find(name);
    if (found == directory->cache.end()) {
      PROA_TRY(begin_change("create directory", path));
      auto made = std::make_shared<SimDirectory>();
      change(*directory, {.from = {}, .to = name, .node = {.file = {}, .directory = made}});
      directory = std::move(made);
      continue;
    }
    if (found->second.directory == nullptr) {
      return failed("create directory", path, "a part of it is a file");
    }
    directory = found->second.directory;
  }
  return {};
}

Result<std::vector<DirectoryEntry>> SimFileSystem::list(const std::string& path) {
  PROA_TRY(alive("list", path));
  const auto directory = directory_at(path);
  if (directory == nullptr) return failed("list", path, "no such directory");
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, node] : directory->cache) {
    entries.push_back({.name = name, .is_directory = node.directory != nullptr});
  }
  return entries;
}

Result<void> SimFileSystem::rename(const std::string& from, const std::string& to) {
  PROA_TRY(const Place source, place_of("rename", from));
  PROA_TRY(const Place target, place_of("rename", to));
  const auto found = source.directory->cache.find(source.name);
  if (found == source.directory->cache.end()) {
    return failed("rename", from, "no such file or directory");
  }
  if (source.directory != target.directory) {
    return failed("rename", from, "the simulated disk renames within one directory only");
  }
  PROA_TRY(begin_change("rename", from));
  change(*source.directory, {.from = source.name, .to = target.name, .node = found->second});
  return {};
}

Result<void> SimFileSystem::remove(const std::string& path) {
  PROA_TRY(const Place place, place_of("remove", path));
  const auto found = place.directory->cache.find(place.name);
  if (found == place.directory->cache.end()) {
    return failed("remove", path, "no such file or directory");
  }
  if (found->second.directory != nullptr && !found->second.directory->cache.empty()) {
    return failed("remove", path, "directory not empty");
  }
  PROA_TRY(begin_change("remove", path));
  change(*place.directory, {.from = place.name, .to = {}, .node = {}});
  return {};
}

Result<void> SimFileSystem::sync_directory(const std::string& path) {
  const auto directory = directory_at(path);
  if (directory == nullptr) return failed("sync directory", path, "no such directory");
  PROA_TRY(begin_change("sync directory", path));
  ++syncs_;
  charge_sync();
  if (fault_now() == DiskFault::Kind::sync_error) {
    directory->pending.clear();
    return failed("sync directory", path, "input/output error");
  }
  directory->medium = directory->cache;
  directory->pending.clear();
  return {};
}

Result<std::unique_ptr<FileLock>> SimFileSystem::lock(const std::string& path) {
  PROA_TRY(alive("lock", path));
  const auto [held, taken] = disk_->locks_.emplace(path, mount_);
  if (!taken) {
    return fail(Errc::busy, path + " is held by process " + std::to_string(held->second));
  }
  return std::make_unique<SimFileLock>(disk_, path, mount_);
}

std::size_t SimFileSystem::block_bytes(const std::string&) { return options().block_bytes; }

}  // namespace proa::testing
