#include "proa/runtime/posix_file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <utility>

#include "proa/runtime/detail/posix_file.hpp"
#include "proa/runtime/detail/system_error.hpp"

namespace proa {
namespace {

using detail::file_failure;
using detail::UniqueFd;

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr std::size_t kBlockBytesMin = 4096;
// Beyond this a device reports a stripe, not what tears.
constexpr std::size_t kBlockBytesMax = 65536;

UniqueFd open_fd(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  } while (fd < 0 && errno == EINTR);
  return UniqueFd{fd};
}

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::write:
      return O_RDWR;
    case OpenMode::create:
      return O_RDWR | O_CREAT;
    case OpenMode::create_new:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

std::string_view verb_of(OpenMode mode) {
  return mode == OpenMode::read || mode == OpenMode::write ? "open" : "create";
}

/// "." for a plain name, "/" for a name in the root.
std::string parent_of(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  const std::size_t slash = end == std::string::npos ? end : path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  const std::size_t last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

bool is_directory(const std::string& path) {
  struct stat facts = {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

/// Not every file system tells the kind of an entry, and a link has none.
bool is_directory(const std::string& parent, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) return entry.d_type == DT_DIR;
  std::string path = parent;
  return is_directory(path.append("/").append(entry.d_name));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// Holds the flock until it is closed. The file stays: removing it would let two processes hold two
/// locks of one name.
class PosixFileLock : public FileLock {
 public:
  explicit PosixFileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

/// The holder wrote its process id into the file; it may not have come to that yet.
std::string holder_of(const UniqueFd& fd) {
  std::array<char, 32> text = {};
  const ssize_t size = ::pread(fd.get(), text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  pid_t pid = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + size, pid);
  if (parsed.ec != std::errc{} || pid <= 0) return "another process";
  if (pid == ::getpid()) return "this process (pid " + std::to_string(pid) + ") already";
  return "process " + std::to_string(pid);
}

Result<std::size_t> number_in(const std::string& path) {
  const UniqueFd fd = open_fd(path, O_RDONLY);
  if (!fd.valid()) return file_failure("open", path, errno);
  std::array<char, 32> text = {};
  const ssize_t size = ::read(fd.get(), text.data(), text.size());
  if (size <= 0) return file_failure("read", path, EIO);
  std::size_t value = 0;
  if (std::from_chars(text.data(), text.data() + size, value).ec != std::errc{}) {
    return file_failure("read", path, EINVAL);
  }
  return value;
}

/// What the block device under a path writes at once, if the system tells: the queue's directory is
/// that of the device, or for a partition that of the device above it.
std::size_t physical_block_bytes(const std::string& path) {
  struct stat facts = {};
  if (::stat(path.c_str(), &facts) != 0) return 0;
  const std::string device = "/sys/dev/block/" + std::to_string(major(facts.st_dev)) + ":" +
                             std::to_string(minor(facts.st_dev));
  for (const char* queue : {"/queue/", "/../queue/"}) {
    const auto bytes = number_in(device + queue + "physical_block_size");
    if (bytes) return *bytes;
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  UniqueFd fd = open_fd(path, flags_of(mode));
  if (!fd.valid()) return file_failure(verb_of(mode), path, errno);
  return std::make_unique<detail::PosixFile>(std::move(fd), path);
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat facts = {};
  if (::lstat(path.c_str(), &facts) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return file_failure("look for", path, errno);
}

Result<void> PosixFileSystem::create_directories(const std::string& path) {
  if (is_directory(path)) return {};
  const std::string parent = parent_of(path);
  if (parent != path && !is_directory(parent)) PROA_TRY(create_directories(parent));
  if (::mkdir(path.c_str(), kDirectoryMode) != 0) {
    const int why = errno;
    if (why == EEXIST && is_directory(path)) return {};  // somebody else was faster
    return file_failure("create directory", path, why);
  }
  return sync_directory(parent);
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::list(const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (directory == nullptr) return file_failure("list", path, errno);
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr && errno != 0) return file_failure("list", path, errno);
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    entries.push_back({.name = name, .is_directory = is_directory(path, *entry)});
  }
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return file_failure("rename", from + " to " + to, errno);
  }
  return {};
}

Result<void> PosixFileSystem::remove(const std::string& path) {
  const bool removed =
      ::unlink(path.c_str()) == 0 ||
      ((errno == EISDIR || errno == EPERM) && is_directory(path) && ::rmdir(path.c_str()) == 0);
  if (!removed) return file_failure("remove", path, errno);
  return {};
}

Result<void> PosixFileSystem::sync_directory(const std::string& path) {
  const UniqueFd fd = open_fd(path, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return file_failure("open directory", path, errno);
  while (::fsync(fd.get()) != 0) {
    if (errno != EINTR) return file_failure("sync directory", path, errno);
  }
  return {};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
  UniqueFd fd = open_fd(path, O_RDWR | O_CREAT);
  if (!fd.valid()) return file_failure("create", path, errno);
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    if (why == EINTR) continue;
    if (why != EWOULDBLOCK) return file_failure("lock", path, why);
    return fail(Errc::busy, path + " is locked by " + holder_of(fd) +
                                "; stop it, or give this server a directory of its own");
  }
  const std::string holder = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
    return file_failure("write", path, errno);
  }
  return std::make_unique<PosixFileLock>(std::move(fd));
}

std::size_t PosixFileSystem::block_bytes(const std::string& path) {
  // st_blksize is no help: it is the size that reads well, a whole record on some file systems.
  const std::size_t device = physical_block_bytes(path);
  if (!std::has_single_bit(device)) return kBlockBytesMin;
  return std::clamp(device, kBlockBytesMin, kBlockBytesMax);
}

}  // namespace proa
