#include <gtest/gtest.h>

#include "proa/testing/choices.hpp"
#include "proa/testing/shrinker.hpp"
#include "proa/testing/tape_file.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

/// Moves with a kind and a strength each, and noise beside them.
struct Toy {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> moves = {};
  std::uint64_t noise = 0;
  friend bool operator==(const Toy&, const Toy&) = default;
};

Toy run_toy(TapeDeck* deck) {
  Instant now;
  std::uint64_t events = 0;
  if (deck != nullptr) deck->watch(&now, &events);
  Choices root{7, deck, "root"};
  Choices moves = root.part("moves");
  Choices noise = root.part("noise");
  Toy toy;
  for (int i = 0; i < 100; ++i) {
    now = now + 1s;
    moves.begin("strike");
    const std::uint64_t kind = moves.below(6);
    noise.begin("delay");
    toy.noise += noise.below(1000);
    moves.resume("strike");
    toy.moves.emplace_back(kind, moves.below(1'000'000));
    moves.note("kind " + std::to_string(kind));
  }
  return toy;
}

// Method: what a seed decides is recorded; a deck with that tape decides the same, and records the
// same again.
TEST(Tape, IsPlayedAsItWasRecorded) {
  TapeDeck recorder;
  const Toy recorded = run_toy(&recorder);
  EXPECT_EQ(recorded, run_toy(nullptr));  // recording changes nothing

  TapeDeck player{recorder.recorded()};
  EXPECT_EQ(run_toy(&player), recorded);
  EXPECT_EQ(to_text({.tape = player.recorded()}), to_text({.tape = recorder.recorded()}));
}

TEST(Tape, ThatHasEndedGivesTheCalmestChoices) {
  TapeDeck player{Tape{}};
  const Toy calm = run_toy(&player);
  EXPECT_EQ(calm.noise, 0U);
  for (const auto& move : calm.moves)
    EXPECT_EQ(move, (std::pair<std::uint64_t, std::uint64_t>{0, 0}));
}

// A queue that was cut moves nothing in another one, and what comes later in it moves up.
TEST(Tape, ThatWasCutKeepsTheOtherQueues) {
  TapeDeck recorder;
  const Toy recorded = run_toy(&recorder);
  Tape cut = recorder.recorded();
  for (TapeQueue& queue : cut.queues) {
    if (queue.name == "moves strike") queue.spans.erase(queue.spans.begin());
  }
  TapeDeck player{cut};
  const Toy played = run_toy(&player);
  EXPECT_EQ(played.noise, recorded.noise);
  EXPECT_EQ(played.moves[0], recorded.moves[1]);
  EXPECT_EQ(played.moves[98], recorded.moves[99]);
  EXPECT_EQ(played.moves[99].first, 0U);
}

TEST(Tape, SurvivesItsTextAndItsBytes) {
  TapeDeck recorder;
  const Toy recorded = run_toy(&recorder);
  const std::string text =
      to_text({.seed = 7, .mutant = "a bug", .rule = "a rule", .tape = recorder.recorded()});
  const auto parsed = parse_tape(text);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->seed, 7U);
  EXPECT_EQ(parsed->mutant, "a bug");
  EXPECT_EQ(parsed->rule, "a rule");
  EXPECT_EQ(to_text(*parsed), text);
  TapeDeck player{parsed->tape};
  EXPECT_EQ(run_toy(&player), recorded);
  TapeDeck other{tape_of_bytes(to_bytes(recorder.recorded()))};
  EXPECT_EQ(run_toy(&other), recorded);
}

TEST(Tape, IsRefusedWithTheLineThatIsWrong) {
  EXPECT_FALSE(parse_tape(""));
  EXPECT_FALSE(parse_tape("proa tape 2\n"));
  EXPECT_FALSE(parse_tape("proa tape 1\ncolour red\n"));
  EXPECT_FALSE(parse_tape("proa tape 1\nseed x\n"));
  const auto wrong = parse_tape("proa tape 1\nseed 1\n0.000001 | a b | 0 | 1 zwei |\n");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("line 3"), std::string::npos) << wrong.error().detail;
}

TEST(Rule, IsWhatDoesNotDependOnTheRun) {
  EXPECT_EQ(rule_of("log matching: s1 holds 3/4"), "log matching");
  EXPECT_EQ(rule_of("assertion failed: a(b) == c (x/y.cpp:12)"), "assertion failed: a(b) == c");
}

// Goal: what a person gets to see is what matters. Method: a toy fails if a strong move of kind 5
// comes after one of kind 3; of 100 moves and 100 delays two moves remain, no stronger than needed.
TEST(Shrinker, LeavesWhatTheFailureNeedsAndNothingElse) {
  constexpr std::uint64_t kStrong = 100'000;
  std::size_t played = 0;
  const auto outcome = [](const Toy& toy) -> std::string {
    bool seen = false;
    for (const auto& [kind, strength] : toy.moves) {
      if (seen && kind == 5 && strength >= kStrong) return "planted: five after three";
      seen = seen || kind == 3;
    }
    return seen ? "another rule: three" : "";
  };
  const auto play = [&](const Tape& tape, const PlayLimits&) {
    ++played;
    TapeDeck deck{tape};
    const Toy toy = run_toy(&deck);
    return Played{.violation = outcome(toy), .recorded = deck.recorded(), .simulated = 100s};
  };
  TapeDeck recorder;
  const Toy failing = run_toy(&recorder);
  ASSERT_EQ(rule_of(outcome(failing)), "planted");

  Shrinker shrinker{play, {.attempts_max = 500}};
  const Played smallest = shrinker.shrink(
      {.violation = outcome(failing), .recorded = recorder.recorded(), .simulated = 100s});

  EXPECT_EQ(rule_of(smallest.violation), "planted");
  EXPECT_LE(played, 500U);
  EXPECT_EQ(shrinker.attempts(), played);
  const TapeSize size = size_of(smallest.recorded, {});
  EXPECT_EQ(size.spans, 2U);
  EXPECT_EQ(size.values, 3U);  // kind 3; kind 5 and its strength
  TapeDeck deck{smallest.recorded};
  const Toy toy = run_toy(&deck);
  for (const auto& [kind, strength] : toy.moves)
    EXPECT_LT(strength, 2 * kStrong);
}

// With no attempts left the failure is kept as it was.
TEST(Shrinker, StopsAtItsBudget) {
  const auto play = [](const Tape& tape, const PlayLimits&) {
    TapeDeck deck{tape};
    run_toy(&deck);
    return Played{.violation = "always: so", .recorded = deck.recorded(), .simulated = 1s};
  };
  TapeDeck recorder;
  run_toy(&recorder);
  Shrinker shrinker{play, {.attempts_max = 0}};
  const Played kept = shrinker.shrink(
      {.violation = "always: so", .recorded = recorder.recorded(), .simulated = 1s});
  EXPECT_EQ(size_of(kept.recorded, 1s), size_of(recorder.recorded(), 1s));
  EXPECT_EQ(shrinker.attempts(), 0U);
}

}  // namespace
}  // namespace proa::testing
