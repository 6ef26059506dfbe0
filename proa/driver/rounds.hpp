#pragma once

#include <cstddef>
#include <deque>

#include "proa/base/ids.hpp"
#include "proa/base/time.hpp"

namespace proa::driver {

/// When a leader takes up what waits (design.md §4, "Rounds"). At most one round is uncommitted:
/// everything that waits meanwhile joins the next one. A round that released several commands is
/// followed by a short pause for as many new ones, or proposers on other threads would alternate
/// in half-waves for ever. Threads: the loop.
class Rounds {
 public:
  static constexpr std::size_t kHold = SIZE_MAX;
  static constexpr Duration kGatherMax = std::chrono::microseconds{150};
  static constexpr unsigned kMissesMax = 4;        ///< pauses in a row that were in vain
  static constexpr unsigned kRoundsWithout = 256;  ///< rounds without pauses after that

  /// So many proposals must wait before a round may begin; kHold: none may.
  std::size_t enough(Instant now) const;
  /// There are not enough yet. Says when enough() changes by time alone.
  Instant pause();

  void began(Instant now, std::size_t commands, LogIndex last);
  void committed(Instant now, LogIndex commit_index);
  void leadership_ended();
  std::size_t open() const { return uncommitted_.size(); }

 private:
  struct Round {
    Instant began = {};
    std::size_t commands = 0;
    LogIndex last = {};
  };
  void begin_pause(Instant now, std::size_t released);
  void judge_pause(std::size_t commands);

  std::deque<Round> uncommitted_;
  Duration round_ = {};       ///< how long rounds take of late
  std::size_t expected_ = 0;  ///< commands the pause waits for; 0: there is no pause
  Instant pause_ends_ = Instant::never();
  bool paused_ = false;
  unsigned misses_ = 0;
  unsigned rounds_without_ = 0;
};

}  // namespace proa::driver
