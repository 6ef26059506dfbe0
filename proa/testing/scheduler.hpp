#pragma once

#include <cstdint>
#include <vector>

#include "proa/base/fn.hpp"
#include "proa/base/time.hpp"
#include "proa/testing/choices.hpp"

namespace proa::testing {

/// Names a scheduled event; the default names none.
struct EventId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const EventId&, const EventId&) = default;
};

/// The one virtual clock of a simulation and everything that will happen on it. Events run in the
/// order of their time, those of one time in the order in which they were scheduled. Of two runs
/// with one seed every event is the same; the rolling hash over all of them shows it.
/// Threads: one.
class Scheduler {
 public:
  /// With a `deck`, which outlives it, every decision is recorded there, or comes from there.
  explicit Scheduler(std::uint64_t seed, TapeDeck* deck = nullptr);

  Instant now() const { return now_; }
  Choices& random() { return random_; }

  /// `tag` goes into the trace hash: who and what, a small number.
  EventId at(Instant due, std::uint32_t tag, Fn<void()> task);
  EventId after(Duration delay, std::uint32_t tag, Fn<void()> task) {
    return at(now_ + delay, tag, std::move(task));
  }
  void cancel(EventId event);  ///< what has run or was cancelled is ignored

  bool run_next();  ///< false: nothing is left, or the limit is reached
  void stop_after(std::uint64_t events) { events_max_ = events; }
  bool stopped() const { return events_run_ >= events_max_; }
  bool empty() const { return live_ == 0; }

  void trace(std::uint64_t fact) { hash_ = (hash_ ^ fact) * 0x9E3779B97F4A7C15U + (hash_ >> 29); }
  std::uint64_t trace_hash() const { return hash_; }
  std::uint64_t events_run() const { return events_run_; }

 private:
  struct Slot {
    Fn<void()> task = {};
    std::uint32_t generation = 1;
    std::uint32_t tag = 0;
  };
  struct Item {
    Instant due = {};
    std::uint64_t sequence = 0;
    EventId event = {};
  };
  /// Whether `a` runs later than `b`; makes the standard heap a min-heap.
  static bool later(const Item& a, const Item& b) {
    return a.due != b.due ? a.due > b.due : a.sequence > b.sequence;
  }
  void bring_near();
  Fn<void()> release(EventId event);

  Instant now_ = {};
  Choices random_;
  /// What is due before `horizon_`, the next one at the end: nearly everything that is scheduled
  /// is due within a millisecond, among a few dozen others.
  std::vector<Item> near_;
  std::vector<Item> heap_;  ///< the rest
  Instant horizon_ = {};
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t live_ = 0;
  std::uint64_t events_run_ = 0;
  std::uint64_t events_max_ = UINT64_MAX;
  std::uint64_t hash_;
};

}  // namespace proa::testing
