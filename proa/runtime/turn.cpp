#include "proa/runtime/detail/turn.hpp"

#include <algorithm>

#include "proa/runtime/detail/clock.hpp"

namespace proa::detail {
namespace {

/// Input that was ready in the same wake comes before timers; a loop that never runs dry lets them
/// wait no longer than this many turns.
constexpr std::size_t kTurnsTimersWait = 8;

}  // namespace

void Turn::run(const Sockets& sockets) {
  const std::size_t room = kHandlersMax - std::min(sockets.handlers, kHandlersMax);
  const std::size_t posts_max = std::max(kPostsMin, room);
  posts_.awake();
  const bool drained = posts_.run(posts_max) < posts_max;
  run_timers(drained ? sockets.drained_at : std::nullopt);
  std::swap(running_, next_);
  run_all(running_.input_end);
  run_all(running_.turn_end);
}

/// Due is what was due when the sockets were last looked at: a server that was stopped since then
/// must read the heartbeats that wait in them before it believes its election deadline.
void Turn::run_timers(std::optional<Instant> drained_at) {
  if (timers_.earliest() == Instant::never()) return;
  if (!drained_at && timers_.earliest() > boot_time()) return;
  if (!drained_at && ++turns_postponed_ < kTurnsTimersWait) return;
  turns_postponed_ = 0;
  timers_.run_due(drained_at.value_or(boot_time()));
}

void Turn::run_all(std::vector<Fn<void()>>& tasks) {
  for (Fn<void()>& task : tasks)
    task();
  tasks.clear();
}

}  // namespace proa::detail
