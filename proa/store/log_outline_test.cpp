#include "proa/store/detail/log_outline.hpp"

#include <gtest/gtest.h>

namespace proa::store {
namespace {

EntriesSummary entries(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
  return {.entries = {LogIndex{first}, LogIndex{last}},
          .term_starts = {{.term = Term{term}, .index = LogIndex{first}}},
          .configurations = {}};
}

// A directory whose oldest segments are gone is whole only if a removal says so.
TEST(LogOutline, IsIncompleteWhileEntriesBeforeItsKnownStoryMayBeInTheLog) {
  LogOutline outline(LogIndex{51}, true);
  outline.append(entries(51, 60, 3));
  EXPECT_FALSE(outline.complete());
  outline.cut_prefix(LogIndex{50});
  EXPECT_FALSE(outline.complete());
  outline.cut_prefix(LogIndex{51});
  EXPECT_TRUE(outline.complete());
  EXPECT_EQ(outline.first(), LogIndex{51});
}

TEST(LogOutline, LearnsOfARemovalBehindWhatLaterEntriesReplaced) {
  LogOutline outline(LogIndex{51}, true);
  outline.cut_suffix(LogIndex{20});
  outline.append(entries(20, 70, 4));
  outline.cut_prefix(LogIndex{31});
  EXPECT_TRUE(outline.complete());
  EXPECT_EQ(outline.summary().log, entries(31, 70, 4));
}

TEST(LogOutline, IsCompleteOnceTheLogWasRestarted) {
  LogOutline outline(LogIndex{51}, true);
  outline.restart(LogIndex{100});
  EXPECT_TRUE(outline.complete());
}

TEST(LogOutline, NeverHintsAtACommitBehindTheEndOfTheLog) {
  LogOutline outline;
  outline.append(entries(1, 10, 1));
  outline.hint(LogIndex{50});
  EXPECT_EQ(outline.commit_hint(), LogIndex{10});
  outline.append(entries(11, 12, 1));
  outline.hint(LogIndex{4});
  EXPECT_EQ(outline.commit_hint(), LogIndex{10});
  outline.cut_suffix(LogIndex{8});
  EXPECT_EQ(outline.commit_hint(), LogIndex{7});
}

}  // namespace
}  // namespace proa::store
