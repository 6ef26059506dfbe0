#include "proa/driver/tail.hpp"

#include <gtest/gtest.h>

#include "proa/driver/test_support.hpp"

namespace proa::driver {
namespace {

struct TailOfTheLog : ::testing::Test {
  /// The terms of what is in memory.
  std::string terms(std::uint64_t first, std::uint64_t last) const {
    const auto view = tail.view({.first = {first}, .last = {last}});
    if (!view) return "not in memory";
    std::string text;
    view->for_each([&](const Entry& entry) { text += to_string(entry.term) + " "; });
    return text;
  }
  Tail tail{LogIndex{1}};
};

TEST_F(TailOfTheLog, GivesOutAnyPartOfWhatWasAppended) {
  tail.append(entries_at(1, {1, 1, 2}));
  tail.append(entries_at(4, {2, 3}));
  EXPECT_EQ(terms(1, 5), "1 1 2 2 3 ");
  EXPECT_EQ(terms(1, 2), "1 1 ");
  EXPECT_EQ(terms(3, 4), "2 2 ");
  EXPECT_EQ(terms(5, 5), "3 ");
  EXPECT_EQ(terms(6, 5), "");
  EXPECT_EQ(terms(5, 6), "not in memory");
}

TEST_F(TailOfTheLog, ReplacesFromWhereTheNewEntriesBegin) {
  tail.append(entries_at(1, {1, 1, 1}));
  tail.append(entries_at(4, {1, 1}));
  tail.append(entries_at(3, {2, 2}));
  EXPECT_EQ(terms(1, 4), "1 1 2 2 ");
  EXPECT_EQ(tail.next_index(), LogIndex{5});
  tail.append(entries_at(1, {3}));
  EXPECT_EQ(terms(1, 1), "3 ");
  EXPECT_EQ(tail.next_index(), LogIndex{2});
}

TEST_F(TailOfTheLog, LetsGoOfTheOldestButOfNothingThatIsNotDurable) {
  tail.append(entries_at(1, {1, 1}));
  tail.append(entries_at(3, {1, 1}));
  tail.append(entries_at(5, {1}));
  tail.evict(LogIndex{3}, 0);
  EXPECT_EQ(tail.first_index(), LogIndex{3});
  EXPECT_EQ(terms(2, 3), "not in memory");
  EXPECT_EQ(terms(3, 5), "1 1 1 ");
  tail.evict(LogIndex{5}, 0);
  EXPECT_EQ(tail.memory_bytes(), 0U);
  EXPECT_EQ(tail.first_index(), tail.next_index());
}

TEST_F(TailOfTheLog, KeepsWhatItsLimitAllows) {
  tail.append(entries_at(1, {1}));
  const std::size_t of_one = tail.memory_bytes();
  tail.append(entries_at(2, {1}));
  tail.evict(LogIndex{2}, 2 * of_one);
  EXPECT_EQ(tail.first_index(), LogIndex{1});
  tail.evict(LogIndex{2}, 2 * of_one - 1);
  EXPECT_EQ(tail.first_index(), LogIndex{2});
}

TEST_F(TailOfTheLog, CountsTheBytesThatAreNotDurable) {
  tail.append(entries_at(1, {1, 1}));
  const std::size_t of_two = tail.undurable_bytes();
  EXPECT_EQ(of_two, tail.memory_bytes());
  tail.append(entries_at(3, {1, 1}));
  EXPECT_EQ(tail.undurable_bytes(), 2 * of_two);
  tail.persisted(LogIndex{3});
  EXPECT_EQ(tail.undurable_bytes(), of_two);  // a block counts until all of it is on disk
  tail.persisted(LogIndex{4});
  EXPECT_EQ(tail.undurable_bytes(), 0U);
  EXPECT_EQ(tail.memory_bytes(), 2 * of_two);
}

TEST_F(TailOfTheLog, CountsNoMoreWhatIsReplaced) {
  tail.append(entries_at(1, {1, 1}));
  const std::size_t of_two = tail.undurable_bytes();
  tail.append(entries_at(3, {1, 1}));
  tail.append(entries_at(5, {1, 1}));
  tail.persisted(LogIndex{4});
  tail.append(entries_at(3, {2, 2}));  // in the place of a durable block and of another one
  EXPECT_EQ(tail.undurable_bytes(), of_two);
  tail.evict(LogIndex{2}, 0);
  EXPECT_EQ(tail.memory_bytes(), of_two);
  EXPECT_EQ(tail.undurable_bytes(), of_two);
  tail.restart(LogIndex{10});
  EXPECT_EQ(tail.undurable_bytes(), 0U);
}

TEST_F(TailOfTheLog, GoesOnElsewhereAfterARestart) {
  tail.append(entries_at(1, {1, 1}));
  tail.restart(LogIndex{10});
  EXPECT_EQ(tail.memory_bytes(), 0U);
  tail.append(entries_at(10, {4}));
  EXPECT_EQ(terms(10, 10), "4 ");
}

}  // namespace
}  // namespace proa::driver
