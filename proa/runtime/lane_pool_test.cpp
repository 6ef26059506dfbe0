#include "proa/runtime/detail/lane_pool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "proa/runtime/asio_runtime.hpp"

namespace proa {
namespace {

using testing::ElementsAre;

class Lanes : public testing::Test {
 protected:
  void SetUp() override { make_lanes(); }
  void TearDown() override {
    Fn<void()> destroy = [this] {
      log_.reset();
      fsm_.reset();
      snapshot_.reset();
    };
    runtime_->run_on_loop(destroy);
  }
  void make_lanes() {
    Fn<void()> make = [this] {
      log_ = runtime_->make_lane(Lane::log);
      fsm_ = runtime_->make_lane(Lane::fsm);
      snapshot_ = runtime_->make_lane(Lane::snapshot);
    };
    runtime_->run_on_loop(make);
  }
  void on_loop(Fn<void()> task) { runtime_->run_on_loop(task); }
  /// A task whose completion notes `name` on the loop.
  Fn<void()> completing(std::string name) {
    return [this, name = std::move(name)] {
      runtime_->loop().post([this, name] { completed_.push_back(name); });
    };
  }

  std::vector<std::string> completed_;  ///< of the loop
  std::shared_ptr<AsioRuntime> runtime_ = make_runtime().value();
  std::unique_ptr<LaneExecutor> log_;
  std::unique_ptr<LaneExecutor> fsm_;
  std::unique_ptr<LaneExecutor> snapshot_;
};

TEST_F(Lanes, RunTheirTasksOneAfterAnotherInOrderBesideTheLoop) {
  std::promise<void> done;
  int next = 0;  // of the lane: a race here is for the thread sanitizer to find
  bool in_order = true;
  bool beside = true;
  for (int task = 0; task < 2000; ++task) {
    log_->post([&, task] {
      in_order = in_order && next++ == task;
      beside = beside && !runtime_->on_loop() && !runtime_->may_block();
    });
  }
  log_->post([&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_TRUE(in_order);
  EXPECT_TRUE(beside);
}

TEST_F(Lanes, ATaskRunsInlineOnlyOnceTheLastCompletionHasBeenDelivered) {
  std::promise<void> release;
  std::promise<void> done;
  const auto try_inline = [this](const char* name) {
    Fn<void()> task = completing(name);
    completed_.emplace_back(log_->run_inline(task) ? "inline" : "refused");
  };
  const auto delivered = [&] {
    try_inline("after delivery");
    runtime_->loop().post([&] { done.set_value(); });
  };
  const auto completion = [&] {
    try_inline("during delivery");
    runtime_->at_turn_end(delivered);
  };
  on_loop([&] {
    log_->post([&, go = release.get_future().share()] {
      go.wait();
      runtime_->loop().post(completion);
    });
    try_inline("while it runs");
  });
  release.set_value();
  done.get_future().wait();
  on_loop([&] {
    EXPECT_THAT(completed_, ElementsAre("refused", "refused", "inline", "after delivery"));
  });
}

/// Gives tasks to a lane in pairs, the first inline if it may run so, the second always to the
/// lane's thread; the next pair when the completion of the second has arrived.
class Pairs {
 public:
  static constexpr int kTasks = 3000;
  Pairs(Executor& loop, LaneExecutor& lane) : loop_(loop), lane_(lane) {}

  void give() {
    if (next_ == kTasks) return done.set_value();
    Fn<void()> first = task();
    if (!lane_.run_inline(first)) {
      lane_.post(std::move(first));
    } else {
      ++inline_tasks;
    }
    lane_.post(task());
  }

  std::promise<void> done;
  std::vector<int> order;
  int inline_tasks = 0;

 private:
  Fn<void()> task() {
    return [this, number = next_++] { loop_.post([this, number] { completed(number); }); };
  }
  void completed(int number) {
    order.push_back(number);
    if (number % 2 == 1) loop_.post([this] { give(); });
  }

  Executor& loop_;
  LaneExecutor& lane_;
  int next_ = 0;
};

TEST_F(Lanes, SwitchingBetweenInlineAndThreadNeverBreaksTheOrder) {
  Pairs pairs(runtime_->loop(), *fsm_);
  on_loop([&] { pairs.give(); });
  pairs.done.get_future().wait();
  ASSERT_EQ(pairs.order.size(), static_cast<std::size_t>(Pairs::kTasks));
  EXPECT_TRUE(std::is_sorted(pairs.order.begin(), pairs.order.end()));
  EXPECT_GT(pairs.inline_tasks, 0);
}

TEST_F(Lanes, TheSnapshotLaneNeverRunsInline) {
  on_loop([&] {
    Fn<void()> task = [] {};
    EXPECT_FALSE(snapshot_->run_inline(task));
    EXPECT_TRUE(task);  // left alone, for the caller to post
  });
}

TEST_F(Lanes, DestroyingALaneFinishesWhatWasPosted) {
  std::atomic<int> ran = 0;
  on_loop([&] {
    for (int task = 0; task < 100; ++task)
      log_->post([&] { ++ran; });
    log_.reset();
    EXPECT_EQ(ran, 100);
  });
}

// More lanes than threads, and snapshots that hold half of them: the others still get on.
TEST_F(Lanes, SnapshotsDoNotTakeTheThreadsOfTheOthers) {
  auto runtime = make_runtime({.lane_threads_max = 2}).value();
  std::vector<std::unique_ptr<LaneExecutor>> snapshots;
  std::unique_ptr<LaneExecutor> log;
  std::promise<void> release;
  const auto go = release.get_future().share();
  Fn<void()> make = [&] {
    for (int lane = 0; lane < 3; ++lane) {
      snapshots.push_back(runtime->make_lane(Lane::snapshot));
      snapshots.back()->post([go] { go.wait(); });
    }
    log = runtime->make_lane(Lane::log);
  };
  runtime->run_on_loop(make);
  std::promise<void> written;
  log->post([&] { written.set_value(); });
  written.get_future().wait();
  release.set_value();
  Fn<void()> destroy = [&] {
    snapshots.clear();
    log.reset();
  };
  runtime->run_on_loop(destroy);
}

// What a task posts to the loop arrives when it ends, all in one turn: one wake per task.
TEST_F(Lanes, WhatATaskPostsArrivesTogetherWhenItEnds) {
  std::promise<void> done;
  std::atomic<bool> task_ended = false;
  bool after_its_end = true;
  std::vector<int> turns;
  int turn = 0;
  const auto arrived = [&] {
    after_its_end = after_its_end && task_ended;
    turns.push_back(turn);
    runtime_->at_turn_end([&] {
      if (++turn == 3) done.set_value();
    });
  };
  log_->post([&, held = std::shared_ptr<void>(nullptr, [&](void*) { task_ended = true; })] {
    for (int post = 0; post < 3; ++post)
      runtime_->loop().post(arrived);
  });
  done.get_future().wait();
  on_loop([&] {
    EXPECT_TRUE(after_its_end);
    EXPECT_THAT(turns, ElementsAre(0, 0, 0));
  });
}

}  // namespace
}  // namespace proa
