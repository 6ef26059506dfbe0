#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/fn.hpp"
#include "proa/port/file_system.hpp"
#include "proa/testing/sim_disk.hpp"

namespace proa::testing {

/// What a process is about to do to the disk.
struct DiskOperation {
  std::uint64_t number = 0;  ///< counted from 1
  const char* what = "";
  const std::string& path;
  std::uint64_t bytes = 0;  ///< of a write
};

/// A SimDisk as one process sees it. Operations that change the disk are counted; at the one drawn
/// for it the process crashes: that operation (but for a beginning of a write, perhaps) and all
/// later ones change nothing and fail. The objects of the process are destroyed by whoever runs it,
/// once the task that was running has returned. Threads: one.
class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(std::shared_ptr<SimDisk> disk);
  ~SimFileSystem() override;
  SimFileSystem(const SimFileSystem&) = delete;
  SimFileSystem& operator=(const SimFileSystem&) = delete;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> create_directories(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  std::size_t block_bytes(const std::string& path) override;

  /// The `count`-th changing operation from now on is the one at which the process crashes.
  void crash_after(std::uint64_t count) { crash_at_ = operations_ + count; }
  /// The same; if it is a write, its first `bytes` reach the page cache, else a drawn number does.
  void crash_after(std::uint64_t count, std::uint64_t bytes) {
    crash_after(count);
    crash_bytes_ = bytes;
  }
  /// Told right before each operation that changes the disk, which then is as a crash at this
  /// operation would leave it.
  void set_on_change(Fn<void(const DiskOperation&)> hook) { on_change_ = std::move(hook); }
  void crash();  ///< now: every later operation fails and changes nothing
  bool crashed() const { return crashed_; }
  /// Told once, inside the operation at which the process crashes.
  void set_on_crash(Fn<void()> hook) { on_crash_ = std::move(hook); }
  /// Crashes only at an operation of this kind: right before, or with `after`, right after it.
  enum class Moment : std::uint8_t { before_sync, after_sync };
  void crash_at_next(Moment moment) { crash_moment_ = moment; }

  void calm() {  ///< forgets a crash that has not happened
    crash_at_ = 0;
    crash_bytes_.reset();
    crash_moment_.reset();
  }

  void inject(DiskFault fault) { faults_.push_back(fault); }
  std::uint64_t operations() const { return operations_; }
  std::uint64_t syncs() const { return syncs_; }

  /// What the operations since the last call would have cost.
  Duration take_cost();

 private:
  friend class SimFile;
  friend class SimFileLock;

  Result<void> begin_change(const char* what, const std::string& path, std::uint64_t bytes = 0);
  Result<void> alive(const char* what, const std::string& path) const;
  std::optional<DiskFault::Kind> fault_now() const;
  void charge(Duration cost) { cost_ += cost * static_cast<std::int64_t>(options().slow_factor); }
  void charge_sync();
  const SimDiskOptions& options() const { return disk_->options_; }

  struct Place {
    std::shared_ptr<SimDirectory> directory = {};
    std::string name = {};
  };
  Result<Place> place_of(const char* what, const std::string& path) const;
  std::shared_ptr<SimDirectory> directory_at(const std::string& path) const;
  void change(SimDirectory& directory, SimDirectory::Change change);

  std::shared_ptr<SimDisk> disk_;
  const std::uint64_t mount_;
  std::uint64_t operations_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t crash_at_ = 0;
  std::optional<std::uint64_t> crash_bytes_;  ///< of a write; none: drawn
  std::optional<Moment> crash_moment_;
  bool crashed_ = false;
  Fn<void()> on_crash_;
  Fn<void(const DiskOperation&)> on_change_;
  std::vector<DiskFault> faults_;
  Duration cost_ = {};
};

}  // namespace proa::testing
