#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "proa/base/random.hpp"
#include "proa/testing/tape.hpp"

namespace proa::testing {

/// Decides for one part of a simulation: from its seed, or from a tape (TapeDeck), on which every
/// decision is recorded. 0 must be the calmest outcome of each: what was cut from a tape is 0. New
/// decisions go to the end of their span or into a kind of their own, so that old tapes keep their
/// meaning. Without a tape it costs what Random costs. Threads: one.
class Choices {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a seed is enough wherever no tape is
  Choices(std::uint64_t seed) : random_(seed) {}
  Choices(std::uint64_t seed, TapeDeck* deck, std::string part)
      : random_(seed), deck_(deck), part_(std::move(part)) {}

  /// For a part with this name, with a seed that is not on the tape.
  Choices part(std::string name) { return {random_.next(), deck_, std::move(name)}; }

  /// The same for a part that has come later: no draw of this one moves because of it.
  Choices apart(std::string name) const;

  std::uint64_t fresh_seed() { return random_.next(); }  ///< likewise not on the tape

  /// What is drawn now belongs together. `kind` is a literal.
  void begin(const char* kind) {
    if (deck_ != nullptr) [[unlikely]] {
      turn_to(kind);
      deck_->begin(queue_);
    }
  }
  /// What is drawn now belongs to the span of this kind that was begun last.
  void resume(const char* kind) {
    if (deck_ != nullptr) [[unlikely]]
      turn_to(kind);
  }
  /// Says on the tape what the span is about.
  void note(std::string_view text) {
    if (deck_ != nullptr) [[unlikely]]
      deck_->note(queue_, text);
  }

  std::uint64_t next() { return decide(random_.next(), UINT64_MAX); }
  /// Uniform in [0, limit).
  std::uint64_t below(std::uint64_t limit) { return decide(random_.below(limit), limit - 1); }
  /// Uniform in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + decide(random_.between(low, high) - low, high - low);
  }
  /// Uniform in [0, most].
  Duration up_to(Duration most) {
    return Duration{static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most.count()) + 1))};
  }
  /// The same, for what is calmer the longer it takes.
  Duration down_from(Duration most) { return most - up_to(most); }
  /// True in so many of 100 cases; calm is false.
  bool percent(std::uint64_t percent) { return below(100) + percent >= 100; }
  bool permille(std::uint64_t permille) { return below(1000) + permille >= 1000; }
  /// An index; each comes as often as its weight says. The tape holds the index.
  std::size_t weighted(std::span<const std::uint64_t> weights);
  /// What is decided elsewhere unless a tape is played; `amend` records it when it is known.
  std::uint64_t settled_elsewhere() { return decide(UINT64_MAX, UINT64_MAX); }
  void amend(std::uint64_t value) {
    if (deck_ != nullptr) [[unlikely]]
      deck_->amend(queue_, value);
  }

 private:
  std::uint64_t decide(std::uint64_t drawn, std::uint64_t most) {
    if (deck_ == nullptr) [[likely]]
      return drawn;
    return decide_on_tape(drawn, most);
  }
  std::uint64_t decide_on_tape(std::uint64_t drawn, std::uint64_t most);
  void turn_to(const char* kind);

  Random random_;
  TapeDeck* deck_ = nullptr;
  std::string part_;
  std::vector<std::pair<const char*, std::uint32_t>> queues_;  ///< by kind
  std::uint32_t queue_ = UINT32_MAX;
};

}  // namespace proa::testing
