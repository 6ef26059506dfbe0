#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa {

/// An open file. Nothing is durable before sync() has returned. Blocking. Threads: one at a time,
/// but read_at beside others. Errors: io_error with path, operation and the system's reason.
class File {
 public:
  virtual ~File() = default;  ///< closes; unsynced writes may still be lost
  /// Reads up to buffer.size() bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
  /// Writes all pieces one behind the other, growing the file where needed; all or an error.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const ByteView> pieces) = 0;
  Result<void> write_at(std::uint64_t offset, ByteView bytes) {
    return write_at(offset, std::span<const ByteView>{&bytes, 1});
  }
  virtual Result<void> sync() = 0;  ///< data and length (fdatasync); not the directory entry
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual const std::string& path() const = 0;
};

/// Held while the object lives, and across no crash of the process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct DirectoryEntry {
  std::string name = {};
  bool is_directory = false;
};

enum class OpenMode : std::uint8_t {
  read,        ///< must exist
  write,       ///< read and write; must exist
  create,      ///< read and write; made if missing, kept if there
  create_new,  ///< read and write; must not exist
};

/// The disk. Names become durable with sync_directory of the directory that holds them. Paths are
/// separated by `/`. Blocking. Threads: any.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<void> create_directories(
      const std::string& path) = 0;  ///< mode 0700, with parents
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;  ///< by name
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;  ///< a file or an empty directory
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Fails with Errc::busy if another process holds it, naming it when known.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  /// The unit that a torn write can damage: at least 4096, more if the device asks for it.
  virtual std::size_t block_bytes(const std::string& path) = 0;
};

}  // namespace proa
