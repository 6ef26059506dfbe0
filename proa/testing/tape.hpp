#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/time.hpp"

namespace proa::testing {

/// Decisions that belong together: a move of the nemesis, the fate of a message. A value that is
/// not there is 0, and 0 is the calmest choice there is.
struct TapeSpan {
  Instant at = {};                         ///< when they were taken, for who reads or cuts the tape
  std::uint32_t note = 0;                  ///< into Tape::notes, for a reader too; 0: none
  std::vector<std::uint64_t> values = {};  ///< in the order drawn, without zeros at the end
};

/// All spans of one kind in one part of the simulation, in the order begun: `s1.disk sync`.
struct TapeQueue {
  std::string name = {};
  std::vector<TapeSpan> spans = {};
};

/// Every decision of a simulated run. Whoever decides takes the next span of its own queue, so what
/// is cut from one queue moves nothing in the others.
struct Tape {
  std::vector<TapeQueue> queues = {};
  std::vector<std::string> notes{1};
};

/// Records the decisions of a run; if it has a tape to play, they come from there, and calm ones
/// when that has ended. The recording of a played tape holds what was really taken. Threads: one.
class TapeDeck {
 public:
  TapeDeck() = default;  ///< decisions come from the seed
  explicit TapeDeck(Tape play) : play_(std::move(play)), plays_(true) {}

  bool plays() const { return plays_; }
  const Tape& to_play() const { return play_; }
  /// The clock for the spans, and how many events have run on it.
  void watch(const Instant* now, const std::uint64_t* events) {
    now_ = now;
    events_ = events;
  }
  Instant now() const { return now_ == nullptr ? Instant{} : *now_; }
  std::uint64_t events() const { return events_ == nullptr ? 0 : *events_; }
  const Tape& recorded() const { return recorded_; }

  // For Choices.
  std::uint32_t queue(std::string_view name);  ///< its number
  void begin(std::uint32_t queue);             ///< a new span
  /// The decision: `drawn`, or what the tape says, at most `most`.
  std::uint64_t decide(std::uint32_t queue, std::uint64_t drawn, std::uint64_t most);
  void amend(std::uint32_t queue, std::uint64_t value);  ///< of the first decision of a span
  void note(std::uint32_t queue, std::string_view text);

 private:
  /// Where the player stands in a queue.
  struct Player {
    const TapeQueue* source = nullptr;
    std::size_t begun = 0;  ///< spans
    std::size_t drawn = 0;  ///< values of the last of them
  };

  Tape play_;
  bool plays_ = false;
  Tape recorded_;
  std::vector<Player> players_;  ///< by number of queue
  std::map<std::string, std::uint32_t, std::less<>> queues_;
  std::map<std::string, std::uint32_t, std::less<>> notes_;
  const Instant* now_ = nullptr;
  const std::uint64_t* events_ = nullptr;
};

/// The tape without what says nothing: zeros at the end of a span, calm spans at the end of a
/// queue, empty queues. Queues in the order of their names.
void tidy(Tape& tape);

}  // namespace proa::testing
