#pragma once

#include <memory>
#include <string>

#include "proa/base/fn.hpp"
#include "proa/port/file_system.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa {

struct FileSnapshotOptions {
  std::size_t retain = 2;  ///< newest snapshots to keep; at least 1
  /// Milliseconds since 1970, for the names; without it the names count.
  Fn<std::int64_t()> unix_milliseconds = {};
};

/// Snapshots in directories, as hashicorp/raft's FileSnapshotStore lays them out (reference §5), so
/// that either program reads what the other wrote. The state is synced every kSyncBytes, so that
/// the disk never has a large backlog when the log wants to sync. An old snapshot that cannot be
/// removed fails nothing: the next one that is stored tries again.
/// Threads: as SnapshotStore.
class FileSnapshotStore final : public SnapshotStore {
 public:
  static constexpr std::uint64_t kSyncBytes = std::uint64_t{8} << 20;

  /// `directory` is the model's base directory: the snapshots lie in `<directory>/snapshots`.
  FileSnapshotStore(std::shared_ptr<FileSystem> files, const std::string& directory,
                    FileSnapshotOptions options);
  ~FileSnapshotStore() override;

  Result<void> open() override;
  Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) override;
  /// At most `retain`; those whose meta.json is damaged are left out.
  Result<std::vector<SnapshotMeta>> list() const override;
  /// Reads the whole state once to check it. Errors: snapshot_not_found, corrupt.
  Result<OpenSnapshot> open(const std::string& id) const override;

 private:
  class Folder;
  class Sink;
  std::shared_ptr<Folder> folder_;
  Fn<std::int64_t()> unix_milliseconds_;
};

}  // namespace proa
