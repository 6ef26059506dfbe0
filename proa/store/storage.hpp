#pragma once

#include <memory>
#include <string>

#include "proa/port/file_system.hpp"
#include "proa/port/stable_store.hpp"
#include "proa/store/file_snapshot_store.hpp"
#include "proa/store/wal.hpp"

namespace proa {

struct StorageOptions {
  WalOptions log = {};
  FileSnapshotOptions snapshots = {};
};

/// The three stores of a server in one data directory. Each of them keeps the lock on the directory
/// as long as it lives.
struct Storage {
  std::shared_ptr<LogStore> logs = {};
  std::shared_ptr<StableStore> stable = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
  std::shared_ptr<FileLock> lock = {};
};

/// Takes the directory for this process, making it if it is missing or empty. The stores are opened
/// by whoever uses them, Raft::create for one. Errors, each of which leaves the directory as it
/// was: busy, another process has it; invalid_config, it holds something else;
/// unsupported_protocol, a newer program wrote it; corrupt; io_error. Blocking.
Result<Storage> open_storage(const std::shared_ptr<FileSystem>& files, const std::string& directory,
                             StorageOptions options);

}  // namespace proa
