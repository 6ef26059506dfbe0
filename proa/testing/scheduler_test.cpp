#include "proa/testing/scheduler.hpp"

#include <gtest/gtest.h>

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
