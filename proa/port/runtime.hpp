#pragma once

#include <cstdint>
#include <memory>

#include "proa/base/fn.hpp"
#include "proa/base/time.hpp"

namespace proa {

/// Runs tasks one after another, in the order they were posted. Threads: post from any.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Fn<void()> task) = 0;
};

/// What a lane is for. The runtime decides by it how long an inline task may take (design.md §4).
enum class Lane : std::uint8_t { log, reader, fsm, snapshot };

/// A serial queue of blocking work beside the loop. A task ends by posting its completion to the
/// loop. Destroying a lane finishes what was posted. Threads: the loop; tasks run on the lane.
class LaneExecutor : public Executor {
 public:
  /// Runs and times `task` now, on the loop, and returns true, if the lane is empty, its last
  /// completion has been delivered and this kind of task has been quick of late; else leaves it
  /// alone and returns false, and the caller posts it. The simulator draws.
  virtual bool run_inline(Fn<void()>& task) = 0;
};

/// Names a running timer; 0 is none.
struct TimerId {
  std::uint64_t value = 0;
  friend bool operator==(const TimerId&, const TimerId&) = default;
};

/// Every thread, clock, timer and random seed of a node comes from here. One implementation runs
/// on Asio, one in the simulator. Threads: the loop, unless said otherwise.
class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual Instant now() const = 0;          ///< any thread; does not stop while the machine sleeps
  virtual WallTime wall_clock() const = 0;  ///< any thread; for Entry::appended_at only
  virtual Executor& loop() = 0;             ///< any thread may post; sockets, timers, protocol
  virtual std::unique_ptr<LaneExecutor> make_lane(Lane lane) = 0;  ///< not tied to one OS thread
  /// Runs `task` on the loop and returns when it has run; at once if called on the loop. Any
  /// thread but a lane.
  virtual void run_on_loop(Fn<void()>& task) = 0;
  virtual bool on_loop() const = 0;  ///< any thread
  virtual bool may_block()
      const = 0;  ///< any thread; false on the loop, on a lane, in the simulator

  /// Timers run on the loop, after all input that was ready in the same wake.
  virtual TimerId start_timer(Instant due, Fn<void()> task) = 0;
  virtual void cancel_timer(TimerId timer) = 0;  ///< its task will not run; unknown ids are ignored

  /// Runs `task` once, when the input that is ready now has been stepped: steps 3 to 7 of the turn.
  virtual void at_input_end(Fn<void()> task) = 0;
  /// Runs `task` once, after every at_input_end task of this turn: step 8. What registers while
  /// one of the two runs belongs to the next turn.
  virtual void at_turn_end(Fn<void()> task) = 0;

  virtual std::uint64_t seed() = 0;  ///< a new one at each call

  /// The simulated process has crashed: nothing runs any more, what waits is dropped. Any thread.
  virtual bool ended() const { return false; }
};

}  // namespace proa
