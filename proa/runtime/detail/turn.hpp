#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "proa/runtime/detail/post_queue.hpp"
#include "proa/runtime/detail/timer_heap.hpp"

namespace proa::detail {

/// The turn of design.md §4 from the inbox on; whoever owns it has read the sockets before.
/// Threads: the loop, but for posts().
class Turn {
 public:
  static constexpr std::size_t kHandlersMax = 256;
  /// Sockets leave this much of a turn to what was posted, or a busy one would starve it.
  static constexpr std::size_t kPostsMin = 64;

  PostQueue& posts() { return posts_; }
  TimerHeap& timers() { return timers_; }
  void at_input_end(Fn<void()> task) { next_.input_end.push_back(std::move(task)); }
  void at_turn_end(Fn<void()> task) { next_.turn_end.push_back(std::move(task)); }

  /// What the sockets gave: how many handlers ran, and the time before they were looked at for the
  /// last time and none had more (nothing: one may have more).
  struct Sockets {
    std::size_t handlers = 0;
    std::optional<Instant> drained_at = {};
  };
  void run(const Sockets& sockets);

  /// The next turn must not wait. If it may, posts() asks for a wake from now on.
  bool must_go_on() { return !next_.empty() || turns_postponed_ > 0 || !posts_.try_sleep(); }
  bool idle() const { return next_.empty() && posts_.empty(); }

 private:
  struct Tasks {
    std::vector<Fn<void()>> input_end = {};
    std::vector<Fn<void()>> turn_end = {};
    bool empty() const { return input_end.empty() && turn_end.empty(); }
  };
  void run_timers(std::optional<Instant> drained_at);
  static void run_all(std::vector<Fn<void()>>& tasks);

  PostQueue posts_;
  TimerHeap timers_;
  Tasks next_;
  Tasks running_;  ///< swapped with next_, so that their memory stays
  std::size_t turns_postponed_ = 0;
};

}  // namespace proa::detail
