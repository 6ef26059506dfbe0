#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/logger.hpp"
#include "proa/base/time.hpp"
#include "proa/runtime/detail/activity.hpp"
#include "proa/runtime/detail/os_thread.hpp"

namespace proa::detail {

/// Reports, from outside, a loop that does not come back and a lane whose task does not end: a
/// stalled disk silences the server, and nothing inside it could say why. It decides nothing.
/// Threads: any; it has one of its own.
class Watchdog {
 public:
  /// Looks every `period`; what lasts from one look to the next is reported.
  Watchdog(std::shared_ptr<Logger> logger, Duration period)
      : logger_(std::move(logger)), period_(period) {}
  ~Watchdog();

  bool start();
  std::shared_ptr<Activity> watch(const std::string& name);
  void check();  ///< one look

 private:
  struct Watched {
    std::weak_ptr<Activity> activity = {};
    std::uint64_t seen = 0;
    std::int64_t periods = 0;  ///< that it has been busy with the same work
  };
  struct Line {
    LogLevel level = LogLevel::warn;
    std::string text = {};
  };
  std::optional<Line> look_at(Watched& watched, const Activity& activity) const;
  void run();

  const std::shared_ptr<Logger> logger_;
  const Duration period_;
  std::mutex mutex_;  ///< guards watched_ and stopping_
  std::vector<Watched> watched_;
  bool stopping_ = false;
  std::condition_variable stop_;
  OsThread thread_;
};

}  // namespace proa::detail
