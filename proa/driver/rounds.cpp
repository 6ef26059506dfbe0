#include "proa/driver/rounds.hpp"

#include <algorithm>

namespace proa::driver {

std::size_t Rounds::enough(Instant now) const {
  if (!uncommitted_.empty()) return kHold;
  return expected_ > 0 && now < pause_ends_ ? expected_ : 1;
}

Instant Rounds::pause() {
  paused_ = true;
  return pause_ends_;
}

void Rounds::began(Instant now, std::size_t commands, LogIndex last) {
  judge_pause(commands);
  uncommitted_.push_back({.began = now, .commands = commands, .last = last});
}

void Rounds::committed(Instant now, LogIndex commit_index) {
  std::size_t released = 0;
  while (!uncommitted_.empty() && uncommitted_.front().last <= commit_index) {
    const Round& round = uncommitted_.front();
    round_ = round_ == Duration{} ? now - round.began : (round_ * 7 + (now - round.began)) / 8;
    released += round.commands;
    uncommitted_.pop_front();
  }
  if (released > 1) begin_pause(now, released);
}

void Rounds::leadership_ended() {
  uncommitted_.clear();
  expected_ = 0;
  pause_ends_ = Instant::never();
}

void Rounds::begin_pause(Instant now, std::size_t released) {
  if (rounds_without_ > 0) {
    --rounds_without_;
    return;
  }
  paused_ = false;
  expected_ = released;
  pause_ends_ = now + std::min(kGatherMax, round_ / 4);
}

void Rounds::judge_pause(std::size_t commands) {
  if (expected_ == 0) return;
  if (paused_) misses_ = commands < expected_ ? misses_ + 1 : 0;
  if (misses_ >= kMissesMax) {
    misses_ = 0;
    rounds_without_ = kRoundsWithout;
  }
  expected_ = 0;
  pause_ends_ = Instant::never();
}

}  // namespace proa::driver
