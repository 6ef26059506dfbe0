#pragma once

#include <vector>

#include "proa/driver/proposal.hpp"

namespace proa::driver {

/// Who waits for which index to be applied: a ring by index, since a leader's own entries have
/// consecutive ones. Threads: the loop.
class Book {
 public:
  struct Open {
    LogIndex index = {};
    Term term = {};
    Waiter waiter = {};
  };

  /// Indexes come in ascending order; in between there may be entries nobody waits for.
  void note(LogIndex index, Term term, Waiter waiter);
  bool empty() const { return size_ == 0; }
  /// Indexes from the oldest that somebody waits for to the newest, which is what takes memory.
  std::size_t size() const { return size_; }
  bool waits_in(IndexRange range) const;  ///< somebody may wait for one of them
  bool waits_for(LogIndex index) const;

  /// Takes out those up to `last`, oldest first.
  std::vector<Open> take_up_to(LogIndex last);
  /// Takes out those from `first` on, oldest first.
  std::vector<Open> take_from(LogIndex first);

 private:
  struct Slot {
    Term term = {};
    Waiter waiter = {};
  };
  Slot& slot(LogIndex index) { return ring_[index.value & (ring_.size() - 1)]; }
  const Slot& slot(LogIndex index) const { return ring_[index.value & (ring_.size() - 1)]; }
  LogIndex end() const { return first_ + size_; }
  void grow(std::uint64_t needed);
  void take(LogIndex from, LogIndex until, std::vector<Open>& into);

  std::vector<Slot> ring_;  ///< its size is a power of two, or 0
  LogIndex first_ = {};
  std::uint64_t size_ = 0;
};

}  // namespace proa::driver
