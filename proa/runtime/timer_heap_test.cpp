#include "proa/runtime/detail/timer_heap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "proa/base/random.hpp"

namespace proa::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Instant at(std::int64_t nanoseconds) { return {Duration{nanoseconds}}; }

class Timers : public testing::Test {
 protected:
  Fn<void()> note(std::string name) {
    return [this, name = std::move(name)] { ran_.push_back(name); };
  }
  TimerHeap timers_;
  std::vector<std::string> ran_;
};

TEST_F(Timers, RunInTheOrderOfTheirTimeThenOfTheirStart) {
  timers_.start(at(30), note("c"));
  timers_.start(at(10), note("a"));
  timers_.start(at(20), note("b1"));
  timers_.start(at(20), note("b2"));
  EXPECT_EQ(timers_.earliest(), at(10));

  timers_.run_due(at(20));
  EXPECT_THAT(ran_, ElementsAre("a", "b1", "b2"));
  EXPECT_EQ(timers_.earliest(), at(30));
}

TEST_F(Timers, WhatIsCancelledDoesNotRunEvenByATaskOfTheSameCall) {
  const TimerId early = timers_.start(at(1), note("early"));
  TimerId late = {};
  timers_.start(at(2), [&] { timers_.cancel(late); });
  late = timers_.start(at(3), note("late"));
  timers_.cancel(early);

  timers_.run_due(at(5));
  EXPECT_THAT(ran_, IsEmpty());
  EXPECT_EQ(timers_.places(), 0U);
}

TEST_F(Timers, AnOldIdDoesNotCancelTheTimerThatTookItsPlace) {
  const TimerId old = timers_.start(at(1), note("old"));
  timers_.run_due(at(1));
  timers_.start(at(2), note("new"));
  timers_.cancel(old);
  timers_.cancel({});
  timers_.cancel({UINT64_MAX});

  timers_.run_due(at(2));
  EXPECT_THAT(ran_, ElementsAre("old", "new"));
}

TEST_F(Timers, WhatATaskStartsWaitsForTheNextCall) {
  timers_.start(at(5), [&] { timers_.start(at(1), note("again")); });
  timers_.run_due(at(10));
  EXPECT_THAT(ran_, IsEmpty());
  timers_.run_due(at(10));
  EXPECT_THAT(ran_, ElementsAre("again"));
}

// A timer that is re-armed at every message must not fill the memory.
TEST_F(Timers, CancelledOnesGiveTheirPlaceBack) {
  timers_.start(at(1'000'000), note("last"));
  for (std::int64_t round = 0; round < 10'000; ++round)
    timers_.cancel(timers_.start(at(1000 + round), note("never")));
  EXPECT_LT(timers_.places(), 100U);
  timers_.run_due(at(1'000'000));
  EXPECT_THAT(ran_, ElementsAre("last"));
}

// Against a model: any mix of starts, cancels and runs keeps the order of due times.
TEST_F(Timers, KeepTheOrderInAnyMixOfStartsAndCancels) {
  Random random{7};
  std::vector<TimerId> open;
  std::vector<Instant> due_times;
  for (std::int64_t now = 0; now < 2000; ++now) {
    for (std::uint64_t more = random.below(4); more > 0; --more) {
      const Instant due = at(now + static_cast<std::int64_t>(random.below(200)));
      open.push_back(timers_.start(due, [&due_times, due] { due_times.push_back(due); }));
    }
    if (random.percent(60) && !open.empty()) timers_.cancel(open[random.below(open.size())]);
    if (random.percent(10)) timers_.run_due(at(now));
  }
  timers_.run_due(at(3000));
  EXPECT_TRUE(std::is_sorted(due_times.begin(), due_times.end()));
  EXPECT_GT(due_times.size(), 1000U);
  EXPECT_EQ(timers_.places(), 0U);
}

}  // namespace
}  // namespace proa::detail
