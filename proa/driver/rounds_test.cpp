#include "proa/driver/rounds.hpp"

#include <gtest/gtest.h>

namespace proa::driver {
namespace {

using namespace std::chrono_literals;

struct RoundsOfALeader : ::testing::Test {
  /// A round that takes `duration` and ends now.
  void round(std::size_t commands, Duration duration = 400us) {
    last = last + commands;
    rounds.began(now, commands, last);
    now = now + duration;
    rounds.committed(now, last);
  }
  Rounds rounds;
  Instant now{1s};
  LogIndex last{};
};

TEST_F(RoundsOfALeader, BeginWithTheFirstProposal) { EXPECT_EQ(rounds.enough(now), 1U); }

TEST_F(RoundsOfALeader, AreOneAtATime) {
  rounds.began(now, 3, {7});
  EXPECT_EQ(rounds.enough(now), Rounds::kHold);
  rounds.committed(now, {6});
  EXPECT_EQ(rounds.enough(now), Rounds::kHold);
  rounds.committed(now, {7});
  EXPECT_NE(rounds.enough(now), Rounds::kHold);
}

TEST_F(RoundsOfALeader, WaitForAsManyAsWereReleasedButNotForLong) {
  round(5, 2ms);
  EXPECT_EQ(rounds.enough(now), 5U);
  EXPECT_EQ(rounds.pause(), now + Rounds::kGatherMax);
  EXPECT_EQ(rounds.enough(now + Rounds::kGatherMax), 1U);
}

TEST_F(RoundsOfALeader, PauseForNoMoreThanAQuarterOfARound) {
  round(5, 80us);
  EXPECT_EQ(rounds.pause(), now + 20us);
}

TEST_F(RoundsOfALeader, DoNotWaitAfterASingleCommand) {
  round(1);
  EXPECT_EQ(rounds.enough(now), 1U);
}

TEST_F(RoundsOfALeader, StopWaitingAfterRepeatedMissesForAWhile) {
  round(8);
  for (unsigned i = 0; i < Rounds::kMissesMax; ++i) {
    EXPECT_EQ(rounds.enough(now), 8U);
    rounds.pause();
    round(2);  // in vain
    round(8);  // at once: these have come meanwhile
  }
  unsigned without = 0;
  while (rounds.enough(now) == 1) {
    ++without;
    round(8);
  }
  EXPECT_GE(without, Rounds::kRoundsWithout / 2);
  EXPECT_LE(without, Rounds::kRoundsWithout);
}

TEST_F(RoundsOfALeader, ForgetEverythingWithTheLeadership) {
  rounds.began(now, 3, {7});
  rounds.leadership_ended();
  EXPECT_EQ(rounds.enough(now), 1U);
}

}  // namespace
}  // namespace proa::driver
