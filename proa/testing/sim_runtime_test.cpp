#include "proa/testing/sim_runtime.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proa/port/future.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

struct Fixture : ::testing::Test {
  std::shared_ptr<SimRuntime> make(std::uint64_t inline_percent, Duration task = 50us) {
    SimRuntimeOptions options;
    options.inline_percent.fill(inline_percent);
    options.task_max.fill(task);
    return std::make_shared<SimRuntime>(scheduler, options, 7);
  }
  void run() {
    while (scheduler.run_next()) {
    }
  }
  Scheduler scheduler{1};
  std::string log;
};

struct Turn : Fixture {};
struct Clock : Fixture {};
struct Lanes : Fixture {};

// design.md §4: the steps of a turn, and what registers inside the last ones waits for the next.
TEST_F(Turn, StepsInputThenTimersThenInputEndThenTurnEnd) {
  const auto runtime = make(0);
  runtime->start_timer(runtime->now(), [&] { log += "timer "; });
  runtime->at_turn_end([&] { log += "turn-end "; });
  runtime->at_input_end([&] {
    log += "input-end ";
    runtime->at_turn_end([&] { log += "| late-turn-end "; });
    runtime->at_input_end([&] { log += "| late-input-end "; });
  });
  runtime->loop().post([&] {
    log += "input ";
    runtime->loop().post([&] { log += "input-of-input "; });
  });

  run();

  EXPECT_EQ(log, "input input-of-input timer input-end turn-end | late-input-end | late-turn-end ");
}

TEST_F(Turn, TakesAtMost256InputsAndRunsTimersBehindAllThatWereReady) {
  const auto runtime = make(0);
  int inputs = 0;
  for (int i = 0; i < 300; ++i)
    runtime->loop().post([&] { ++inputs; });
  runtime->start_timer(runtime->now(), [&] { log += "timer after " + std::to_string(inputs); });
  runtime->at_input_end([&] { log += "turn of " + std::to_string(inputs) + ", "; });

  run();

  EXPECT_EQ(log, "turn of 256, timer after 300");
}

TEST_F(Turn, DoesNotRunACancelledTimer) {
  const auto runtime = make(0);
  const TimerId timer = runtime->start_timer(runtime->now() + 1ms, [&] { log += "timer"; });
  runtime->loop().post([&] { runtime->cancel_timer(timer); });
  run();
  EXPECT_EQ(log, "");
}

TEST_F(Turn, SeesTheHeartbeatThatArrivedDuringAPauseBeforeTheDeadlineThatPassed) {
  const auto runtime = make(0);
  runtime->start_timer(runtime->now() + 1s, [&] { log += "deadline"; });
  runtime->pause_until(runtime->now() + 5s);
  scheduler.after(4s, 0, [&] { runtime->loop().post([&] { log += "heartbeat "; }); });
  run();
  EXPECT_EQ(log, "heartbeat deadline");
}

TEST_F(Lanes, RunTasksInTheOrderInWhichTheyWerePosted) {
  const auto runtime = make(0);
  const auto lane = runtime->make_lane(Lane::log);
  for (char c = 'a'; c < 'f'; ++c)
    lane->post([this, c] { log += c; });
  run();
  EXPECT_EQ(log, "abcde");
  EXPECT_EQ(runtime->counters(Lane::log).lane_tasks, 5U);
}

TEST_F(Lanes, DeliverTheCompletionWhenTheDurationOfTheTaskHasPassed) {
  const auto runtime = make(0);
  runtime->set_disk_cost([] { return Duration{3s}; });
  const auto lane = runtime->make_lane(Lane::log);
  Instant ran = {};
  Instant told = {};
  lane->post([&] {
    ran = scheduler.now();
    runtime->loop().post([&] { told = scheduler.now(); });
  });
  run();
  EXPECT_GE(told - ran, 3s);
}

// design.md §4: FIFO is never broken by switching between lane and inline.
TEST_F(Lanes, RunInlineOnlyWhenEmptyAndWithTheLastCompletionDelivered) {
  const auto runtime = make(100);
  const auto lane = runtime->make_lane(Lane::log);
  const auto try_inline = [&](char name) {
    Fn<void()> task = [this, &runtime, name] {
      log += name;
      runtime->loop().post([this, name] { log += std::string("done-") + name + " "; });
    };
    if (!lane->run_inline(task)) lane->post(std::move(task));
  };
  runtime->loop().post([&] {
    try_inline('a');
    try_inline('b');  // a's completion is not delivered yet
    log += " posted ";
  });
  run();
  EXPECT_EQ(log, "a posted done-a bdone-b ");
  EXPECT_EQ(runtime->counters(Lane::log).inline_tasks, 1U);
  EXPECT_EQ(runtime->counters(Lane::log).lane_tasks, 1U);
}

TEST_F(Lanes, TakeTheLoopsTimeWhenTheirTaskRunsInline) {
  const auto runtime = make(100);
  runtime->set_disk_cost([] { return Duration{2s}; });
  const auto lane = runtime->make_lane(Lane::log);
  Instant next_turn = {};
  runtime->loop().post([&] {
    const Instant before = runtime->now();
    Fn<void()> task = [] {};
    EXPECT_TRUE(lane->run_inline(task));
    EXPECT_GE(runtime->now() - before, 2s);
    runtime->at_input_end([&] { runtime->at_turn_end([&] { next_turn = scheduler.now(); }); });
  });
  run();
  EXPECT_GE(next_turn.since_start, 2s);
}

TEST_F(Lanes, FinishWhatWasPostedWhenTheyAreDestroyed) {
  const auto runtime = make(0);
  {
    const auto lane = runtime->make_lane(Lane::log);
    lane->post([&] { log += "finished"; });
  }
  EXPECT_EQ(log, "finished");
}

TEST_F(Lanes, OfAKilledProcessDropEverythingEvenOpenPromises) {
  const auto runtime = make(0);
  const auto lane = runtime->make_lane(Lane::log);
  auto promise = std::make_unique<Promise<int>>(runtime);
  promise->future().then([&](Result<int>) { log += "completed"; });
  lane->post([this, promise = std::move(promise)] { log += "ran"; });
  runtime->loop().post([&] { log += "input"; });
  runtime->start_timer(runtime->now(), [&] { log += "timer"; });

  runtime->kill();
  lane->post([&] { log += "posted later"; });
  run();

  EXPECT_EQ(log, "");
}

TEST_F(Lanes, OfAProcessThatIsKilledByItsOwnTaskRunNothingAfterIt) {
  const auto runtime = make(0);
  const auto lane = runtime->make_lane(Lane::log);
  runtime->loop().post([&] {
    runtime->kill();
    log += "end of the task";
    runtime->at_input_end([&] { log += " input-end"; });
  });
  runtime->loop().post([&] { log += " next input"; });
  run();
  EXPECT_EQ(log, "end of the task");
  EXPECT_TRUE(runtime->ended());
}

TEST(SimRuntime, RepeatsItselfExactlyWithTheSameSeed) {
  const auto run = [](std::uint64_t seed) {
    Scheduler scheduler{seed};
    SimRuntimeOptions options;
    options.inline_percent.fill(50);
    options.task_max.fill(50us);
    const auto runtime = std::make_shared<SimRuntime>(scheduler, options, seed);
    const auto lane = runtime->make_lane(Lane::log);
    for (int i = 0; i < 100; ++i) {
      scheduler.after(i * 20us, 0, [&] {
        runtime->loop().post([&] {
          Fn<void()> task = [&] { runtime->loop().post([] {}); };
          if (!lane->run_inline(task)) lane->post(std::move(task));
        });
      });
    }
    while (scheduler.run_next()) {
    }
    return scheduler.trace_hash();
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

// A fast clock is far ahead, and a timer is due when it shows so, never before.
TEST_F(Clock, RunsAtItsOwnRateAndItsTimersAreDueByIt) {
  for (const std::int64_t ppm : {200'000, -200'000, 37, -1}) {
    const SimRuntimeOptions options{.clock = {.fast_ppm = ppm, .ahead = 7h}};
    const auto runtime = std::make_shared<SimRuntime>(scheduler, options, 7);
    const Instant begun = scheduler.now();
    const Instant due = runtime->now() + 10s;
    Instant shown{};
    runtime->start_timer(due, [&] { shown = runtime->now(); });

    run();

    EXPECT_GE(shown, due);
    EXPECT_LT(shown, due + 1ms);
    const Duration took = scheduler.now() - begun;
    const Duration expected{10'000'000'000 * 1'000'000 / (1'000'000 + ppm)};
    EXPECT_GE(took + 1us, expected);
    EXPECT_LT(took, expected + 1ms);
  }
}

TEST_F(Clock, OfTheWallStepsBothWaysAndTheMonotonicOneDoesNot) {
  const auto runtime = make(0);
  const Instant before = runtime->now();
  const std::int64_t wall = runtime->wall_clock().unix_seconds;
  runtime->step_wall_clock(1h);
  EXPECT_EQ(runtime->wall_clock().unix_seconds, wall + 3600);
  runtime->step_wall_clock(-2h);
  EXPECT_EQ(runtime->wall_clock().unix_seconds, wall - 3600);
  EXPECT_EQ(runtime->now(), before);
}

TEST_F(Clock, TellsOfATimerAsLateAsItMay) {
  const auto runtime = make(0);
  runtime->set_timer_late_max(10s);
  Duration latest{};
  for (int timer = 0; timer < 20; ++timer) {
    const Instant due = runtime->now() + 1s;
    runtime->start_timer(due, [&] { latest = std::max(latest, runtime->now() - due); });
    run();
  }
  EXPECT_GT(latest, 5s);
  EXPECT_LE(latest, 10s);
}

TEST_F(Lanes, TakeAsLongForATaskAsTheyAreToldTo) {
  const auto runtime = make(0, 0us);
  const auto lane = runtime->make_lane(Lane::fsm);
  const auto longest = [&] {
    Duration most{};
    for (int task = 0; task < 20; ++task) {
      const Instant begun = scheduler.now();
      lane->post(
          [&] { runtime->loop().post([&] { most = std::max(most, scheduler.now() - begun); }); });
      run();
    }
    return most;
  };
  EXPECT_LT(longest(), 1ms);
  runtime->set_task_max(Lane::fsm, 1s);
  EXPECT_GT(longest(), 500ms);
}

}  // namespace
}  // namespace proa::testing
