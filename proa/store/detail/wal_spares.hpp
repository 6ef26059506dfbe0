#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/guarded.hpp"
#include "proa/port/file_system.hpp"
#include "proa/store/detail/wal_segment.hpp"

namespace proa::store {

/// Files that are ready to become a segment: written once over their whole length, so that a later
/// sync has nothing but data to write. Threads: find before all others; take and make on the log
/// lane, the others on the snapshot lane.
class SpareSegments {
 public:
  static constexpr std::size_t kReadyMax = 2;
  static constexpr std::size_t kStepBytes = std::size_t{1} << 20;
  /// A sync of the log that meanwhile queues behind one of these at the device takes not much
  /// longer.
  static constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

  struct Spare {
    std::string name = {};
    bool recycled = false;  ///< it was a segment and still holds its batches
  };

  SpareSegments(FileSystem& files, std::string directory, std::uint64_t data_bytes)
      : files_(files), directory_(std::move(directory)), data_bytes_(data_bytes) {}

  Result<void> find();          ///< those an earlier process left; removes unfinished ones
  std::optional<Spare> take();  ///< a ready one
  Result<Spare> make();         ///< a new one, at once
  Result<Spare> make_empty();   ///< a new file that nothing was written to
  Result<bool> prepare_step();  ///< one chunk of a new one; false: it is ready
  bool has_ready() const;
  /// A segment that nothing needs becomes a spare, or goes if there are enough. True: it became
  /// one.
  Result<bool> recycle(const Segment& segment);

 private:
  struct Shared {
    std::vector<Spare> ready = {};
    std::uint64_t last_number = 0;
  };
  struct Unfinished {
    std::string name = {};
    std::unique_ptr<File> file = {};
    std::uint64_t written = 0;
  };

  std::string new_name();
  Result<Unfinished> begin();
  Result<void> write_chunk(Unfinished& spare) const;
  Result<void> write_zeros(Unfinished& spare) const;

  FileSystem& files_;
  std::string directory_;
  std::uint64_t data_bytes_;
  Guarded<Shared> shared_;
  std::optional<Unfinished> unfinished_;  ///< the snapshot lane's
};

}  // namespace proa::store
