#include "server/detail/forwarder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proa/testing/sim_runtime.hpp"
#include "proa/testing/sim_streams.hpp"
#include "proa/transport/call_codec.hpp"
#include "proa/transport/call_server.hpp"

// A follower's side, with a leader that the test plays.

namespace proa::server {
namespace {

using namespace std::chrono_literals;
using ::proa::testing::Scheduler;
using ::proa::testing::SimRuntime;
using ::proa::testing::SimStreams;
using ::testing::HasSubstr;

const Server kLeader{.id = {"n2"}, .address = {"leader:7401"}};

class ForwarderTest : public ::testing::Test {
 protected:
  ~ForwarderTest() override {
    Fn<void()> let_go = [this] { forwarder.reset(); };
    here->run_on_loop(let_go);
    port.reset();
    here->kill();
    there->kill();
    while (scheduler.run_next()) {  // what is under way holds streams, and those the runtimes
    }
  }

  void run_for(Duration duration) {
    bool reached = false;
    scheduler.after(duration, 0, [&reached] { reached = true; });
    while (!reached && scheduler.run_next()) {
    }
  }
  void on_loop(Fn<void()> task) { here->run_on_loop(task); }

  void write(std::string_view command) {
    on_loop([this, command] {
      forwarder->write(Term{3}, {.command = SharedBytes::copy_of(command),
                                 .done = [this](Result<kv::Reply> reply) {
                                   replies.push_back(std::move(reply));
                                 }});
    });
  }

  Scheduler scheduler{1};
  SimStreams streams{scheduler, {}, 3};
  std::shared_ptr<SimRuntime> here =
      std::make_shared<SimRuntime>(scheduler, ::proa::testing::SimRuntimeOptions{}, 1);
  std::shared_ptr<SimRuntime> there =
      std::make_shared<SimRuntime>(scheduler, ::proa::testing::SimRuntimeOptions{.server = 1}, 2);
  std::shared_ptr<StreamLayer> port = streams.layer(there, kLeader.address);
  std::optional<Forwarder> forwarder{std::in_place, here,
                                     std::shared_ptr<StreamLayer>{streams.layer(here, {"here"})},
                                     CallOptions{}};
  std::vector<Result<kv::Reply>> replies;
};

TEST_F(ForwarderTest, AWriteTakesItsTermAlongAndBringsTheReplyBack) {
  CallServer leader{there, port, {}};
  leader.on(kCallWrite, [](const CallHello&, SharedBytes body, CallRespond respond) {
    const auto write = decode_forwarded_write(body);
    ASSERT_TRUE(write);
    EXPECT_EQ(write->term, Term{3});
    EXPECT_EQ(text_of(write->command), "command");
    respond(kv::encode_reply(std::int64_t{7}));
  });
  ASSERT_TRUE(leader.start());
  on_loop([this] { forwarder->set_leader(kLeader); });
  write("command");
  run_for(1s);
  ASSERT_EQ(replies.size(), 1U);
  ASSERT_TRUE(replies[0]);
  EXPECT_EQ(*replies[0], kv::Reply{std::int64_t{7}});
}

TEST_F(ForwarderTest, WhatTheLeaderRefusesComesBackWithItsOutcome) {
  CallServer leader{there, port, {}};
  leader.on(kCallWrite, [](const CallHello&, SharedBytes, CallRespond respond) {
    respond(fail(Error{.code = Errc::not_leader, .outcome = Outcome::not_executed}));
  });
  ASSERT_TRUE(leader.start());
  on_loop([this] { forwarder->set_leader(kLeader); });
  write("command");
  run_for(1s);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].error().code, Errc::not_leader);
  EXPECT_EQ(replies[0].error().outcome, Outcome::not_executed);
}

// A hashicorp/raft server closes a connection whose first byte it does not know.
TEST_F(ForwarderTest, ALeaderOfTheModelIsSaidNotToSupportIt) {
  ASSERT_TRUE(port->listen([](std::unique_ptr<Stream> stream) { stream.reset(); }));
  on_loop([this] { forwarder->set_leader(kLeader); });
  write("command");
  run_for(1s);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].error().code, Errc::unsupported_by_leader);
  EXPECT_EQ(replies[0].error().outcome, Outcome::not_executed);
  EXPECT_THAT(replies[0].error().detail, HasSubstr("leader:7401"));
}

// Nobody waits as long for a leader that is gone as for one that is slow.
TEST_F(ForwarderTest, CallsToALeaderThatLeadsNoMoreEndSoonWithAnUnknownOutcome) {
  CallServer leader{there, port, {}};
  std::vector<CallRespond> unanswered;
  leader.on(kCallWrite, [&](const CallHello&, SharedBytes, CallRespond respond) {
    unanswered.push_back(std::move(respond));
  });
  ASSERT_TRUE(leader.start());
  on_loop([this] { forwarder->set_leader(kLeader); });
  write("command");
  run_for(2s);
  EXPECT_EQ(unanswered.size(), 1U);
  EXPECT_TRUE(replies.empty());
  on_loop([this] { forwarder->set_leader(Server{.id = {"n3"}, .address = {"nobody:7401"}}); });
  run_for(900ms);
  EXPECT_TRUE(replies.empty());  // it may still answer
  run_for(200ms);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].error().outcome, Outcome::unknown);
}

TEST_F(ForwarderTest, AsksWhereTheClientsOfTheLeaderConnect) {
  CallServer leader{there, port, {}};
  leader.on(kCallClientAddress, [](const CallHello&, SharedBytes, CallRespond respond) {
    CallWriter writer;
    respond(writer.text("10.0.0.2:7400").take());
  });
  ASSERT_TRUE(leader.start());
  on_loop([this] { forwarder->set_leader(kLeader); });
  run_for(1s);
  EXPECT_EQ(forwarder->client_address(), "10.0.0.2:7400");
  on_loop([this] { forwarder->set_leader(std::nullopt); });
  EXPECT_EQ(forwarder->client_address(), "");
}

TEST(Forwarded, IsReadAsWritten) {
  std::vector<Read> batch;
  batch.push_back({.query = {.kind = kv::QueryKind::values,
                             .keys = {SharedBytes::copy_of("a"), SharedBytes::copy_of("")}}});
  batch.push_back({.query = {.kind = kv::QueryKind::key_count}});
  const auto read = decode_forwarded_read(encode_forwarded_read(LogIndex{9}, batch));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->applied, LogIndex{9});
  ASSERT_EQ(read->queries.size(), 2U);
  EXPECT_EQ(read->queries[0].keys, batch[0].query.keys);
  EXPECT_EQ(read->queries[1].kind, kv::QueryKind::key_count);

  for (const ForwardedAnswer& answer :
       {ForwardedAnswer{.index = LogIndex{5}},
        ForwardedAnswer{.index = LogIndex{5},
                        .replies = std::vector<kv::Reply>{kv::Nil{}, std::int64_t{3}}}}) {
    const auto decoded = decode_forwarded_answer(encode(answer));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->index, answer.index);
    EXPECT_EQ(decoded->replies, answer.replies);
  }
}

TEST(Forwarded, WhatEndsEarlyOrMakesNoSenseIsRefused) {
  std::vector<Read> batch;
  batch.push_back({.query = {.keys = {SharedBytes::copy_of("key")}}});
  const SharedBytes read = encode_forwarded_read(LogIndex{9}, batch);
  for (std::size_t size = 0; size < read.size(); ++size)
    EXPECT_FALSE(decode_forwarded_read(read.slice(0, size))) << size;
  const SharedBytes write = encode_forwarded_write(Term{1}, view_of("command"));
  for (std::size_t size = 0; size < write.size(); ++size)
    EXPECT_FALSE(decode_forwarded_write(write.slice(0, size))) << size;

  batch[0].query.keys.clear();  // GET of no key
  EXPECT_FALSE(decode_forwarded_read(encode_forwarded_read(LogIndex{9}, batch)));
  batch[0].query.kind = static_cast<kv::QueryKind>(77);
  EXPECT_FALSE(decode_forwarded_read(encode_forwarded_read(LogIndex{9}, batch)));
}

}  // namespace
}  // namespace proa::server
