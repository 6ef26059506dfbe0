#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proa/port/file_system.hpp"

namespace proa {

/// The files of this machine. Directories are made with mode 0700 and files with 0600: a log holds
/// what clients wrote. Errors name the operation, the path, the system's reason and what to do.
/// Threads: any.
class PosixFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  /// Also makes the names of the directories it made durable.
  Result<void> create_directories(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  std::size_t block_bytes(const std::string& path) override;
};

}  // namespace proa
