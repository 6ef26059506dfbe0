#pragma once

#include <memory>
#include <string>

#include "proa/port/file_system.hpp"
#include "proa/port/log_store.hpp"

namespace proa {

namespace store {
struct BatchPlace;
}

struct WalOptions {
  static constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{64} << 10;
  static constexpr std::uint64_t kSegmentBytesMax = std::uint64_t{1} << 30;
  /// Of a new segment; between the two bounds.
  std::uint64_t segment_bytes = std::uint64_t{64} << 20;
  /// For the salts of the segments; another one at each start, unless a test wants to repeat a run.
  std::uint64_t seed = 0;
};

/// What a log has done since it was opened.
struct WalCounters {
  std::uint64_t batches = 0;
  std::uint64_t written_bytes = 0;  ///< whole blocks
  std::uint64_t rolls = 0;          ///< segments begun
  std::uint64_t rolls_into_recycled = 0;
  std::uint64_t rolls_unprepared = 0;  ///< a write had to make its segment itself
  std::uint64_t oversized = 0;         ///< batches with a segment of their own
  std::uint64_t recycled = 0;          ///< segments that became spares
  std::uint64_t removed = 0;           ///< segments deleted
  std::uint64_t footers = 0;           ///< written
  std::uint64_t torn_tails = 0;        ///< cut by open: 0 or 1
  std::uint64_t tails_copied = 0;      ///< by open, after a failed sync: 0 or 1
};

/// The log on disk: append-only segments that are written once over their whole length and then
/// recycled. One write is one batch, one write call and one sync; nothing durable is ever
/// rewritten. The format, and what it survives, are in docs/storage.md.
/// Threads: as LogStore; counters on any.
class Wal final : public LogStore {
 public:
  Wal(std::shared_ptr<FileSystem> files, std::string directory, WalOptions options);
  ~Wal() override;

  /// Errors: corrupt, naming file, offset and entry; unsupported_protocol, if a newer program wrote
  /// it. Both leave the directory as it was.
  Result<LogSummary> open() override;
  Result<EntryView> read(IndexRange range, std::size_t bytes_max) const override;
  Result<void> write(const LogBatch& batch) override;
  Result<void> truncate_prefix(LogIndex last_removed) override;
  bool ready_for(std::size_t bytes) const override;
  Result<bool> prepare() override;

  WalCounters counters() const;

 private:
  class Writer;
  struct Shared;
  template <class F>
  auto unless_failed(F&& change) -> decltype(change());
  Result<bool> prepare_step();
  Result<bool> recycle_one();
  Result<void> recycle_all();
  Result<bool> write_one_footer();
  Result<EntryView> read_once(IndexRange range, std::size_t bytes_max) const;
  Result<EntryView> read_place(const store::BatchPlace& place) const;

  std::shared_ptr<FileSystem> files_;
  std::string directory_;
  WalOptions options_;
  std::unique_ptr<Shared> shared_;
  std::unique_ptr<Writer> writer_;  ///< the log lane's
};

}  // namespace proa
