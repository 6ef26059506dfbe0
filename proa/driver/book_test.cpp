#include "proa/driver/book.hpp"

#include <gtest/gtest.h>

#include <string>

namespace proa::driver {
namespace {

struct BookOfWaiters : ::testing::Test {
  ~BookOfWaiters() override { complete(book.take_from({})); }

  void note(std::uint64_t index) {
    Promise<LogIndex> promise{nullptr};
    promise.future().then([](Result<LogIndex>) {});
    book.note({index}, {1}, std::move(promise));
  }
  /// Completes them and says which they were.
  static std::string complete(std::vector<Book::Open> open) {
    std::string indexes;
    for (Book::Open& at : open) {
      indexes += to_string(at.index) + " ";
      complete_waiter(at.waiter, Applied{.index = at.index});
    }
    return indexes;
  }
  Book book;
};

TEST_F(BookOfWaiters, GivesEachWaiterOutOnce) {
  for (const std::uint64_t index : {3U, 4U, 5U})
    note(index);
  EXPECT_EQ(complete(book.take_up_to({4})), "3 4 ");
  EXPECT_EQ(complete(book.take_up_to({4})), "");
  EXPECT_EQ(complete(book.take_up_to({9})), "5 ");
  EXPECT_TRUE(book.empty());
}

TEST_F(BookOfWaiters, KnowsForWhatNobodyWaits) {
  note(3);
  note(6);
  EXPECT_TRUE(book.waits_for({3}));
  EXPECT_FALSE(book.waits_for({4}));
  EXPECT_FALSE(book.waits_for({7}));
  EXPECT_TRUE(book.waits_in({.first = {1}, .last = {3}}));
  EXPECT_FALSE(book.waits_in({.first = {1}, .last = {2}}));
  EXPECT_FALSE(book.waits_in({.first = {7}, .last = {9}}));
  EXPECT_FALSE(book.waits_in({.first = {4}, .last = {3}}));
  EXPECT_EQ(complete(book.take_up_to({5})), "3 ");
  EXPECT_EQ(complete(book.take_up_to({6})), "6 ");
  EXPECT_FALSE(book.waits_in({.first = {1}, .last = {9}}));
}

// Its places are used again, for other indexes.
TEST_F(BookOfWaiters, TakesNoIndexForAnother) {
  note(100);
  for (std::uint64_t far = 1; far <= 100; ++far) {
    EXPECT_FALSE(book.waits_for({100 - far}));
    EXPECT_FALSE(book.waits_for({100 + far}));
  }
}

TEST_F(BookOfWaiters, TakesOutTheEndOfIt) {
  for (const std::uint64_t index : {3U, 4U, 5U, 6U})
    note(index);
  EXPECT_EQ(complete(book.take_from({9})), "");
  EXPECT_EQ(complete(book.take_from({5})), "5 6 ");
  note(5);
  EXPECT_EQ(complete(book.take_up_to({5})), "3 4 5 ");
}

TEST_F(BookOfWaiters, GrowsAndGoesRound) {
  std::string expected;
  for (std::uint64_t index = 60; index < 360; ++index) {
    note(index);
    expected += std::to_string(index) + " ";
  }
  EXPECT_EQ(complete(book.take_up_to({359})), expected);
  for (std::uint64_t index = 360; index < 1000; ++index) {
    note(index);
    EXPECT_EQ(complete(book.take_up_to({index})), std::to_string(index) + " ");
  }
}

}  // namespace
}  // namespace proa::driver
