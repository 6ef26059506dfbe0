#pragma once

#include <memory>
#include <utility>

#include "proa/port/runtime.hpp"

namespace proa::driver {

/// A timer for a deadline that moves with almost every step, mostly to later: it is armed anew only
/// for an earlier one, and may therefore fire too early. Threads: the loop.
class DeadlineTimer {
 public:
  DeadlineTimer(std::shared_ptr<Runtime> runtime, Fn<void()> reached)
      : runtime_(std::move(runtime)), reached_(std::move(reached)) {}
  ~DeadlineTimer() { disarm(); }
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  void arm(Instant deadline) {
    if (armed_for_ <= deadline) return;
    disarm();
    armed_for_ = deadline;
    timer_ = runtime_->start_timer(deadline, [this] {
      armed_for_ = Instant::never();
      reached_();
    });
  }

  void disarm() {
    if (armed_for_ == Instant::never()) return;
    runtime_->cancel_timer(timer_);
    armed_for_ = Instant::never();
  }

 private:
  std::shared_ptr<Runtime> runtime_;
  Fn<void()> reached_;
  TimerId timer_ = {};
  Instant armed_for_ = Instant::never();
};

}  // namespace proa::driver
