#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "proa/base/ids.hpp"
#include "proa/store/detail/wal_segment.hpp"

namespace proa::store {

/// Where one batch with entries lies, and which of them are still in the log.
struct BatchPlace {
  std::shared_ptr<const Segment> segment = {};
  std::uint64_t offset = 0;
  std::uint64_t batch = 0;  ///< its sequence: another one in its place is whole, and yet rot
  IndexRange live = {};     ///< those of its entries that are in the log
  friend bool operator==(const BatchPlace&, const BatchPlace&) = default;
};

/// Where the entries of the log lie: twelve bytes for each batch, since a batch is the unit that a
/// checksum covers and a read takes. Threads: one at a time; the log keeps it Guarded.
class WalIndex {
 public:
  void add_segment(std::shared_ptr<const Segment> segment);  ///< batches go to the newest
  struct Appended {
    LogIndex first = {};
    std::uint64_t count = 0;
    std::uint64_t offset = 0;
    std::uint64_t batch = 0;
  };
  void append(const Appended& appended);
  void cut_suffix(LogIndex from);
  void cut_prefix(LogIndex first);
  void restart(LogIndex next);

  /// The batches that hold the first entries of `range`, in order, at most `batches_max`. None:
  /// range.first is not in the log.
  std::vector<BatchPlace> find(IndexRange range, std::size_t batches_max) const;
  /// Changes when entries are cut at the end: what was found before may not go on with what is
  /// found now.
  std::uint64_t cuts() const { return cuts_; }

  /// Sequence of the oldest segment that holds an entry of the log; 0: there is none.
  std::uint64_t oldest_used() const;
  /// Gives up the segments before `sequence`, oldest first.
  std::vector<std::shared_ptr<const Segment>> drop_before(std::uint64_t sequence);

 private:
  struct Batch {
    std::uint32_t first = 0;   ///< counted from the first one of its segment
    std::uint32_t offset = 0;  ///< in units of kOffsetUnit
    std::uint32_t number = 0;  ///< of all batches in its segment, from 0
  };
  struct Part {
    std::shared_ptr<const Segment> segment = {};
    LogIndex first = {};              ///< of the first batch
    LogIndex next = {};               ///< behind the last entry
    std::vector<Batch> batches = {};  ///< consecutive
    LogIndex first_of(std::size_t batch) const { return first + batches[batch].first; }
    bool used(LogIndex log_first) const { return !batches.empty() && next > log_first; }
  };
  static constexpr std::uint64_t kOffsetUnit = 4;

  std::size_t batch_with(const Part& part, LogIndex index) const;

  LogIndex first_ = LogIndex{1};
  std::uint64_t cuts_ = 0;
  std::deque<Part> parts_;
};

}  // namespace proa::store
