#include "proa/testing/scheduler.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

TEST(Scheduler, RunsEventsInTheOrderOfTheirTimeThenOfTheirScheduling) {
  Scheduler scheduler{1};
  std::string ran;
  scheduler.after(2ms, 0, [&] { ran += 'c'; });
  scheduler.after(1ms, 0, [&] { ran += 'a'; });
  scheduler.after(1ms, 0, [&] { ran += 'b'; });

  while (scheduler.run_next()) {
  }

  EXPECT_EQ(ran, "abc");
  EXPECT_EQ(scheduler.now().since_start, 2ms);
}

TEST(Scheduler, DoesNotRunWhatWasCancelled) {
  Scheduler scheduler{1};
  std::string ran;
  const EventId cancelled = scheduler.after(1ms, 0, [&] { ran += 'a'; });
  scheduler.cancel(cancelled);
  scheduler.after(1ms, 0, [&] { ran += 'b'; });  // may take the freed place
  scheduler.cancel(cancelled);

  while (scheduler.run_next()) {
  }

  EXPECT_EQ(ran, "b");
  EXPECT_TRUE(scheduler.empty());
}

// Goal: what is near and what is far off come in one order. Method: events that schedule others,
// some at once, some far away, some cancelled; each must be the earliest of those that are left.
TEST(Scheduler, RunsTheEarliestOfNearAndFarEvents) {
  Scheduler scheduler{5};
  Random random{5};
  std::map<std::pair<Instant, std::uint64_t>, EventId> left;
  std::uint64_t scheduled = 0;
  Fn<void()> schedule_some;
  const auto schedule = [&](Duration delay) {
    const std::pair key{scheduler.now() + delay, ++scheduled};
    left[key] = scheduler.after(delay, 0, [&, key] {
      ASSERT_EQ(left.begin()->first, key);
      left.erase(left.begin());
      schedule_some();
    });
  };
  schedule_some = [&] {
    constexpr Duration kReaches[] = {1ns, 100us, 1ms, 3s};
    for (std::uint64_t more = random.below(3); more > 0 && scheduled < 5000; --more)
      schedule(Duration{static_cast<std::int64_t>(
          random.below(static_cast<std::uint64_t>(kReaches[random.below(4)].count())))});
    if (random.below(10) > 0 || left.empty()) return;
    const auto cancelled =
        std::next(left.begin(), static_cast<std::ptrdiff_t>(random.below(left.size())));
    scheduler.cancel(cancelled->second);
    left.erase(cancelled);
  };
  for (int i = 0; i < 100; ++i)
    schedule(i * 100us);
  while (scheduler.run_next()) {
  }
  EXPECT_TRUE(left.empty());
  EXPECT_GT(scheduled, 1000U);
}

TEST(Scheduler, HashesEqualRunsEqualAndDifferentOnesDifferent) {
  const auto run = [](std::uint32_t tag) {
    Scheduler scheduler{7};
    for (int i = 0; i < 10; ++i) {
      scheduler.after(Duration{static_cast<std::int64_t>(scheduler.random().below(100))}, tag,
                      [] {});
    }
    while (scheduler.run_next()) {
    }
    return scheduler.trace_hash();
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace proa::testing
