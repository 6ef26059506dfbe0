#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "proa/base/mutant.hpp"
#include "tests/sim/replay.hpp"

namespace proa::sim {
namespace {

using namespace std::chrono_literals;
using testing::Played;
using testing::Tape;
using testing::TapeDeck;
using testing::TapeFile;

constexpr Duration kShort = 12s;  ///< simulated: enough for elections, crashes and cuts

// Goal: a tape is the run. Method: the same seed twice, recorded and from the text of its tape; the
// hash over all events is the same, and without a deck too.
TEST(Tape, OfASeedRepeatsEveryEvent) {
  for (const std::uint64_t seed : {3U, 8U}) {
    TapeDeck recorder;
    const SeedReport recorded = run_seed({.seed = seed, .deck = &recorder, .stop_after = kShort});
    EXPECT_EQ(run_seed({.seed = seed, .stop_after = kShort}).trace_hash, recorded.trace_hash);

    const auto file =
        testing::parse_tape(testing::to_text({.seed = seed, .tape = recorder.recorded()}));
    ASSERT_TRUE(file) << file.error().detail;
    TapeDeck player{file->tape};
    const SeedReport played = run_seed({.seed = file->seed, .deck = &player, .stop_after = kShort});
    EXPECT_EQ(played.trace_hash, recorded.trace_hash);
    EXPECT_EQ(played.events, recorded.events);
  }
}

// Of an empty tape everything is calm: nobody crashes, the cluster comes to rest.
TEST(Tape, ThatIsEmptyIsACalmRun) {
  TapeDeck player{Tape{}};
  const SeedReport report = run_seed({.seed = 1, .deck = &player});
  EXPECT_EQ(report.violation, std::nullopt);
  EXPECT_EQ(report.crashes_under_fire, 0U);
  EXPECT_EQ(report.network.lost, 0U);
  EXPECT_GT(report.acknowledged, 0U);
}

// A journal looks on and changes nothing.
TEST(Journal, ChangesNothing) {
  testing::Journal journal{100};
  const SeedReport told = run_seed({.seed = 5, .journal = &journal, .stop_after = kShort});
  EXPECT_EQ(run_seed({.seed = 5, .stop_after = kShort}).trace_hash, told.trace_hash);
  EXPECT_EQ(journal.newest().size(), 100U);
}

// Goal: shrinking a real run keeps the failure and throws out what it does not need. Method: a rule
// is planted that two crashes break; of the hundred thousand decisions of a seed a handful is left.
TEST(Shrinker, MakesAPlantedFailureOfARealRunSmaller) {
  constexpr std::uint64_t kSeed = 3;
  const auto planted = [](const SeedReport& report) -> std::string {
    return report.crashes_under_fire >= 2 ? "planted: two crashes" : "";
  };
  const auto run = [&](TapeDeck& deck) {
    const SeedReport report = run_seed({.seed = kSeed, .deck = &deck, .stop_after = kShort});
    return Played{.violation = planted(report),
                  .recorded = deck.recorded(),
                  .simulated = report.simulated,
                  .events = report.events};
  };
  TapeDeck recorder;
  const Played failing = run(recorder);
  ASSERT_EQ(failing.violation, "planted: two crashes");
  const auto before = testing::size_of(failing.recorded, {});
  ASSERT_GT(before.spans, 1000U);

  testing::Shrinker shrinker{[&](const Tape& tape, const testing::PlayLimits&) {
                               TapeDeck deck{tape};
                               return run(deck);
                             },
                             {.attempts_max = 50}};
  const Played smallest = shrinker.shrink(failing);
  EXPECT_EQ(smallest.violation, "planted: two crashes");
  EXPECT_LE(testing::size_of(smallest.recorded, {}).spans, 20U);
}

std::vector<std::filesystem::path> stored_tapes() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(PROA_TAPES))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Goal: bugs that were once put back and found stay findable, by a run that people can read.
// Method: each stored tape is the smallest that broke a rule with its mutant in; with it, the same
// rule breaks; without it, nothing does.
TEST(StoredTapes, FindTheirMutantAndNothingWithoutIt) {
  const auto paths = stored_tapes();
  EXPECT_GE(paths.size(), 2U);
  for (const auto& path : paths) {
    SCOPED_TRACE(path.string() + ": sim_campaign --tape " + path.string() + " --trace");
    const auto file = load_tape(path.string());
    ASSERT_TRUE(file) << file.error().detail;
    EXPECT_EQ(play(file->seed, file->tape, {}).violation, "");
#if PROA_MUTANTS
    choose_mutant(file->mutant);
    const Played played = play(file->seed, file->tape, {});
    choose_mutant("");
    EXPECT_EQ(testing::rule_of(played.violation), file->rule)
        << "a change has moved the moments that this tape needs; make it anew: sim_campaign "
           "--seeds 500 --mutant '"
        << file->mutant << "'";
#endif
  }
}

}  // namespace
}  // namespace proa::sim
