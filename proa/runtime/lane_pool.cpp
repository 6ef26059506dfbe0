#include "proa/runtime/detail/lane_pool.hpp"

#include <utility>

#include "proa/base/assert.hpp"
#include "proa/runtime/detail/clock.hpp"

namespace proa::detail {
namespace {

constexpr Duration kLogInlineLimit = std::chrono::microseconds{2000};
constexpr Duration kFsmInlineLimit = std::chrono::microseconds{100};

Duration inline_limit_of(Lane lane) {
  switch (lane) {
    case Lane::log:
      return kLogInlineLimit;
    case Lane::fsm:
      return kFsmInlineLimit;
    case Lane::reader:
    case Lane::snapshot:
      return {};
  }
  return {};
}

/// Of a thread of a pool.
struct LaneThread {
  const LanePool* pool = nullptr;
  std::vector<Fn<void()>> posts = {};  ///< to the loop, kept until the task ends
};
thread_local LaneThread* this_lane_thread = nullptr;

}  // namespace

/// A lane, as its owner holds it.
class PoolLane final : public LaneExecutor {
 public:
  PoolLane(LanePool& pool, std::shared_ptr<LaneState> state)
      : pool_(pool), state_(std::move(state)) {}
  ~PoolLane() override { pool_.finish(state_); }

  void post(Fn<void()> task) override {
    const bool counts = pool_.loop_.on_this_loop() && std::exchange(refused_, false);
    pool_.enqueue(state_, {.run = std::move(task), .counts = counts});
  }
  bool run_inline(Fn<void()>& task) override {
    if (state_->limit == Duration{} || !pool_.loop_.on_this_loop()) return false;
    refused_ = !pool_.run_inline(state_, task);
    return !refused_;
  }

 private:
  LanePool& pool_;
  std::shared_ptr<LaneState> state_;
  bool refused_ = false;  ///< on the loop only: the next post is the task that run_inline refused
};

LanePool::~LanePool() {
  {
    const std::lock_guard lock(mutex_);
    PROA_ASSERT(lanes_ == 0);
    stopping_ = true;
  }
  work_there_.notify_all();
}

std::unique_ptr<LaneExecutor> LanePool::make_lane(Lane lane, std::shared_ptr<Activity> activity) {
  auto state = std::make_shared<LaneState>(lane, inline_limit_of(lane));
  state->activity = std::move(activity);
  const std::lock_guard lock(mutex_);
  ++lanes_;
  return std::make_unique<PoolLane>(*this, std::move(state));
}

bool LanePool::on_lane_thread() { return this_lane_thread != nullptr; }

bool LanePool::defer_to_task_end(Fn<void()>& task) {
  if (this_lane_thread == nullptr || this_lane_thread->pool != this) return false;
  this_lane_thread->posts.push_back(std::move(task));
  return true;
}

void LanePool::enqueue(const std::shared_ptr<LaneState>& lane, LaneState::Task task) {
  const std::lock_guard lock(mutex_);
  ++lane->outstanding;
  lane->queue.push_back(std::move(task));
  if (lane->taken) return;
  make_ready(lane);
  call_thread();
}

void LanePool::make_ready(const std::shared_ptr<LaneState>& lane) {
  lane->taken = true;
  (lane->lane == Lane::snapshot ? ready_background_ : ready_).push_back(lane);
}

/// A thread that was told to wake and has not yet counts as idle, so each ready lane needs its own.
void LanePool::call_thread() {
  const std::size_t ready = ready_.size() + ready_background_.size();
  if (idle_threads_ < ready && threads_.size() < threads_max_) grow();
  work_there_.notify_one();
}

void LanePool::grow() {
  const bool started = threads_.emplace_back().start("proa-lane", [this] { work(); });
  if (started) return;
  threads_.pop_back();
  PROA_ASSERT(!threads_.empty());  // one thread serves all lanes, only later; none serves nobody
}

/// Null if nothing may begin now.
std::shared_ptr<LaneState> LanePool::take_ready() {
  const bool background = !ready_background_.empty() && background_running_ < background_max();
  if (ready_.empty() && !background) return nullptr;
  auto& from = ready_.empty() ? ready_background_ : ready_;
  auto lane = std::move(from.front());
  from.pop_front();
  return lane;
}

void LanePool::work() {
  LaneThread thread{.pool = this};
  this_lane_thread = &thread;
  Lock lock(mutex_);
  for (;;) {
    if (const auto lane = take_ready()) {
      run_one(lock, lane);
      continue;
    }
    if (stopping_) return;
    ++idle_threads_;
    work_there_.wait(lock);
    --idle_threads_;
  }
}

void LanePool::run_one(Lock& lock, const std::shared_ptr<LaneState>& lane) {
  const bool background = lane->lane == Lane::snapshot;
  if (background) ++background_running_;
  LaneState::Task task = std::move(lane->queue.front());
  lane->queue.pop_front();
  lock.unlock();

  lane->activity->begin();
  const Duration begun = monotonic_time();
  task.run();
  const Duration taken = monotonic_time() - begun;
  task.run = nullptr;  // what it holds goes before its end is told
  lane->activity->end();
  auto& posts = this_lane_thread->posts;
  posts.push_back(note_of_end(lane));

  lock.lock();
  if (background) --background_running_;
  if (task.counts) lane->durations.add(taken);
  lane->taken = false;
  if (!lane->queue.empty()) make_ready(lane);  // this thread looks next
  lane_idle_.notify_all();
  // Under the lock, or the next task of this lane could overtake us on another thread.
  const bool asleep = loop_.queue_on_loop(posts);
  lock.unlock();
  posts.clear();
  if (asleep) loop_.wake_loop();
  lock.lock();
}

/// Passes the loop behind the completions of its task: they have been delivered then.
Fn<void()> LanePool::note_of_end(std::shared_ptr<LaneState> lane) {
  return [this, lane = std::move(lane)] {
    const std::lock_guard lock(mutex_);
    --lane->outstanding;
  };
}

bool LanePool::run_inline(const std::shared_ptr<LaneState>& lane, Fn<void()>& task) {
  if (inline_running_) return false;
  {
    const std::lock_guard lock(mutex_);
    if (lane->outstanding > 0 || !lane->durations.quick()) return false;
    ++lane->outstanding;
    lane->taken = true;  // what others post meanwhile waits for us
  }
  inline_running_ = true;
  lane->activity->begin();
  const Duration begun = monotonic_time();
  task();
  const Duration taken = monotonic_time() - begun;
  lane->activity->end();
  inline_running_ = false;
  std::vector<Fn<void()>> note;
  note.push_back(note_of_end(lane));
  const std::lock_guard lock(mutex_);
  lane->durations.add(taken);
  lane->taken = false;
  if (!lane->queue.empty()) {
    make_ready(lane);
    call_thread();
  }
  const bool asleep = loop_.queue_on_loop(note);
  PROA_ASSERT(!asleep);  // this is the loop
  return true;
}

/// The lane goes: waits until what was posted to it has run.
void LanePool::finish(const std::shared_ptr<LaneState>& lane) {
  const bool waits_for_itself = this_lane_thread != nullptr && this_lane_thread->pool == this;
  PROA_ASSERT(!waits_for_itself);
  const bool inside_inline_task = loop_.on_this_loop() && inline_running_;
  PROA_ASSERT(!inside_inline_task);
  Lock lock(mutex_);
  lane_idle_.wait(lock, [&] { return !lane->taken && lane->queue.empty(); });
  --lanes_;
}

}  // namespace proa::detail
