#include "proa/runtime/detail/watchdog.hpp"

#include <utility>

namespace proa::detail {

Watchdog::~Watchdog() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stop_.notify_all();
}

bool Watchdog::start() {
  return thread_.start("proa-watchdog", [this] { run(); });
}

std::shared_ptr<Activity> Watchdog::watch(const std::string& name) {
  auto activity = std::make_shared<Activity>(name);
  const std::lock_guard lock(mutex_);
  std::erase_if(watched_, [](const Watched& watched) { return watched.activity.expired(); });
  watched_.push_back({.activity = activity});
  return activity;
}

void Watchdog::check() {
  std::vector<Line> lines;
  {
    const std::lock_guard lock(mutex_);
    for (Watched& watched : watched_) {
      const auto activity = watched.activity.lock();
      if (activity == nullptr) continue;
      if (auto line = look_at(watched, *activity)) lines.push_back(std::move(*line));
    }
  }
  for (const Line& line : lines)
    logger_->log(line.level, line.text);
}

/// Reports when a stall has lasted 1, 2, 4, 8 ... periods, and once when it is over.
std::optional<Watchdog::Line> Watchdog::look_at(Watched& watched, const Activity& activity) const {
  const std::uint64_t before = std::exchange(watched.seen, activity.count());
  const std::int64_t lasted = watched.periods;
  if (Activity::is_busy(watched.seen) && watched.seen == before) {
    const std::int64_t periods = ++watched.periods;
    if ((periods & (periods - 1)) != 0) return std::nullopt;
    return Line{.level = LogLevel::warn,
                .text = activity.name() + " has been busy with one piece of work for more than " +
                        to_string(period_ * periods) +
                        "; until it ends this server is silent: look at its disk and its load"};
  }
  watched.periods = 0;
  if (lasted == 0) return std::nullopt;
  return Line{
      .level = LogLevel::info,
      .text = activity.name() + " goes on after a stall of about " + to_string(period_ * lasted)};
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, period_, [this] { return stopping_; })) {
    lock.unlock();
    check();
    lock.lock();
  }
}

}  // namespace proa::detail
