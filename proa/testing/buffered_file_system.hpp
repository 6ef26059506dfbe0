#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "proa/base/fn.hpp"
#include "proa/base/guarded.hpp"
#include "proa/port/file_system.hpp"

namespace proa::testing {

class BufferedFile;

/// What becomes of a sync, in tests of tests and of failures.
enum class SyncFate : std::uint8_t {
  done,
  forgotten,  ///< it reports success and has done nothing
  failed,     ///< io_error; what was to be synced is gone
};
using SyncJudge = Fn<SyncFate(const std::string& path)>;

/// Files whose unsynced writes live in this process and die with it: SIGKILL then takes what a
/// power cut would take, so a server that acknowledges before its sync is found out. Contents and
/// lengths reach the files below with sync(); names (create, rename, remove) at once. Threads: as
/// FileSystem.
class BufferedFileSystem final : public FileSystem {
 public:
  /// `judge` is asked at each sync, on any thread, one at a time for a file.
  explicit BufferedFileSystem(std::shared_ptr<FileSystem> below, SyncJudge judge = {});

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override { return below_->exists(path); }
  Result<void> create_directories(const std::string& path) override {
    return below_->create_directories(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return below_->list(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override {
    return below_->sync_directory(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return below_->lock(path);
  }
  std::size_t block_bytes(const std::string& path) override { return below_->block_bytes(path); }

 private:
  struct Names {
    std::map<std::string, std::shared_ptr<BufferedFile>> open = {};  ///< by path
  };

  std::shared_ptr<FileSystem> below_;
  std::shared_ptr<SyncJudge> judge_;
  Guarded<Names> names_ = {};
};

}  // namespace proa::testing
