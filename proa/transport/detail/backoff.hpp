#pragma once

#include <algorithm>

#include "proa/base/random.hpp"
#include "proa/base/time.hpp"

namespace proa {

/// How long to leave a peer alone that cannot be reached: not at all after one failure, since a
/// connection that broke is best replaced at once, then longer each time, up to a bound. Random, so
/// that servers which lost the same peer do not return together.
class Backoff {
 public:
  Backoff(Duration first, Duration last, Random random)
      : first_(first), last_(last), random_(random) {}

  void succeeded() { failures_ = 0; }
  bool failing() const { return failures_ > 0; }

  /// Counts a failure and says how long to pause after it.
  Duration failed() {
    Duration pause = failures_ == 0 ? Duration{} : first_;
    for (std::uint32_t doubled = 1; doubled < failures_ && pause < last_; ++doubled)
      pause *= 2;
    ++failures_;
    pause = std::min(pause, last_);
    return pause - Duration{static_cast<std::int64_t>(
                       random_.below(static_cast<std::uint64_t>(pause.count()) / 2 + 1))};
  }

 private:
  Duration first_;
  Duration last_;
  Random random_;
  std::uint32_t failures_ = 0;
};

}  // namespace proa
