#include "tests/sim/coverage_tally.hpp"

#include <gtest/gtest.h>

#include "proa/testing/play.hpp"

namespace proa::sim {
namespace {

using testing::Answer;
using testing::Asked;
using testing::Coverage;
using testing::CoverageCounts;
using testing::Receiver;
using testing::Sometimes;
using testing::Struck;

constexpr const char* kTuple = "leader, vote, old term, cut links";
constexpr const char* kCondition = "leader deposed";

CoverageCounts both() {
  Coverage coverage;
  coverage.answered({.receiver = Receiver::leader, .struck = Struck::cut_links}, Asked::vote,
                    Answer::old_term);
  coverage.happened(Sometimes::leader_deposed);
  return coverage.counts();
}

void add(CoverageTally& tally, std::uint64_t seeds, const CoverageCounts& counts) {
  for (; seeds > 0; --seeds)
    tally.add(counts);
}

using Names = std::vector<std::string>;

// Of what is required only that is named which happened in no seed.
TEST(CoverageTally, NamesWhatWasMissed) {
  CoverageTally tally;
  ASSERT_TRUE(tally.require(std::string(kTuple) + "  # why\n\n" + kCondition + "\nall down"));

  add(tally, CoverageTally::kSeedsToJudge - 1, {});
  tally.add(both());

  EXPECT_EQ(tally.missed(), Names{"all down"});
}

TEST(CoverageTally, RequiresNothingOfFewSeeds) {
  CoverageTally tally;
  ASSERT_TRUE(tally.require(kTuple));

  add(tally, CoverageTally::kSeedsToJudge - 1, {});
  EXPECT_EQ(tally.missed(), Names{});

  tally.add({});
  EXPECT_EQ(tally.missed(), Names{kTuple});
}

TEST(CoverageTally, KnowsItsNames) {
  CoverageTally tally;
  const auto unknown = tally.require("# a comment\nall up\n");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().detail, "line 2: 'all up' is neither a tuple nor a condition");

  const auto twice = tally.require("all down\nall down\n");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().detail, "line 2: 'all down' is there twice");
}

TEST(CoverageTally, KnowsWhatTheCampaignRequires) {
  CoverageTally tally;
  const auto text = testing::load_text(PROA_COVERAGE);
  ASSERT_TRUE(text);
  const auto known = tally.require(*text);
  EXPECT_TRUE(known) << known.error().detail;
}

// A block in which it was rare is enough to leave it out, as is an end that is no block.
TEST(CoverageTally, ProposesWhatHappensInEveryBlock) {
  CoverageTally tally;
  CoverageCounts tuple_only = both();
  tuple_only.sometimes = {};

  add(tally, CoverageTally::kSeedsToJudge, both());
  EXPECT_EQ(tally.worth_requiring(5), std::string(kTuple) + "\n" + kCondition + "\n");

  add(tally, 10, tuple_only);
  add(tally, CoverageTally::kSeedsToJudge - 10, {});
  add(tally, 10, {});
  EXPECT_EQ(tally.worth_requiring(5), std::string(kTuple) + "\n");
  EXPECT_EQ(tally.worth_requiring(6), "");
}

}  // namespace
}  // namespace proa::sim
