#pragma once

#include <bitset>
#include <cstddef>

#include "proa/base/time.hpp"

namespace proa::detail {

/// Whether the 99th percentile of the last tasks of a lane lies below its limit: of 256 tasks at
/// most two took longer. A lane that has run nothing yet counts as quick. Threads: one at a time.
class RecentDurations {
 public:
  explicit RecentDurations(Duration limit) : limit_(limit) {}

  void add(Duration taken) {
    if (slow_[next_]) --slow_count_;
    slow_[next_] = taken >= limit_;
    if (slow_[next_]) ++slow_count_;
    next_ = (next_ + 1) % kWindow;
  }
  bool quick() const { return slow_count_ <= kSlowMax; }

 private:
  static constexpr std::size_t kWindow = 256;
  static constexpr std::size_t kSlowMax = kWindow / 100;

  Duration limit_;
  std::bitset<kWindow> slow_;
  std::size_t slow_count_ = 0;
  std::size_t next_ = 0;
};

}  // namespace proa::detail
