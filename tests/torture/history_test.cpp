#include "tests/torture/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::torture {
namespace {

using testing::HasSubstr;

Instant at(int time) { return {std::chrono::seconds{time}}; }

TEST(CounterHistory, IsGoodWhereAnOrderExists) {
  CounterHistory history;
  history.incremented(at(1), at(5), 2);
  history.incremented(at(2), at(6), 1);
  history.read(2, at(4), at(7));
  history.read(0, at(0), at(3));
  history.incremented(at(8), at(9), std::nullopt);
  history.incremented(at(10), at(11), 4);
  history.read(4, at(12), at(13));
  history.read(4, at(20), at(21));  // of equal reads none has to be first
  history.read(4, at(14), at(15));
  EXPECT_EQ(history.contradiction(), std::nullopt);
}

TEST(CounterHistory, ALostIncrementIsBad) {
  CounterHistory history;
  history.incremented(at(1), at(2), 1);
  history.read(0, at(3), at(4));
  EXPECT_THAT(history.contradiction().value_or(""), HasSubstr("1 was answered before"));
}

TEST(CounterHistory, AnAnswerGivenTwiceIsBad) {
  CounterHistory history;
  history.incremented(at(1), at(2), 1);
  history.incremented(at(1), at(2), 1);
  EXPECT_THAT(history.contradiction().value_or(""), HasSubstr("both answered with 1"));
}

TEST(CounterHistory, AnIncrementThatHappenedTwiceIsBad) {
  CounterHistory history;
  history.incremented(at(1), at(2), 1);
  history.incremented(at(3), at(4), 3);
  EXPECT_THAT(history.contradiction().value_or(""), HasSubstr("3 is more than the 2"));
}

TEST(CounterHistory, AnOldNumberBehindANewOneIsBad) {
  CounterHistory history;
  history.incremented(at(1), at(2), 1);
  history.incremented(at(3), at(9), 2);
  history.read(2, at(4), at(5));
  history.read(1, at(6), at(7));
  EXPECT_TRUE(history.contradiction());
}

TEST(CounterHistory, AnUnknownIncrementMayHappenLateOrNever) {
  CounterHistory history;
  history.incremented(at(1), at(2), std::nullopt);
  history.read(0, at(3), at(4));
  history.incremented(at(5), at(6), 1);
  history.read(2, at(7), at(8));
  EXPECT_EQ(history.contradiction(), std::nullopt);
}

}  // namespace
}  // namespace proa::torture
