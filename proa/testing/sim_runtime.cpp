#include "proa/testing/sim_runtime.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/testing/detail/sim_lane.hpp"

namespace proa::testing {
namespace {

constexpr std::size_t kHandlersPerTurn = 256;
constexpr std::uint32_t kWakeTag = 1;
constexpr std::int64_t kWallClockStart = 1767225600;  // 2026-01-01T00:00:00Z
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

SimRuntime::SimRuntime(Scheduler& scheduler, SimRuntimeOptions options, Choices choices)
    : scheduler_(scheduler), options_(options), random_(std::move(choices)) {}

SimRuntime::~SimRuntime() {
  kill();
  PROA_ASSERT(lanes_.empty());
}

WallTime SimRuntime::wall_clock() const {
  const Duration since = now().since_start + options_.clock.wall_ahead;
  std::int64_t seconds = since.count() / kNanosecondsPerSecond;
  std::int64_t rest = since.count() % kNanosecondsPerSecond;
  if (rest < 0) {
    rest += kNanosecondsPerSecond;
    --seconds;
  }
  return {.unix_seconds = kWallClockStart + seconds,
          .nanoseconds = static_cast<std::uint32_t>(rest)};
}

std::unique_ptr<LaneExecutor> SimRuntime::make_lane(Lane lane) {
  return std::make_unique<SimLane>(*this, lane);
}

void SimRuntime::run_on_loop(Fn<void()>& task) {
  PROA_ASSERT(lane_running_ == nullptr);
  if (on_loop()) return task();
  ++loop_depth_;
  task();
  --loop_depth_;
  busy_until_ = std::max(busy_until_, simulated_now());
  ahead_ = {};
  if (killed_) return drop_all();
  wake_if_needed();
}

/// Another one at each call even on a tape that says 0 each time: equal election timeouts would
/// elect nobody, and equal salts would make old records of a log look like new ones.
std::uint64_t SimRuntime::seed() {
  random_.begin("seed");
  const std::uint64_t drawn = random_.next();
  return drawn ^ (std::uint64_t{options_.server} << 56) ^ (++seeds_made_ << 48) ^
         scheduler_.events_run();
}

TimerId SimRuntime::start_timer(Instant shown, Fn<void()> task) {
  if (killed_) return {};
  const Instant due = options_.clock.time_of(shown);
  const std::uint64_t id = next_timer_++;
  timers_.emplace(TimerKey{due, id}, std::move(task));
  timer_due_.emplace(id, due);
  wake_if_needed();
  return {id};
}

void SimRuntime::cancel_timer(TimerId timer) {
  const auto found = timer_due_.find(timer.value);
  if (found == timer_due_.end()) return;
  const auto entry = timers_.extract(TimerKey{found->second, timer.value});
  timer_due_.erase(found);
}

void SimRuntime::at_input_end(Fn<void()> task) {
  if (killed_) return;
  next_turn_.input_end.push_back(std::move(task));
  wake_if_needed();
}

void SimRuntime::at_turn_end(Fn<void()> task) {
  if (killed_) return;
  next_turn_.turn_end.push_back(std::move(task));
  wake_if_needed();
}

void SimRuntime::post_to_loop(Fn<void()> task) {
  if (killed_) return;
  if (lane_running_ != nullptr) {
    lane_running_->posted_.push_back({.to = nullptr, .task = std::move(task)});
    return;
  }
  if (inline_running_ != nullptr) ++inline_running_->undelivered_;
  ready_.push_back({.task = std::move(task), .from = inline_running_});
  wake_if_needed();
}

void SimRuntime::kill() {
  if (std::exchange(killed_, true)) return;
  if (!running()) drop_all();
}

void SimRuntime::drop_all() {
  scheduler_.cancel(std::exchange(wake_, {}));
  for (SimLane* lane : lanes_)
    lane->drop_all();
  const auto dropped_input = std::exchange(ready_, {});
  const auto dropped_tasks = std::exchange(next_turn_, {});
  const auto dropped_timers = std::exchange(timers_, {});
  timer_due_.clear();
  disk_cost_ = nullptr;
}

void SimRuntime::pause_until(Instant until) {
  paused_until_ = std::max(paused_until_, until);
  scheduler_.cancel(std::exchange(wake_, {}));
  wake_due_ = Instant::never();
  wake_if_needed();
}

/// While a turn runs there is nothing to do: it looks for more work at its end.
void SimRuntime::wake_if_needed() {
  if (killed_ || loop_depth_ > 0) return;
  if (!ready_.empty() || !next_turn_.empty()) {
    wake_within(simulated_now(), options_.wake_max);
  } else if (!timers_.empty()) {
    wake_within(timers_.begin()->first.first, options_.timer_late_max);
  }
}

/// At a drawn time between `earliest` and `late_max` behind it, if no turn comes soon enough.
void SimRuntime::wake_within(Instant earliest, Duration late_max) {
  if (wake_due_ <= not_before(earliest + late_max)) return;
  wake_at(earliest + draw("wake", late_max));
}

Instant SimRuntime::not_before(Instant due) const {
  return std::max({due, busy_until_, paused_until_});
}

void SimRuntime::wake_at(Instant due) {
  scheduler_.cancel(wake_);
  wake_due_ = not_before(due);
  wake_ = scheduler_.at(wake_due_, tag(kWakeTag), [this] { turn(); });
}

void SimRuntime::turn() {
  wake_ = {};
  wake_due_ = Instant::never();
  const auto self = shared_from_this();  // a task may let go of the last owner
  ++loop_depth_;
  if (before_timers_ == 0) before_timers_ = ready_.size();
  before_timers_ -= std::min(before_timers_, run_inputs());
  if (before_timers_ == 0) run_due_timers();
  std::swap(this_turn_, next_turn_);
  run_all(this_turn_.input_end);
  run_all(this_turn_.turn_end);
  this_turn_.clear();
  --loop_depth_;
  busy_until_ = simulated_now();
  ahead_ = {};
  if (killed_) return drop_all();
  if (!ready_.empty() || !next_turn_.empty()) return wake_at(busy_until_);
  wake_if_needed();
}

/// Also what these inputs post themselves, as long as the turn has room for it.
std::size_t SimRuntime::run_inputs() {
  std::size_t done = 0;
  while (!killed_ && !ready_.empty() && done < kHandlersPerTurn) {
    Ready ready = std::move(ready_.front());
    ready_.pop_front();
    if (ready.from != nullptr) --ready.from->undelivered_;
    ready.task();
    ++done;
  }
  return done;
}

void SimRuntime::run_due_timers() {
  const Instant due = simulated_now();
  while (!killed_ && !timers_.empty() && timers_.begin()->first.first <= due) {
    auto timer = timers_.extract(timers_.begin());
    timer_due_.erase(timer.key().second);
    timer.mapped()();
  }
}

void SimRuntime::run_all(std::vector<Fn<void()>>& tasks) const {
  for (Fn<void()>& task : tasks) {
    if (!killed_) task();
  }
}

Duration SimRuntime::draw(const char* kind, Duration max) {
  random_.begin(kind);
  return random_.up_to(max);
}

Duration SimRuntime::task_duration(Lane lane) {
  Duration duration = draw("task", options_.task_max[static_cast<std::size_t>(lane)]);
  if (disk_cost_) duration += disk_cost_();
  return duration;
}

void SimRuntime::forget(SimLane* lane) {
  std::erase(lanes_, lane);
  for (Ready& ready : ready_) {
    if (ready.from == lane) ready.from = nullptr;
  }
  for (SimLane* other : lanes_) {
    std::erase_if(other->posted_, [lane](const Posted& posted) { return posted.to == lane; });
  }
}

}  // namespace proa::testing
