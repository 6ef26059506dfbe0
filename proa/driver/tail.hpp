#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "proa/model/entry.hpp"

namespace proa::driver {

/// The end of the log, in memory: everything that is not durable yet, and before it as much as its
/// limit allows. Cost per batch, not per entry. Threads: the loop.
class Tail {
 public:
  explicit Tail(LogIndex next_index) : next_(next_index) {}

  LogIndex first_index() const;                  ///< next_index() if nothing is in memory
  LogIndex next_index() const { return next_; }  ///< where the next entry goes
  std::size_t memory_bytes() const { return memory_bytes_; }
  /// Of these, those that were not durable when persisted() was told last.
  std::size_t undurable_bytes() const { return undurable_bytes_; }

  /// What begins before the end replaces everything from there on.
  void append(const EntryView& entries);
  /// An installed snapshot replaces the log, which goes on at `next_index`.
  void restart(LogIndex next_index);
  /// Everything up to `durable` is on disk.
  void persisted(LogIndex durable);
  /// Likewise; lets go of the oldest entries until at most `bytes_max` are held, but of none behind
  /// `durable`.
  void evict(LogIndex durable, std::size_t bytes_max);

  /// Nothing, unless all of `range` is in memory.
  std::optional<EntryView> view(IndexRange range) const;

 private:
  struct Held {
    EntryRun run = {};
    LogIndex first = {};
    std::size_t bytes = 0;  ///< of the whole block: it lives as long as its last entry
    LogIndex last() const { return previous(first + (run.end - run.begin)); }
  };
  void cut(LogIndex from);

  std::deque<Held> runs_;
  LogIndex next_;
  std::size_t memory_bytes_ = 0;
  std::size_t undurable_bytes_ = 0;
  std::size_t durable_runs_ = 0;  ///< of the runs, from the front
};

}  // namespace proa::driver
