#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kv/store.hpp"
#include "proa/transport/call_client.hpp"
#include "server/detail/forwarded.hpp"
#include "tests/redis/sim_client.hpp"
#include "tests/redis/sim_service.hpp"

// Three servers with the whole stack, from Redis clients down to simulated disks.

namespace proa::redis {
namespace {

using namespace std::chrono_literals;
using resp::ClientReply;
using resp::ReplyType;
using testing::Crash;
using testing::SimCluster;

const ClientReply kOk{.type = ReplyType::simple, .text = "OK"};
ClientReply bulk(std::string text) { return {.type = ReplyType::bulk, .text = std::move(text)}; }

testing::SimClusterOptions options(std::uint64_t seed) {
  testing::SimClusterOptions options{.seed = seed, .servers = 3, .wire = testing::Wire::bytes};
  options.config.heartbeat_timeout = options.config.election_timeout = 200ms;
  options.config.leader_lease_timeout = 100ms;
  options.make_fsm = [](std::size_t) { return std::make_shared<kv::Store>(); };
  options.make_service = &make_redis_service;
  return options;
}

class RedisCluster : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster.bootstrap_and_start();
    ASSERT_TRUE(cluster.run_for(2s));
    ASSERT_TRUE(cluster.leader());
  }

  std::size_t leader() const { return cluster.leader().value(); }
  std::size_t follower() const { return (leader() + 1) % cluster.size(); }
  std::size_t other_follower() const { return (leader() + 2) % cluster.size(); }

  std::optional<ClientReply> ask(std::size_t server, std::vector<std::string_view> arguments) {
    std::optional<ClientReply> answer;
    bool done = false;
    client.ask(cluster.client_address(server), arguments, 20s,
               [&](std::optional<ClientReply> reply) {
                 answer = std::move(reply);
                 done = true;
               });
    while (!done && cluster.step()) {
    }
    return answer;
  }

  SimCluster cluster{options(7)};
  SimClient client{cluster.scheduler(), cluster.streams(), "client", 11};
};

TEST_F(RedisCluster, AWriteThroughAFollowerIsReadThroughAnother) {
  EXPECT_EQ(ask(follower(), {"SET", "k", "v"}), kOk);
  EXPECT_EQ(ask(other_follower(), {"GET", "k"}), bulk("v"));
  EXPECT_EQ(ask(other_follower(), {"APPEND", "k", "w"}),
            (ClientReply{.type = ReplyType::integer, .text = "2"}));
  EXPECT_EQ(ask(follower(), {"GET", "k"}), bulk("vw"));
  EXPECT_EQ(ask(leader(), {"GET", "k"}), bulk("vw"));
}

TEST_F(RedisCluster, AFollowerAnswersWhatTheStoreRefuses) {
  EXPECT_EQ(ask(follower(), {"SET", "k", "v"}), kOk);
  EXPECT_EQ(ask(follower(), {"INCR", "k"}),
            (ClientReply{.type = ReplyType::error,
                         .text = "ERR value is not an integer or out of range"}));
}

TEST_F(RedisCluster, AFollowerKnowsWhereTheLeadersClientsConnect) {
  EXPECT_EQ(ask(follower(), {"PING"}), (ClientReply{.type = ReplyType::simple, .text = "PONG"}));
  const auto role = ask(follower(), {"ROLE"});
  ASSERT_TRUE(role);
  ASSERT_EQ(role->elements.size(), 5U);
  EXPECT_EQ(role->elements[1], bulk("s" + std::to_string(leader() + 1)));
  EXPECT_EQ(role->elements[2].text, "7400");
}

TEST_F(RedisCluster, WhatWasAcknowledgedOutlivesTheLeader) {
  EXPECT_EQ(ask(follower(), {"SET", "k", "v"}), kOk);
  const std::size_t gone = leader();
  cluster.crash(gone, Crash::power);
  ASSERT_TRUE(cluster.run_for(3s));
  ASSERT_TRUE(cluster.leader());
  EXPECT_EQ(ask((gone + 1) % 3, {"GET", "k"}), bulk("v"));
  EXPECT_EQ(ask((gone + 2) % 3, {"SET", "k", "w"}), kOk);
  cluster.start(gone);
  ASSERT_TRUE(cluster.run_for(3s));
  EXPECT_EQ(ask(gone, {"GET", "k"}), bulk("w"));
}

// A forwarded write that was long under way must not overtake what its client sent since.
TEST_F(RedisCluster, AForwardedWriteOfAnEarlierTermIsRefused) {
  const auto runtime = std::make_shared<testing::SimRuntime>(
      cluster.scheduler(), testing::SimRuntimeOptions{.server = 98}, 5);
  const std::shared_ptr<StreamLayer> layer = cluster.streams().layer(runtime, {"late"});
  auto calls =
      std::make_unique<CallClient>(runtime, layer, cluster.server(leader()).address, CallOptions{});
  const Term now = cluster.raft(leader())->status().term;
  const SharedBytes command =
      kv::encode_command(kv::SetCommand{.key = view_of("k"), .value = view_of("v")});
  std::vector<Result<SharedBytes>> answers;
  const auto forward = [&](Term term) {
    Fn<void()> task = [&] {
      calls->call(server::kCallWrite, server::encode_forwarded_write(term, command), 5s,
                  [&](Result<SharedBytes> answer) { answers.push_back(std::move(answer)); });
    };
    runtime->run_on_loop(task);
    ASSERT_TRUE(cluster.run_for(1s));
  };
  forward(Term{now.value - 1});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].error().code, Errc::not_leader);
  EXPECT_EQ(answers[0].error().outcome, Outcome::not_executed);
  forward(now);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[1]);
  EXPECT_EQ(ask(leader(), {"DBSIZE"})->text, "1");
  Fn<void()> let_go = [&] { calls.reset(); };
  runtime->run_on_loop(let_go);
  runtime->kill();
}

// Without a majority nothing is taken, and the client is told that nothing has happened.
TEST_F(RedisCluster, WithoutALeaderAWriteIsRefusedAsNotExecuted) {
  const std::size_t left = follower();
  const std::size_t second = other_follower();
  cluster.crash(leader(), Crash::process);
  cluster.crash(second, Crash::process);
  ASSERT_TRUE(cluster.run_for(3s));
  const auto answer = ask(left, {"SET", "k", "v"});
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->text, ::testing::StartsWith("CLUSTERDOWN not executed"));
}

// The leader has the write and dies before it answers: whether it happened only time will tell.
TEST_F(RedisCluster, AForwardedWriteWhoseLeaderDiesHasAnUnknownOutcome) {
  EXPECT_EQ(ask(follower(), {"SET", "k", "v"}), kOk);
  const std::size_t gone = leader();
  const std::size_t asked = follower();
  cluster.cut(gone, asked, testing::CutMode::hold);  // the leader hears, its answers stay away
  cluster.cut(gone, other_follower(), testing::CutMode::hold);
  std::optional<ClientReply> answer;
  client.ask(cluster.client_address(asked), {"SET", "k", "w"}, 20s,
             [&](std::optional<ClientReply> reply) { answer = std::move(reply); });
  ASSERT_TRUE(cluster.run_for(50ms));
  cluster.crash(gone, Crash::power);
  ASSERT_TRUE(cluster.run_for(15s));
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->text, ::testing::StartsWith("TIMEOUT outcome unknown"));
}

}  // namespace
}  // namespace proa::redis
