#include "tests/torture/value_history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proa::torture {
namespace {

using testing::HasSubstr;

Instant at(int time) { return {std::chrono::seconds{time}}; }

TEST(ValueHistory, IsGoodWhereAnOrderExists) {
  ValueHistory history;
  history.read("", at(1), at(2));
  history.wrote("a", at(3), at(10));
  history.read("", at(4), at(5));
  history.read("a", at(6), at(7));
  history.wrote("b", at(8), at(9));
  history.read("b", at(11), at(12));
  EXPECT_EQ(history.contradiction(), std::nullopt);
}

TEST(ValueHistory, AnOldValueBehindANewOneIsBad) {
  ValueHistory history;
  history.wrote("a", at(1), at(2));
  history.wrote("b", at(3), at(4));
  history.read("a", at(5), at(6));
  EXPECT_THAT(history.contradiction().value_or(""), HasSubstr("'b' was written or read while"));
}

TEST(ValueHistory, TwoReadsThatGoBackAreBad) {
  ValueHistory history;
  history.wrote("a", at(1), at(2));
  history.wrote("b", at(3), at(10));
  history.read("b", at(4), at(5));
  EXPECT_EQ(history.contradiction(), std::nullopt);
  history.read("a", at(6), at(7));
  EXPECT_TRUE(history.contradiction());
}

TEST(ValueHistory, ALostWriteIsBad) {
  ValueHistory history;
  history.wrote("a", at(1), at(2));
  history.read("", at(3), at(4));
  EXPECT_TRUE(history.contradiction());
}

TEST(ValueHistory, AWriteInsideTheTimeOfAnotherValueIsBad) {
  ValueHistory history;
  history.wrote("a", at(1), at(2));
  history.wrote("b", at(4), at(5));
  history.read("a", at(8), at(9));
  EXPECT_TRUE(history.contradiction());
}

TEST(ValueHistory, AWriteOfUnknownOutcomeMayHappenLateOrNever) {
  ValueHistory history;
  history.wrote("a", at(1), at(2));
  history.wrote("b", at(3), std::nullopt);
  history.wrote("never", at(3), std::nullopt);
  history.read("a", at(10), at(11));
  history.read("b", at(20), at(21));
  EXPECT_EQ(history.contradiction(), std::nullopt);
  history.read("a", at(30), at(31));
  EXPECT_TRUE(history.contradiction());
}

TEST(ValueHistory, WhatNobodyWroteOrNotYetIsBad) {
  ValueHistory unwritten;
  unwritten.read("a", at(1), at(2));
  EXPECT_THAT(unwritten.contradiction().value_or(""), HasSubstr("nobody wrote"));
  ValueHistory early;
  early.read("a", at(1), at(2));
  early.wrote("a", at(3), at(4));
  EXPECT_THAT(early.contradiction().value_or(""), HasSubstr("before it was written"));
}

}  // namespace
}  // namespace proa::torture
