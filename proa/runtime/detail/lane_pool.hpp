#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "proa/port/runtime.hpp"
#include "proa/runtime/detail/activity.hpp"
#include "proa/runtime/detail/os_thread.hpp"
#include "proa/runtime/detail/recent_durations.hpp"

namespace proa::detail {

/// How the lanes reach the loop they belong to. Threads: any.
class LoopPort {
 public:
  virtual ~LoopPort() = default;
  virtual bool on_this_loop() const = 0;
  /// Queues all of them in this order; true: wake_loop() must be called. Takes no other lock.
  [[nodiscard]] virtual bool queue_on_loop(std::vector<Fn<void()>>& tasks) = 0;
  virtual void wake_loop() = 0;
};

/// What a lane is to the threads of the pool. All but the constants is guarded by the pool's mutex.
struct LaneState {
  struct Task {
    Fn<void()> run = {};
    bool counts = false;  ///< it might have run inline: its duration decides about the next ones
  };
  LaneState(Lane kind, Duration inline_limit) : lane(kind), limit(inline_limit), durations(limit) {}

  const Lane lane;
  const Duration limit;  ///< 0: never inline
  std::shared_ptr<Activity> activity;
  RecentDurations durations;
  std::deque<Task> queue;
  bool taken = false;             ///< by a thread, by the loop, or by the list of ready ones
  std::uint64_t outstanding = 0;  ///< tasks posted or running whose end has not passed the loop
};

/// A few threads that serve all lanes of a runtime: a lane's tasks run one after another, on
/// whichever thread is free. A thread is started when a lane is ready and none is idle. What a task
/// posts to the loop arrives when it ends, in one go with the note of its end. Threads: any.
class LanePool {
 public:
  LanePool(LoopPort& loop, std::size_t threads_max) : loop_(loop), threads_max_(threads_max) {}
  ~LanePool();  ///< no lane may be left

  std::unique_ptr<LaneExecutor> make_lane(Lane lane, std::shared_ptr<Activity> activity);

  static bool on_lane_thread();  ///< of any pool
  /// Called by the loop's executor: true if this is a lane of this pool, which keeps the task.
  bool defer_to_task_end(Fn<void()>& task);

 private:
  friend class PoolLane;
  using Lock = std::unique_lock<std::mutex>;

  void enqueue(const std::shared_ptr<LaneState>& lane, LaneState::Task task);
  bool run_inline(const std::shared_ptr<LaneState>& lane, Fn<void()>& task);
  void finish(const std::shared_ptr<LaneState>& lane);
  void make_ready(const std::shared_ptr<LaneState>& lane);
  void call_thread();
  std::shared_ptr<LaneState> take_ready();
  void grow();
  void work();
  void run_one(Lock& lock, const std::shared_ptr<LaneState>& lane);
  Fn<void()> note_of_end(std::shared_ptr<LaneState> lane);
  /// Snapshots copy for minutes; half of the threads stay free for what others wait for.
  std::size_t background_max() const { return threads_max_ > 1 ? threads_max_ / 2 : 1; }

  LoopPort& loop_;
  const std::size_t threads_max_;
  bool inline_running_ = false;  ///< on the loop only
  std::mutex mutex_;             ///< guards all below and every LaneState
  std::condition_variable work_there_;
  std::condition_variable lane_idle_;
  std::deque<std::shared_ptr<LaneState>> ready_;
  std::deque<std::shared_ptr<LaneState>> ready_background_;
  std::size_t background_running_ = 0;
  std::size_t idle_threads_ = 0;
  std::size_t lanes_ = 0;
  bool stopping_ = false;
  std::list<OsThread> threads_;
};

}  // namespace proa::detail
