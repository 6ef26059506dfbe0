#pragma once

#include <memory>
#include <string>

#include "proa/testing/sim_file_system.hpp"

namespace proa::testing {

/// An open file of a SimFileSystem, which must outlive it.
class SimFile final : public File {
 public:
  SimFile(SimFileSystem& system, std::string path, std::shared_ptr<SimInode> inode)
      : system_(system), path_(std::move(path)), inode_(std::move(inode)) {}

  using File::write_at;
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override;
  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> pieces) override;
  Result<void> sync() override;
  Result<void> truncate(std::uint64_t size) override;
  Result<std::uint64_t> size() const override;
  const std::string& path() const override { return path_; }

 private:
  void put(std::uint64_t offset, ByteView bytes);
  void write_until_crash(std::uint64_t offset, std::span<const ByteView> pieces);
  void mark_dirty(std::uint64_t begin, std::uint64_t end);
  void keep_version(std::uint32_t sector);
  Result<void> finish_sync();

  SimFileSystem& system_;
  std::string path_;
  std::shared_ptr<SimInode> inode_;
};

/// A lock on a path, held by one mount.
class SimFileLock final : public FileLock {
 public:
  SimFileLock(std::shared_ptr<SimDisk> disk, std::string path, std::uint64_t mount)
      : disk_(std::move(disk)), path_(std::move(path)), mount_(mount) {}
  ~SimFileLock() override;

 private:
  std::shared_ptr<SimDisk> disk_;
  std::string path_;
  std::uint64_t mount_;
};

}  // namespace proa::testing
