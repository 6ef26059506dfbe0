#include <gtest/gtest.h>

#include <map>
#include <string>

#include "proa/transport/call_client.hpp"
#include "proa/transport/call_server.hpp"
#include "proa/transport/detail/broken_network_test.hpp"
#include "proa/transport/split_streams.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

/// One caller, one server that answers late and in any order, and a network that does what
/// networks do. Counts how often each body has run.
struct Campaign : BrokenNetwork {
  explicit Campaign(std::uint64_t seed) : BrokenNetwork(seed) {
    server.on(1, [this](const CallHello&, SharedBytes body, CallRespond respond) {
      ++ran[std::string{text_of(body)}];
      const Duration late{static_cast<std::int64_t>(scheduler.random().below(5'000'000))};
      runtime_b->start_timer(runtime_b->now() + late,
                             [body = std::move(body), respond = std::move(respond)]() mutable {
                               respond(std::move(body));
                             });
    });
    EXPECT_TRUE(server.start());
  }
  ~Campaign() {
    Fn<void()> let_go = [this] { client.reset(); };
    runtime_a->run_on_loop(let_go);
  }

  void call() {
    const std::size_t size = scheduler.random().below(scheduler.random().percent(5) ? 200000 : 300);
    const std::string body = std::to_string(++calls) + std::string(size, '.');
    const Duration limit{static_cast<std::int64_t>(scheduler.random().below(1'000'000'000))};
    client->call(1, SharedBytes::copy_of(body), limit, [this, body](Result<SharedBytes> result) {
      ++ended[body];
      if (!result) {
        ++failed;
        if (result.error().outcome == Outcome::not_executed) never_ran.push_back(body);
        return;
      }
      ++answered;
      EXPECT_EQ(text_of(*result), body);
    });
  }
  void act() {
    for (std::uint64_t i = scheduler.random().below(4); i > 0; --i)
      call();
    cut_or_heal();
  }
  void run() {
    disturb([this] { act(); }, 100s);
    EXPECT_EQ(ended.size(), calls);
    for (const auto& [body, times] : ended)
      EXPECT_EQ(times, 1) << body.substr(0, 10);
    for (const auto& [body, times] : ran)
      EXPECT_EQ(times, 1) << body.substr(0, 10);
    for (const std::string& body : never_ran)
      EXPECT_FALSE(ran.contains(body)) << body.substr(0, 10);
    const std::size_t before = answered;
    runtime_a->loop().post([this] { call(); });  // it may find that the connection is dead
    run_until(scheduler.now() + 10s);
    runtime_a->loop().post([this] { call(); });
    run_until(scheduler.now() + 10s);
    EXPECT_GE(answered, before + 1);
  }

  SplitStreams port{runtime_b, streams.layer(runtime_b, {"b"})};
  CallServer server{runtime_b, port.calls(), {}};
  std::unique_ptr<CallClient> client = std::make_unique<CallClient>(
      runtime_a, streams.layer(runtime_a, {"a"}), ServerAddress{"b"}, CallOptions{});
  std::map<std::string, int> ran = {};
  std::map<std::string, int> ended = {};
  std::vector<std::string> never_ran = {};
  std::size_t calls = 0;
  std::size_t answered = 0;
  std::size_t failed = 0;
};

// Goal: every call ends exactly once, runs at most once, and one that is said not to have run has
// not, whatever the network does. Method: calls of all sizes with limits of all lengths, over
// connections that are slow, cut, half-open, reset, and read and written in pieces.
TEST(CallsSim, EveryCallEndsOnceAndTellsTheTruthAboutItsOutcome) {
  std::size_t answered = 0;
  std::size_t failed = 0;
  std::size_t never_ran = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Campaign campaign(seed);
    campaign.run();
    answered += campaign.answered;
    failed += campaign.failed;
    never_ran += campaign.never_ran.size();
  }
  EXPECT_GT(answered, 5000U);
  EXPECT_GT(failed, 300U);
  EXPECT_GT(never_ran, 30U);
}

}  // namespace
}  // namespace proa
