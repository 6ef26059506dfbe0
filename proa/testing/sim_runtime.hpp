#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proa/port/runtime.hpp"
#include "proa/testing/scheduler.hpp"
#include "proa/testing/sim_clock.hpp"

namespace proa::testing {

inline constexpr std::size_t kLanes = 4;

/// What one simulated process is like: drawn per seed. Chances are in percent.
struct SimRuntimeOptions {
  std::uint32_t server = 0;                               ///< for the trace
  std::array<std::uint64_t, kLanes> inline_percent = {};  ///< by Lane: chance of run_inline
  Duration wake_max = std::chrono::microseconds{40};      ///< from a post to the turn that takes it
  Duration dispatch_max = std::chrono::microseconds{60};  ///< from a post to the start on a lane
  Duration timer_late_max = std::chrono::microseconds{100};
  std::array<Duration, kLanes> task_max = {};  ///< by Lane: duration of a task, without its disk
  SimClock clock = {};
};

/// What the tasks of a lane did and how.
struct LaneCounters {
  std::uint64_t inline_tasks = 0;
  std::uint64_t lane_tasks = 0;
};

class SimLane;

/// One simulated process: its loop, lanes and timers under the shared scheduler (design.md §4, the
/// turn). A task of a lane runs whole at its drawn time; what it posts arrives when its duration
/// has passed. A process that was killed runs nothing any more and drops what is posted. Threads:
/// one.
class SimRuntime final : public Runtime, public std::enable_shared_from_this<SimRuntime> {
 public:
  SimRuntime(Scheduler& scheduler, SimRuntimeOptions options, Choices choices);
  ~SimRuntime() override;
  SimRuntime(const SimRuntime&) = delete;
  SimRuntime& operator=(const SimRuntime&) = delete;

  Instant now() const override { return options_.clock.shown_at(simulated_now()); }
  WallTime wall_clock() const override;
  Executor& loop() override { return loop_; }
  std::unique_ptr<LaneExecutor> make_lane(Lane lane) override;
  void run_on_loop(Fn<void()>& task) override;
  bool on_loop() const override { return loop_depth_ > 0; }
  bool may_block() const override { return false; }
  TimerId start_timer(Instant due, Fn<void()> task) override;
  void cancel_timer(TimerId timer) override;
  void at_input_end(Fn<void()> task) override;
  void at_turn_end(Fn<void()> task) override;
  std::uint64_t seed() override;

  /// The process is gone: drops every task and timer, and all that comes. A task that is running
  /// comes to its end; nothing runs after it.
  void kill();
  bool ended() const override { return killed_; }
  bool running() const { return loop_depth_ > 0 || lane_running_ != nullptr; }
  /// Runs nothing until then; memory, sockets and disk stay as they are (SIGSTOP).
  void pause_until(Instant until);
  bool is_paused() const { return simulated_now() < paused_until_; }
  Instant paused_until() const { return paused_until_; }  ///< of the simulation; 0: it never was
  /// From now on a timer is told up to so much late.
  void set_timer_late_max(Duration most) { options_.timer_late_max = most; }
  /// From now on a task of this lane takes up to so much, without its disk.
  void set_task_max(Lane lane, Duration most) {
    options_.task_max[static_cast<std::size_t>(lane)] = most;
  }
  void step_wall_clock(Duration by) { options_.clock.wall_ahead += by; }
  /// Called after each task of a lane: what its disk operations cost.
  void set_disk_cost(Fn<Duration()> cost) { disk_cost_ = std::move(cost); }
  const LaneCounters& counters(Lane lane) const {
    return counters_[static_cast<std::size_t>(lane)];
  }

 private:
  friend class SimLane;

  class LoopExecutor final : public Executor {
   public:
    explicit LoopExecutor(SimRuntime& runtime) : runtime_(runtime) {}
    void post(Fn<void()> task) override { runtime_.post_to_loop(std::move(task)); }

   private:
    SimRuntime& runtime_;
  };
  /// `from` is told when the loop has taken its completion.
  struct Ready {
    Fn<void()> task = {};
    SimLane* from = nullptr;
  };
  /// What a task on a lane has posted, to be delivered when its duration has passed.
  struct Posted {
    SimLane* to = nullptr;  ///< nullptr: the loop
    Fn<void()> task = {};
  };
  struct Tasks {
    std::vector<Fn<void()>> input_end = {};
    std::vector<Fn<void()>> turn_end = {};
    bool empty() const { return input_end.empty() && turn_end.empty(); }
    void clear() {
      input_end.clear();
      turn_end.clear();
    }
  };
  using TimerKey = std::pair<Instant, std::uint64_t>;

  Instant simulated_now() const { return scheduler_.now() + ahead_; }  ///< of the simulation
  void post_to_loop(Fn<void()> task);
  void wake_at(Instant due);
  void wake_within(Instant earliest, Duration late_max);
  Instant not_before(Instant due) const;
  void wake_if_needed();
  void turn();
  std::size_t run_inputs();
  void run_due_timers();
  void run_all(std::vector<Fn<void()>>& tasks) const;
  void drop_all();
  Duration draw(const char* kind, Duration max);
  Duration task_duration(Lane lane);
  std::uint32_t tag(std::uint32_t what) const { return options_.server * 16 + what; }
  void forget(SimLane* lane);

  Scheduler& scheduler_;
  SimRuntimeOptions options_;
  Choices random_;
  std::uint64_t seeds_made_ = 0;
  LoopExecutor loop_{*this};
  std::deque<Ready> ready_;
  Tasks next_turn_;
  Tasks this_turn_;  ///< while it runs; else empty, with its memory for the next one
  std::map<TimerKey, Fn<void()>> timers_;  ///< by the time of the simulation
  std::map<std::uint64_t, Instant> timer_due_;
  std::uint64_t next_timer_ = 1;
  std::vector<SimLane*> lanes_;
  SimLane* lane_running_ = nullptr;  ///< not inline: what it posts waits for its end
  SimLane* inline_running_ = nullptr;
  std::array<LaneCounters, kLanes> counters_ = {};
  Fn<Duration()> disk_cost_;
  EventId wake_ = {};
  Instant wake_due_ = Instant::never();
  std::size_t before_timers_ = 0;  ///< inputs of the wake that timers still have to wait for
  Instant busy_until_ = {};        ///< of the loop: inline tasks take its time
  Instant paused_until_ = {};
  Duration ahead_ = {};  ///< of the scheduler's clock, inside a turn after inline tasks
  int loop_depth_ = 0;
  bool killed_ = false;
};

}  // namespace proa::testing
