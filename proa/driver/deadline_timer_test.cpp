#include "proa/driver/deadline_timer.hpp"

#include <gtest/gtest.h>

#include "proa/testing/sim_runtime.hpp"

namespace proa::driver {
namespace {

using namespace std::chrono_literals;

struct DeadlineTimers : ::testing::Test {
  Instant in(Duration time) const { return runtime->now() + time; }
  void run_out() {
    while (scheduler.run_next()) {
    }
  }
  testing::Scheduler scheduler{1};
  std::shared_ptr<testing::SimRuntime> runtime =
      std::make_shared<testing::SimRuntime>(scheduler, testing::SimRuntimeOptions{}, 1);
  int reached = 0;
  DeadlineTimer timer{runtime, [this] { ++reached; }};
};

TEST_F(DeadlineTimers, AreReachedOnceHoweverOftenTheyAreArmed) {
  timer.arm(in(10ms));
  timer.arm(in(5ms));
  timer.arm(in(20ms));
  run_out();
  EXPECT_EQ(reached, 1);
  timer.arm(in(5ms));
  run_out();
  EXPECT_EQ(reached, 2);
}

TEST_F(DeadlineTimers, AreNotReachedOnceTheyAreDisarmed) {
  timer.arm(in(10ms));
  timer.disarm();
  timer.disarm();
  run_out();
  EXPECT_EQ(reached, 0);
}

}  // namespace
}  // namespace proa::driver
