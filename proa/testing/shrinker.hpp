#pragma once

#include <compare>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "proa/testing/tape.hpp"

namespace proa::testing {

/// What playing a tape has led to.
struct Played {
  std::string violation = {};  ///< empty: nothing broke
  Tape recorded = {};          ///< what was really taken of the tape
  Duration simulated = {};
  std::uint64_t events = 0;
};

struct PlayLimits {
  Duration stop_after = Duration::max();  ///< simulated; then nothing has broken
  std::uint64_t events_max = UINT64_MAX;
};

struct ShrinkOptions {
  std::size_t attempts_max = 1500;                    ///< so many tapes are played
  std::function<void(const std::string&)> tell = {};  ///< progress, a line at a time
};

/// How big a tape is: of two, the smaller is the one that a person understands sooner.
struct TapeSize {
  std::size_t spans = 0;   ///< that are not calm
  std::size_t values = 0;  ///< that are not 0
  std::size_t bits = 0;    ///< of the values
  Duration simulated = {};
  friend auto operator<=>(const TapeSize&, const TapeSize&) = default;
};
TapeSize size_of(const Tape& tape, Duration simulated);

/// Makes a failing tape smaller, as long as the same rule breaks: silences whole queues and classes
/// of faults, cuts out stretches of time, silences single spans, lowers values, over and over until
/// nothing helps or the attempts are used up. Deterministic. Threads: one.
class Shrinker {
 public:
  using Play = std::function<Played(const Tape& tape, const PlayLimits& limits)>;

  Shrinker(Play play, ShrinkOptions options)
      : play_(std::move(play)), options_(std::move(options)) {}

  /// `failing` has broken a rule; gives the smallest found that breaks it.
  Played shrink(Played failing);
  std::size_t attempts() const { return attempts_; }

 private:
  /// Spans of a queue, from the first to the one before `to`.
  struct Stretch {
    std::size_t from = 0;
    std::size_t to = 0;
  };
  /// A value on the tape.
  struct Spot {
    std::string queue = {};
    std::size_t place = 0;
    std::size_t which = 0;
  };

  bool is_out() const { return attempts_ >= options_.attempts_max; }
  bool attempt(const Tape& candidate);  ///< true: it is smaller, and the best from now on
  void tell(const char* pass) const;
  void silence_queues();
  void silence_queues(std::span<const std::string> names);
  void silence_classes();
  void cut_time();
  bool cut_time(Instant from, Instant to);
  void silence_spans(std::size_t pieces_max);
  void silence_spans_of(const std::string& name, std::size_t chunk);
  void cut_spans();
  void cut_span(const std::string& name, Stretch stretch);
  void lower_values();
  void lower_values_of(const std::string& name, std::size_t place);
  void lower_value(const Spot& spot);
  bool try_value(const Spot& spot, std::uint64_t value);

  Play play_;
  ShrinkOptions options_;
  std::string rule_;
  Played best_;
  TapeSize best_size_;
  std::size_t attempts_ = 0;
};

}  // namespace proa::testing
