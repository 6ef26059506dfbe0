#include "proa/runtime/asio_runtime.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <thread>

#include "proa/port/future.hpp"
#include "proa/runtime/asio.hpp"
#include "proa/runtime/detail/asio_context.hpp"
#include "proa/runtime/detail/unique_fd.hpp"

namespace proa {
namespace {

using testing::ElementsAre;
using Names = std::vector<std::string>;

/// Who runs the io_context.
enum class Loop : std::uint8_t { of_the_runtime, of_the_embedder };

/// An embedder's io_context on the embedder's thread.
class Embedder {
 public:
  ~Embedder() {
    work_.reset();
    thread_.join();
  }
  boost::asio::io_context& io() { return io_; }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::thread thread_{[this] { io_.run(); }};
};

class AsioLoop : public testing::TestWithParam<Loop> {
 protected:
  std::shared_ptr<AsioRuntime> make() {
    if (GetParam() == Loop::of_the_runtime) return make_runtime().value();
    return make_runtime(embedder_.emplace().io()).value();
  }
  /// Runs `body` in a handler of the loop and waits until `done` is set.
  template <class Body>
  void on_loop_until_done(Body body) {
    runtime_->loop().post(std::move(body));
    done_.get_future().wait();
  }
  void note(const char* name) { ran_.emplace_back(name); }
  Fn<void()> noting(const char* name) {
    return [this, name] { note(name); };
  }

  std::function<void()> noting_often(const char* name) {
    return [this, name] { note(name); };
  }

  std::promise<void> done_;
  Names ran_;  ///< of the loop, until done_ is set
  std::optional<Embedder> embedder_;
  std::shared_ptr<AsioRuntime> runtime_ = make();
};

INSTANTIATE_TEST_SUITE_P(OnAnyThread, AsioLoop,
                         testing::Values(Loop::of_the_runtime, Loop::of_the_embedder),
                         [](const testing::TestParamInfo<Loop>& loop) {
                           return loop.param == Loop::of_the_runtime ? "OfTheRuntime"
                                                                     : "OfTheEmbedder";
                         });

TEST_P(AsioLoop, RunsWhatIsPostedInOrderOnAThreadThatMayNotBlock) {
  EXPECT_FALSE(runtime_->on_loop());
  EXPECT_TRUE(runtime_->may_block());
  runtime_->loop().post([this] {
    note(runtime_->on_loop() ? "on loop" : "elsewhere");
    note(runtime_->may_block() ? "may block" : "may not block");
  });
  runtime_->loop().post(noting("second"));
  on_loop_until_done([this] { done_.set_value(); });

  EXPECT_THAT(ran_, ElementsAre("on loop", "may not block", "second"));
}

// design.md §4, the turn: input, then the ends of input, then the ends of the turn; what registers
// while one of them runs belongs to the next turn.
TEST_P(AsioLoop, KeepsTheOrderOfTheTurn) {
  on_loop_until_done([this] {
    runtime_->at_turn_end([this] {
      note("turn end 1");
      runtime_->at_turn_end([this] {
        note("turn end 2");
        done_.set_value();
      });
    });
    runtime_->at_input_end([this] {
      note("input end 1");
      runtime_->at_turn_end(noting("turn end of the input end"));
      runtime_->at_input_end(noting("input end 2"));
      runtime_->loop().post(noting("input 2"));
    });
    runtime_->loop().post(noting("input 1"));
  });

  EXPECT_THAT(ran_, ElementsAre("input 1", "input end 1", "turn end 1", "input 2", "input end 2",
                                "turn end of the input end", "turn end 2"));
}

TEST_P(AsioLoop, RunOnLoopReturnsWhenItHasRunAndRunsAtOnceOnTheLoop) {
  Fn<void()> outer = [this] {
    Fn<void()> inner = noting("inner");
    runtime_->run_on_loop(inner);
    note("outer");
  };
  runtime_->run_on_loop(outer);
  EXPECT_THAT(ran_, ElementsAre("inner", "outer"));
}

TEST_P(AsioLoop, RunsTimersInTheirOrderAndNoneThatWasCancelled) {
  on_loop_until_done([this] {
    const Instant now = runtime_->now();
    runtime_->start_timer(now + std::chrono::milliseconds{3}, [this] { done_.set_value(); });
    runtime_->start_timer(now + std::chrono::milliseconds{2}, noting("second"));
    runtime_->start_timer(now + std::chrono::milliseconds{1}, noting("first"));
    runtime_->cancel_timer(runtime_->start_timer(now, noting("cancelled")));
  });
  EXPECT_THAT(ran_, ElementsAre("first", "second"));
}

TEST_P(AsioLoop, StepsTimersAfterWhatWasPosted) {
  on_loop_until_done([this] {
    runtime_->start_timer(runtime_->now(), [this] {
      note("timer");
      done_.set_value();
    });
    runtime_->loop().post(noting("posted"));
  });
  EXPECT_THAT(ran_, ElementsAre("posted", "timer"));
}

/// A socket whose other end has written something.
class Heartbeat {
 public:
  explicit Heartbeat(boost::asio::io_context& io) : socket_(io) {
    std::array<int, 2> ends = {};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    socket_.assign(ends[0]);
    sender_ = detail::UniqueFd{ends[1]};
  }
  void when_read(std::function<void()> then) {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [then](const boost::system::error_code&) { then(); });
    const char heartbeat = 1;
    EXPECT_EQ(::write(sender_.get(), &heartbeat, 1), 1);
  }

 private:
  boost::asio::posix::stream_descriptor socket_;
  detail::UniqueFd sender_;
};

// Given a loop that was held up while heartbeats arrived and its election deadline passed; when it
// comes back, then it reads all of them first (design.md §4).
TEST_P(AsioLoop, StepsTimersAfterWhatWaitedInTheSockets) {
  std::deque<Heartbeat> heartbeats;
  for (int socket = 0; socket < 50; ++socket)
    heartbeats.emplace_back(runtime_->context().io);
  on_loop_until_done([&, this] {
    for (Heartbeat& heartbeat : heartbeats)
      heartbeat.when_read(noting_often("heartbeat"));
    runtime_->start_timer(runtime_->now(), [this] { done_.set_value(); });
  });
  EXPECT_THAT(ran_, testing::SizeIs(50));
}

// A loop that never runs out of input still runs its timers.
TEST_P(AsioLoop, DoesNotStarveTimers) {
  std::function<void()> busy = [&] {
    if (!ran_.empty()) return done_.set_value();
    runtime_->loop().post(busy);
  };
  on_loop_until_done([&, this] {
    busy();
    runtime_->start_timer(runtime_->now(), noting("timer"));
  });
  EXPECT_THAT(ran_, ElementsAre("timer"));
}

/// What several threads have posted, as the loop saw it.
struct Posters {
  static constexpr std::size_t kThreads = 4;
  static constexpr int kPosts = 5000;

  void arrived(std::size_t thread, int post) {
    in_order = in_order && last[thread] + 1 == post;
    last[thread] = post;
  }
  void post_all(Executor& loop, std::size_t thread) {
    for (int post = 1; post <= kPosts; ++post)
      loop.post([this, thread, post] { arrived(thread, post); });
  }

  std::array<int, kThreads> last = {};
  bool in_order = true;
};

TEST_P(AsioLoop, RunsEveryPostOfManyThreadsOnceAndInTheOrderOfEach) {
  Posters posters;
  std::vector<std::thread> threads;
  threads.reserve(Posters::kThreads);
  for (std::size_t number = 0; number < Posters::kThreads; ++number)
    threads.emplace_back([&, number] { posters.post_all(runtime_->loop(), number); });
  for (std::thread& thread : threads)
    thread.join();
  on_loop_until_done([this] { done_.set_value(); });

  EXPECT_TRUE(posters.in_order);
  EXPECT_THAT(posters.last, testing::Each(Posters::kPosts));
}

TEST_P(AsioLoop, CompletesAFutureThatAThreadWaitsFor) {
  Promise<int> promise(runtime_);
  Future<int> future = promise.future();
  runtime_->loop().post([this, promise = std::move(promise)]() mutable {
    runtime_->at_turn_end([promise = std::move(promise)]() mutable { promise.complete(7); });
  });
  EXPECT_EQ(std::move(future).get().value(), 7);
}

TEST_P(AsioLoop, EndsAFutureThatTakesTooLong) {
  Promise<int> promise(runtime_);
  auto limited = promise.future().within(std::chrono::milliseconds{1});
  EXPECT_EQ(std::move(limited).get().error().code, Errc::deadline);
  Fn<void()> complete = [&] { promise.complete(7); };
  runtime_->run_on_loop(complete);
}

TEST_P(AsioLoop, GivesAnotherSeedAtEachCall) { EXPECT_NE(runtime_->seed(), runtime_->seed()); }

/// A logger that tells when the runtime that owned it is gone.
std::shared_ptr<Logger> farewell(std::promise<void>& gone) {
  return {new NullLogger, [&gone](Logger* logger) {
            delete logger;
            gone.set_value();
          }};
}

TEST(AsioRuntimeEnds, AfterItHasRunWhatWasPosted) {
  std::atomic<int> ran = 0;
  auto runtime = make_runtime().value();
  for (int post = 0; post < 1000; ++post)
    runtime->loop().post([&ran] { ++ran; });
  runtime.reset();
  EXPECT_EQ(ran, 1000);
}

TEST(AsioRuntimeEnds, WhenTheLastOwnerIsACallbackOnItsLoop) {
  std::promise<void> gone;
  auto runtime = make_runtime({.logger = farewell(gone)}).value();
  Executor& loop = runtime->loop();
  loop.post([owner = std::move(runtime)]() mutable { owner.reset(); });
  gone.get_future().wait();
}

void end_in_a_task_of_a_lane(std::shared_ptr<AsioRuntime> runtime) {
  std::promise<void> lane_is_gone;
  Fn<void()> begin = [&] {
    auto lane = std::shared_ptr<LaneExecutor>(runtime->make_lane(Lane::reader));
    LaneExecutor& on = *lane;
    on.post([&lane_is_gone, owner = std::move(runtime), lane = std::move(lane)]() mutable {
      // The lane goes on the loop, the runtime here.
      owner->loop().post([&lane_is_gone, lane = std::move(lane)]() mutable {
        lane.reset();
        lane_is_gone.set_value();
      });
    });
  };
  runtime->run_on_loop(begin);
  lane_is_gone.get_future().wait();
}

TEST(AsioRuntimeEnds, WhenTheLastOwnerIsATaskOfALane) {
  std::promise<void> gone;
  end_in_a_task_of_a_lane(make_runtime({.logger = farewell(gone)}).value());
  gone.get_future().wait();
}

TEST_P(AsioLoop, RunsALaneAndDeliversItsCompletion) {
  std::unique_ptr<LaneExecutor> lane;
  on_loop_until_done([&, this] {
    lane = runtime_->make_lane(Lane::log);
    Fn<void()> task = [this] { runtime_->loop().post(noting("inline")); };
    EXPECT_TRUE(lane->run_inline(task));
    lane->post([&, this] {
      const bool blocks = runtime_->may_block();
      runtime_->loop().post([&, this, blocks] {
        lane.reset();
        note(blocks ? "may block" : "may not block");
        done_.set_value();
      });
    });
  });
  EXPECT_THAT(ran_, ElementsAre("inline", "may not block"));
}

TEST(AsyncGet, GivesTheResultToACallbackOnTheExecutorOfTheHandler) {
  Embedder embedder;
  const auto runtime = make_runtime().value();
  Promise<int> promise(runtime);
  std::promise<std::pair<int, bool>> got;
  async_get(
      promise.future(), boost::asio::bind_executor(embedder.io(), [&](const Result<int>& result) {
        got.set_value({result.value(), embedder.io().get_executor().running_in_this_thread()});
      }));
  Fn<void()> complete = [&] { promise.complete(7); };
  runtime->run_on_loop(complete);
  EXPECT_EQ(got.get_future().get(), (std::pair{7, true}));
}

boost::asio::awaitable<void> add_up(Future<int> first, Future<int> second, std::promise<int>& sum) {
  const auto a = co_await async_get(std::move(first), boost::asio::use_awaitable);
  const auto b = co_await async_get(std::move(second), boost::asio::use_awaitable);
  sum.set_value(a.value() + (b ? 0 : 100));
}

TEST(AsyncGet, IsAwaitedByACoroutineThatSeesValuesAndErrors) {
  Embedder embedder;
  const auto runtime = make_runtime(embedder.io()).value();
  Promise<int> first(runtime);
  Promise<int> second(runtime);
  std::promise<int> sum;
  boost::asio::co_spawn(embedder.io(), add_up(first.future(), second.future(), sum),
                        boost::asio::detached);
  Fn<void()> complete = [&] {
    first.complete(7);
    second.complete(fail(Errc::deadline, "late"));
  };
  runtime->run_on_loop(complete);
  EXPECT_EQ(sum.get_future().get(), 107);
}

}  // namespace
}  // namespace proa
