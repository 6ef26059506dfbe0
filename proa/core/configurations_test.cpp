#include "proa/core/configurations.hpp"

#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

ConfigurationAt at(std::uint64_t index, const std::vector<ServerId>& ids) {
  return {.configuration = voters(ids), .index = {index}};
}

// Paper §6: a server always uses the latest configuration in its log, regardless of whether the
// entry is committed.
TEST(Configurations, TheLatestIsInForceBeforeItIsCommitted) {
  Configurations configurations{at(1, {a, b, c})};
  EXPECT_TRUE(configurations.is_stable());
  configurations.append(at(5, {a, b}));
  EXPECT_EQ(configurations.latest(), at(5, {a, b}));
  EXPECT_EQ(configurations.committed(), at(1, {a, b, c}));
  EXPECT_FALSE(configurations.is_stable());
}

// Thesis §4.1: if its entry is truncated, a server falls back to the configuration before.
TEST(Configurations, TruncationBringsTheOneBeforeBack) {
  Configurations configurations{at(1, {a, b, c})};
  configurations.append(at(5, {a, b}));
  configurations.truncate_from({6});
  EXPECT_EQ(configurations.latest(), at(5, {a, b}));
  configurations.truncate_from({5});
  EXPECT_EQ(configurations.latest(), at(1, {a, b, c}));
}

// A server whose commit index lags may hold several at once, and any of them may come back.
TEST(Configurations, SeveralMayWaitForTheCommitIndex) {
  Configurations configurations{at(1, {a})};
  configurations.append(at(3, {a, b}));
  configurations.append(at(5, {a, b, c}));
  configurations.commit({4});
  EXPECT_EQ(configurations.committed(), at(3, {a, b}));
  configurations.truncate_from({5});
  EXPECT_EQ(configurations.latest(), at(3, {a, b}));
  configurations.commit({9});
  EXPECT_TRUE(configurations.is_stable());
}

// An uncommitted configuration that an installed snapshot supersedes must not stay in force.
TEST(Configurations, ASnapshotReplacesWhatItCovers) {
  Configurations configurations{at(1, {a})};
  configurations.append(at(3, {a, b}));
  configurations.append(at(8, {a, b, c}));
  configurations.install(at(4, {a, d}), {5});
  EXPECT_EQ(configurations.committed(), at(4, {a, d}));
  EXPECT_EQ(configurations.latest(), at(8, {a, b, c}));
}

// Whoever follows the configurations has to notice it, and the indexes are the same.
TEST(Configurations, AnotherOneAtTheIndexOfATruncatedOneIsANewRevision) {
  Configurations configurations{at(1, {a})};
  configurations.append(at(3, {a, b}));
  const std::uint64_t before = configurations.revision();
  configurations.commit({2});
  EXPECT_EQ(configurations.revision(), before);
  configurations.truncate_from({3});
  configurations.append(at(3, {a, c}));
  EXPECT_NE(configurations.revision(), before);
}

TEST(Configurations, TheOneOfASnapshotThatTakesThePlaceOfTheLogIsANewRevision) {
  Configurations configurations{{}};
  const std::uint64_t before = configurations.revision();
  configurations.restart(at(4, {a}));
  EXPECT_EQ(configurations.latest(), at(4, {a}));
  EXPECT_NE(configurations.revision(), before);
}

}  // namespace
}  // namespace proa::core::test
