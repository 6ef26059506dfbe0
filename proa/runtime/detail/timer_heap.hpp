#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "proa/base/fn.hpp"
#include "proa/base/time.hpp"
#include "proa/port/runtime.hpp"

namespace proa::detail {

/// Timers by due time; those of one time in the order in which they were started. Starting and
/// cancelling cost no system call. A cancelled one leaves its place in the heap until it comes up
/// or until half of the heap is of its kind. Threads: one.
class TimerHeap {
 public:
  TimerId start(Instant due, Fn<void()> task);
  void cancel(TimerId timer);  ///< what has run or was cancelled is ignored

  /// Runs what is due at `now`, but nothing that one of these tasks starts.
  void run_due(Instant now);
  /// Instant::never() if there is none. May be that of a cancelled timer: then too early.
  Instant earliest() const { return heap_.empty() ? Instant::never() : heap_.front().due; }
  std::size_t places() const { return heap_.size(); }

 private:
  struct Slot {
    std::optional<Fn<void()>> task = {};
    std::uint32_t generation = 0;
  };
  struct Place {
    Instant due = {};
    std::uint64_t sequence = 0;
    TimerId timer = {};
  };
  /// Of two places the one that comes up later; makes the standard heap one with the earliest
  /// first.
  static bool later(const Place& a, const Place& b) {
    return a.due != b.due ? a.due > b.due : a.sequence > b.sequence;
  }
  Slot* slot_of(TimerId timer);
  std::optional<Fn<void()>> release(TimerId timer);
  void drop_cancelled();

  std::vector<Place> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<TimerId> due_;  ///< of run_due
  std::size_t live_ = 0;      ///< timers that will run
  std::uint64_t next_sequence_ = 0;
};

}  // namespace proa::detail
