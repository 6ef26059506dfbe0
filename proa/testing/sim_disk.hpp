#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/fn.hpp"
#include "proa/base/time.hpp"
#include "proa/testing/choices.hpp"
#include "proa/testing/shared_content.hpp"

namespace proa::testing {

/// What a file holds: in the page cache, and on the medium. A sector is dirty while the two may
/// differ. Used by SimFileSystem alone.
struct SimInode {
  SharedContent cache = {};
  SharedContent medium = {};      ///< may be longer than medium_size: what a cut has left
  std::uint64_t medium_size = 0;  ///< the durable length
  /// What each place held before its latest durable write; see SimDiskOptions::keeps_older.
  SharedContent older = {};
  std::vector<std::uint32_t> dirty = {};  ///< numbers of the dirty sectors, in the order written
  std::vector<bool> is_dirty = {};        ///< by sector
  struct Version {
    std::uint32_t sector = 0;
    std::vector<std::byte> bytes = {};
  };
  /// What dirty sectors held before they were written once more; see SimDiskOptions.
  std::vector<Version> versions = {};

  bool pages_lost = false;  ///< after a failed sync: marked clean and not on the medium

  bool clean() const { return dirty.empty() && cache.size() == medium_size && !pages_lost; }
  void mark_clean() {
    dirty.clear();
    is_dirty.clear();
    versions.clear();
  }
};

/// A directory: names in the page cache, names on the medium, and the changes between the two, in
/// the order in which they were made.
struct SimDirectory {
  struct Node {
    std::shared_ptr<SimInode> file = {};
    std::shared_ptr<SimDirectory> directory = {};
    friend bool operator==(const Node&, const Node&) = default;
  };
  using Names = std::map<std::string, Node>;
  /// `from` loses its name, `to` gains `node`; either may be empty. A rename is one change.
  struct Change {
    std::string from = {};
    std::string to = {};
    Node node = {};
  };

  Names cache = {};
  Names medium = {};
  std::vector<Change> pending = {};
};

struct SimDiskOptions {
  std::size_t sector_bytes = 512;  ///< survives, vanishes or tears as a whole
  std::size_t block_bytes = 4096;  ///< what FileSystem::block_bytes reports
  std::uint64_t capacity_bytes = UINT64_MAX;
  Duration sync_min = std::chrono::microseconds{60};
  Duration sync_max = std::chrono::microseconds{200};
  Duration operation = std::chrono::microseconds{4};  ///< every other operation
  std::uint64_t slow_factor = 1;                      ///< multiplies everything above
  /// Of a sector that is written twice before a sync the medium may hold the first version. Kept,
  /// it is a fate that PowerCuts tries; else it is drawn whether it has reached the medium.
  bool keep_versions = false;
  /// What the medium held is kept when it is written over, so that reads may give it once more.
  bool keeps_older = false;
};

/// Which of the operations that change the disk shall fail, and how. Counted from 1, like the
/// operations of one SimFileSystem.
struct DiskFault {
  enum class Kind : std::uint8_t {
    io_error,    ///< nothing happened
    no_space,    ///< nothing happened
    sync_error,  ///< of a sync: the pages are marked clean although they are not on the medium
    read_error,  ///< of a read; those are not counted, see SimDisk::fail_after
  };
  std::uint64_t at_operation = 0;
  Kind kind = Kind::io_error;
};

/// How a power cut treated what was not synced.
struct PowerCutReport {
  std::uint64_t survived = 0;  ///< sectors
  std::uint64_t vanished = 0;
  std::uint64_t torn = 0;
  std::uint64_t names_lost = 0;  ///< changes of directories
};

/// The device of one simulated server: it outlives the server's processes. A write lands in the
/// page cache; sync makes it durable. A process crash leaves the page cache as it is, still not
/// durable. A power cut decides for each unsynced sector alone whether it survives, vanishes or is
/// torn; for each file's length, and for each change of a directory. Threads: one.
class SimDisk {
 public:
  SimDisk(SimDiskOptions options, Choices choices);

  /// Everything that was not synced meets its fate; afterwards the page cache is the medium.
  PowerCutReport cut_power();
  /// The same, all of it lost: the most that a power cut can take.
  void lose_everything_unsynced();
  /// The kernel writes back what it likes, as it may at any time.
  void write_back_some();
  /// A copy of device and page cache that lives its own life, for trying several fates.
  std::unique_ptr<SimDisk> clone(std::uint64_t seed) const;
  /// Inverts one bit of a file's medium and page cache: rot at rest. False: no such byte.
  bool flip_bit(const std::string& path, std::uint64_t offset, std::uint32_t bit);
  /// The same for bytes that become others. False: there are not so many, or they are these
  /// already.
  bool damage(const std::string& path, std::uint64_t offset, ByteView bytes);
  /// The medium still holds something as it was damaged: nobody has written it again, or given up
  /// its file.
  bool is_damaged() const;
  /// Brings back what is still damaged, as from a backup.
  void undo_damage();
  void forget_damage() { damages_.clear(); }  ///< it does not count any more
  /// By path, as the page cache has them.
  void for_each_file(
      const std::function<void(const std::string& path, const SimInode& file)>& visit) const;

  /// The same for two disks that hold the same in page cache and on the medium.
  std::uint64_t fingerprint() const;

  /// The `count`-th operation from now on that this kind of fault can befall fails, whichever
  /// process asks for it; the one after that succeeds. A sync of a directory is none of
  /// sync_error's.
  void fail_after(std::uint64_t count, DiskFault::Kind kind) { due_ = Due{kind, count}; }
  bool has_fault_due() const { return due_.has_value(); }
  void forget_fault() { due_.reset(); }
  /// Told right before an operation fails because of the device.
  void on_fault(Fn<void(DiskFault::Kind)> hook) { on_fault_ = std::move(hook); }

  void stall_next_sync(Duration extra) { stall_ += extra; }
  void end_stall() { stall_ = {}; }
  bool stalls() const { return stall_ > Duration{}; }  ///< its next sync
  SimDiskOptions& options() { return options_; }
  const SimDiskOptions& options() const { return options_; }
  std::uint64_t bytes_used() const;

 private:
  friend class SimFileSystem;
  friend class SimFile;
  friend class SimFileLock;
  friend class PowerCuts;

  /// Whether the operation that is asked for now is the one to fail.
  bool fails_now(DiskFault::Kind kind) {
    if (!due_ || due_->kind != kind) [[likely]]
      return false;
    if (--due_->count > 0) return false;
    due_.reset();
    tell_fault(kind);
    return true;
  }
  void tell_fault(DiskFault::Kind kind) {
    if (on_fault_) on_fault_(kind);
  }

  std::shared_ptr<SimInode> find(const std::string& path) const;

  enum class Fate { survives, vanishes, torn };
  void decide(SimInode& inode, PowerCutReport& report);
  void decide_sector(SimInode& inode, std::uint32_t sector, std::uint64_t size, Fate fate);
  void decide(SimDirectory& directory, PowerCutReport& report);
  void write_sector_back(SimInode& inode, std::uint32_t sector) const {
    write_sectors_back(inode, sector, 1);
  }
  void write_sectors_back(SimInode& inode, std::uint64_t first, std::uint64_t count) const;
  void write_all_back(SimInode& inode) const;

  SimDiskOptions options_;
  Choices random_;
  std::shared_ptr<SimDirectory> root_;
  std::map<std::string, std::uint64_t> locks_;  ///< path to the mount that holds it
  std::uint64_t mounts_ = 0;
  Duration stall_ = {};
  struct Due {
    DiskFault::Kind kind = {};
    std::uint64_t count = 0;
  };
  std::optional<Due> due_;
  Fn<void(DiskFault::Kind)> on_fault_;
  struct Damage {
    std::weak_ptr<SimInode> file = {};
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes = {};
    std::vector<std::byte> before = {};
  };
  static bool is_in(const Damage& damage, const SharedContent& content);
  static bool is_there(const Damage& damage);
  std::vector<Damage> damages_;
};

}  // namespace proa::testing
