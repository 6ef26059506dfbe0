#include <utility>

#include "proa/base/assert.hpp"
#include "proa/testing/detail/sim_lane.hpp"

namespace proa::testing {

SimLane::SimLane(SimRuntime& runtime, Lane lane) : runtime_(runtime), lane_(lane) {
  runtime_.lanes_.push_back(this);
}

SimLane::~SimLane() {
  PROA_ASSERT(!running_);
  runtime_.scheduler_.cancel(begin_);
  runtime_.scheduler_.cancel(end_);
  deliver_posted();
  while (!queue_.empty()) {
    Fn<void()> task = std::move(queue_.front());
    queue_.pop_front();
    task();
  }
  runtime_.forget(this);
}

void SimLane::post(Fn<void()> task) {
  if (runtime_.killed_) return;
  if (runtime_.lane_running_ != nullptr) {
    runtime_.lane_running_->posted_.push_back({.to = this, .task = std::move(task)});
    return;
  }
  enqueue(std::move(task));
}

void SimLane::enqueue(Fn<void()> task) {
  queue_.push_back(std::move(task));
  if (!busy() && begin_ == EventId{}) begin_later(runtime_.simulated_now());
}

void SimLane::begin_later(Instant earliest) {
  begin_ = runtime_.scheduler_.at(earliest + runtime_.draw("start", runtime_.options_.dispatch_max),
                                  runtime_.tag(4 + static_cast<std::uint32_t>(lane_)),
                                  [this] { begin(); });
}

void SimLane::begin() {
  begin_ = {};
  if (runtime_.paused_until_ > runtime_.simulated_now()) return begin_later(runtime_.paused_until_);
  PROA_ASSERT(!queue_.empty());
  Fn<void()> task = std::move(queue_.front());
  queue_.pop_front();
  running_ = true;
  runtime_.lane_running_ = this;
  task();
  runtime_.lane_running_ = nullptr;
  running_ = false;
  if (runtime_.killed_) return runtime_.drop_all();
  ++runtime_.counters_[static_cast<std::size_t>(lane_)].lane_tasks;
  end_ = runtime_.scheduler_.after(runtime_.task_duration(lane_),
                                   runtime_.tag(8 + static_cast<std::uint32_t>(lane_)),
                                   [this] { end(); });
}

void SimLane::end() {
  end_ = {};
  deliver_posted();
  if (!queue_.empty() && begin_ == EventId{}) begin_later(runtime_.simulated_now());
}

void SimLane::deliver_posted() {
  std::vector<SimRuntime::Posted> all = std::exchange(posted_, {});
  for (SimRuntime::Posted& posted : all) {
    if (posted.to != nullptr) {
      posted.to->enqueue(std::move(posted.task));
      continue;
    }
    ++undelivered_;
    runtime_.ready_.push_back({.task = std::move(posted.task), .from = this});
  }
  all.clear();
  posted_.swap(all);  // with its memory
  runtime_.wake_if_needed();
}

bool SimLane::run_inline(Fn<void()>& task) {
  if (runtime_.killed_ || !queue_.empty() || busy() || undelivered_ > 0) return false;
  if (runtime_.loop_depth_ == 0 || runtime_.inline_running_ != nullptr) return false;
  const auto lane = static_cast<std::size_t>(lane_);
  runtime_.random_.begin("inline");
  if (!runtime_.random_.percent(runtime_.options_.inline_percent[lane])) return false;
  running_ = true;
  runtime_.inline_running_ = this;
  task();
  runtime_.inline_running_ = nullptr;
  running_ = false;
  ++runtime_.counters_[lane].inline_tasks;
  runtime_.ahead_ += runtime_.task_duration(lane_);
  return true;
}

void SimLane::drop_all() {
  runtime_.scheduler_.cancel(begin_);
  runtime_.scheduler_.cancel(end_);
  begin_ = {};
  end_ = {};
  undelivered_ = 0;
  const auto dropped_tasks = std::exchange(queue_, {});
  const auto dropped_posts = std::exchange(posted_, {});
}

}  // namespace proa::testing
