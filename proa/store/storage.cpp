#include "proa/store/storage.hpp"

#include <algorithm>
#include <charconv>

#include "proa/store/detail/directory.hpp"
#include "proa/store/file_stable_store.hpp"

namespace proa {
namespace {

constexpr unsigned kFormat = 1;
constexpr const char* kMarkerName = "proa-format";
constexpr const char* kUnfinishedMarkerName = "proa-format.tmp";
constexpr const char* kLockName = "lock";
constexpr std::string_view kMarkerText = "proa data directory, format ";
constexpr std::size_t kMarkerBytesMax = 64;

Failure refused(Errc code, std::string detail) {
  return fail(Error{.code = code, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

/// What may be there before the marker is: nothing of value.
bool is_ours_before_the_marker(const std::string& name) {
  return name == kLockName || name == kUnfinishedMarkerName || name == "lost+found";
}

bool is_hashicorp_raft(const std::string& name) {
  return name == "raft.db" || name == "wal-meta.db" || name == "peers.json";
}

Result<void> check_marker(FileSystem& files, const std::string& path) {
  PROA_TRY(const auto file, files.open(path, OpenMode::read));
  std::string text(kMarkerBytesMax, '\0');
  PROA_TRY(const std::size_t count,
           file->read_at(0, std::as_writable_bytes(std::span<char>{text})));
  text.resize(count);
  const std::string_view digits =
      std::string_view{text}.substr(std::min(text.size(), kMarkerText.size()));
  unsigned format = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), format);
  const bool whole =
      error == std::errc{} && end + 1 == digits.data() + digits.size() && *end == '\n';
  if (!text.starts_with(kMarkerText) || !whole || format == 0) {
    return refused(Errc::corrupt, path + ": damaged; its first line should read `" +
                                      std::string(kMarkerText) + std::to_string(kFormat) + "`");
  }
  if (format > kFormat) {
    return refused(Errc::unsupported_protocol,
                   path + ": the directory has format " + std::to_string(format) +
                       ", this program knows formats up to " + std::to_string(kFormat) +
                       "; start the newer program again");
  }
  return {};
}

/// A directory without our marker must hold nothing.
Result<void> refuse_foreign(FileSystem& files, const std::string& directory) {
  PROA_TRY(const bool there, files.exists(directory));
  if (!there) return {};
  PROA_TRY(const bool marked, files.exists(store::join(directory, kMarkerName)));
  if (marked) return check_marker(files, store::join(directory, kMarkerName));
  PROA_TRY(const auto entries, files.list(directory));
  const auto foreign = std::find_if(entries.begin(), entries.end(), [](const auto& entry) {
    return !is_ours_before_the_marker(entry.name);
  });
  if (foreign == entries.end()) return {};
  const bool hashicorp = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
    return is_hashicorp_raft(entry.name);
  });
  if (hashicorp) {
    return refused(Errc::invalid_config,
                   directory +
                       " holds the data of a hashicorp/raft server; give this server an "
                       "empty directory and add it to the cluster as a new member");
  }
  return refused(Errc::invalid_config, directory + " is no data directory of proa: it holds " +
                                           foreign->name +
                                           "; give an empty directory or a new one");
}

/// The first thing that is durable in a new directory.
Result<void> mark(FileSystem& files, const std::string& directory) {
  const std::string path = store::join(directory, kMarkerName);
  PROA_TRY(const bool marked, files.exists(path));
  if (marked) return files.sync_directory(directory);
  const std::string unfinished = store::join(directory, kUnfinishedMarkerName);
  PROA_TRY(const auto file, files.open(unfinished, OpenMode::create));
  PROA_TRY(file->truncate(0));
  PROA_TRY(file->write_at(0, view_of(std::string(kMarkerText) + std::to_string(kFormat) + "\n")));
  PROA_TRY(file->sync());
  PROA_TRY(files.rename(unfinished, path));
  return files.sync_directory(directory);
}

template <class Base, class Store>
std::shared_ptr<Base> keeping(const std::shared_ptr<FileLock>& lock, std::unique_ptr<Store> store) {
  return std::shared_ptr<Base>(store.release(), [lock](Store* done) { delete done; });
}

}  // namespace

Result<Storage> open_storage(const std::shared_ptr<FileSystem>& files, const std::string& directory,
                             StorageOptions options) {
  PROA_TRY(refuse_foreign(*files, directory));
  PROA_TRY(store::make_durable_directory(*files, directory));
  auto locked = files->lock(store::join(directory, kLockName));
  if (!locked && locked.error().code == Errc::busy) {
    return refused(Errc::busy, "the data directory " + directory +
                                   " is in use by another process: " + locked.error().detail);
  }
  if (!locked) return fail(std::move(locked).error());
  PROA_TRY(mark(*files, directory));

  const std::shared_ptr<FileLock> lock = std::move(*locked);
  return Storage{
      .logs = keeping<LogStore>(
          lock, std::make_unique<Wal>(files, store::join(directory, "log"), options.log)),
      .stable = keeping<StableStore>(
          lock, std::make_unique<FileStableStore>(files, store::join(directory, "stable"))),
      .snapshots = keeping<SnapshotStore>(
          lock,
          std::make_unique<FileSnapshotStore>(files, directory, std::move(options.snapshots))),
      .lock = lock};
}

}  // namespace proa
