#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "proa/base/assert.hpp"
#include "proa/base/fn.hpp"

namespace proa::detail {

/// What other threads hand to the loop. Its owner is woken once for all that arrives while it
/// sleeps, and not at all while it is awake: it looks here before it sleeps. There is no limit of
/// its own: whoever posts keeps a stated number of posts in flight (an inbox one, a lane one per
/// task); kPostsMax only catches a bug. Threads: push from any, the rest on the loop.
class PostQueue {
 public:
  /// True: the loop sleeps and the caller must wake it.
  [[nodiscard]] bool push(Fn<void()> task) {
    const std::lock_guard lock(mutex_);
    incoming_.push_back(std::move(task));
    return pushed();
  }
  /// All behind each other, in one go.
  [[nodiscard]] bool push_all(std::vector<Fn<void()>>& tasks) {
    const std::lock_guard lock(mutex_);
    for (Fn<void()>& task : tasks)
      incoming_.push_back(std::move(task));
    return pushed();
  }

  /// Runs at most `max` tasks, also those that these tasks post; returns how many.
  std::size_t run(std::size_t max) {
    std::size_t done = 0;
    for (; done < max && (next_ < taken_.size() || take()); ++done) {
      Fn<void()> task = std::move(taken_[next_++]);
      task();
    }
    return done;
  }

  bool empty() const {
    if (next_ < taken_.size()) return false;
    const std::lock_guard lock(mutex_);
    return incoming_.empty();
  }

  /// False: there is something to run. True: from now on a push asks for a wake.
  bool try_sleep() {
    if (next_ < taken_.size()) return false;
    const std::lock_guard lock(mutex_);
    asleep_ = incoming_.empty();
    return asleep_;
  }
  void awake() {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
  }

 private:
  static constexpr std::size_t kPostsMax = 1U << 22U;

  bool pushed() {
    PROA_ASSERT(incoming_.size() < kPostsMax);
    return std::exchange(asleep_, false);
  }
  bool take() {
    taken_.clear();
    next_ = 0;
    const std::lock_guard lock(mutex_);
    taken_.swap(incoming_);
    return !taken_.empty();
  }

  mutable std::mutex mutex_;          ///< guards incoming_ and asleep_
  std::vector<Fn<void()>> incoming_;  ///< the two swap, so that their memory stays
  bool asleep_ = false;
  std::vector<Fn<void()>> taken_;
  std::size_t next_ = 0;  ///< of taken_
};

}  // namespace proa::detail
