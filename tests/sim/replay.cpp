#include "tests/sim/replay.hpp"

namespace proa::sim {
namespace {

using testing::Played;

constexpr std::uint64_t kRecordEventsMax = 100'000'000;

Played play_in_child(testing::TapeDeck& deck, std::uint64_t seed,
                     const testing::PlayLimits& limits) {
  return testing::play_in_child(deck, limits, [&] {
    const SeedReport report = run_seed({.seed = seed,
                                        .deck = &deck,
                                        .stop_after = limits.stop_after,
                                        .events_max = limits.events_max});
    return testing::RunEnd{.violation = report.violation.value_or(""),
                           .simulated = report.simulated,
                           .events = report.events};
  });
}

}  // namespace

Played record(std::uint64_t seed) {
  testing::TapeDeck deck;
  return play_in_child(deck, seed, {.events_max = kRecordEventsMax});
}

Played play(std::uint64_t seed, const testing::Tape& tape, const testing::PlayLimits& limits) {
  testing::TapeDeck deck{tape};
  return play_in_child(deck, seed, limits);
}

}  // namespace proa::sim
