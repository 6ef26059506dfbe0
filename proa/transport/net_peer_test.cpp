#include <gtest/gtest.h>

#include "proa/transport/detail/net_fixture.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

struct NetPeers : hand::TwoServers {};

TEST_F(NetPeers, CarryRequestsAndReplies) {
  const Request asked{hand::append_of(3, 2)};
  Result<Reply> got = fail(Errc::busy, "");
  Respond done = [&](Result<Reply> reply) { got = std::move(reply); };
  ASSERT_TRUE(to_b->send(Channel::append, asked, done));
  settle();
  ASSERT_EQ(at_b.requests.size(), 1U);
  EXPECT_EQ(at_b.requests[0], asked);

  const Reply reply{AppendEntriesReply{
      .term = {4}, .last_log = {300}, .success = false, .no_retry_backoff = true}};
  at_b.responds[0](reply);
  settle();
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, reply);
}

TEST_F(NetPeers, KeepAConnectionForEachChannel) {
  append(1);
  Respond done = note();
  to_b->send(Channel::control,
             Request{RequestVoteRequest{.term = {1}, .candidate = hand::leader()}}, done);
  append(2);
  settle();
  EXPECT_EQ(network.wires.size(), 2U);
  EXPECT_EQ(at_b.requests.size(), 3U);
}

TEST_F(NetPeers, SendNothingBeforeTheFlushAndThenEverythingInOneWrite) {
  append(1);
  settle();  // connects
  append(2);
  append(3, 100);
  append(4);
  runtime->settle();
  EXPECT_EQ(at_b.requests.size(), 1U);
  EXPECT_EQ(network.wires[0]->request.writes, 1U);
  settle();
  EXPECT_EQ(at_b.requests.size(), 4U);
  EXPECT_EQ(network.wires[0]->request.writes, 2U);
  EXPECT_EQ(network.wires[0]->request.reads, 2U);
}

TEST_F(NetPeers, GetRepliesInTheOrderOfTheRequestsWhateverTheResponderDoes) {
  for (std::uint64_t term = 1; term <= 3; ++term)
    append(term);
  settle();
  answer(2, 13);
  answer(1, 12);
  settle();
  EXPECT_EQ(heard, "");
  EXPECT_EQ(network.wires[0]->reply.writes, 0U);
  answer(0, 11);
  settle();
  EXPECT_EQ(heard, "11 12 13 ");
  EXPECT_EQ(network.wires[0]->reply.writes, 1U);
}

TEST_F(NetPeers, AreToldTheTextOfAnError) {
  append(1);
  append(2);
  settle();
  at_b.responds[0](fail(Errc::io_error, "unexpected command"));
  at_b.responds[1](fail(Errc::unsupported_protocol, ""));
  settle();
  EXPECT_EQ(heard, "failed failed ");
  EXPECT_EQ(errors[0].code, Errc::protocol_error);
  EXPECT_EQ(errors[0].detail, "the append channel to b (b): the peer answered: unexpected command");
  EXPECT_EQ(errors[1].code, Errc::unsupported_protocol);
  append(3);  // on the same connection
  settle();
  EXPECT_EQ(network.wires.size(), 1U);
}

// They point into what was received; its memory must not be filled again.
TEST_F(NetPeers, LeaveEntriesIntactWhileMoreArrives) {
  for (std::uint64_t term = 1; term <= 2000; ++term) {
    append(term, term % 5, term % 97);
    settle();
    answer_all();
  }
  for (std::uint64_t term = 1; term <= 2000; ++term)
    ASSERT_EQ(at_b.requests[term - 1], Request{hand::append_of(term, term % 5, term % 97)});
}

TEST_F(NetPeers, RefuseWhatDoesNotFitTheWindowAndSayWhenThereIsRoom) {
  restart({.window_bytes = 2500});
  EXPECT_TRUE(append(1, 1, 5000));  // an empty window takes anything
  EXPECT_FALSE(append(2));
  bool writable = false;
  to_b->when_writable(Channel::append, [&] { writable = true; });
  settle();
  EXPECT_FALSE(writable);
  answer_all();
  EXPECT_TRUE(writable);
  EXPECT_TRUE(append(2, 1, 1000));
  EXPECT_TRUE(append(3, 1, 100));
  EXPECT_FALSE(append(4, 1, 1000));
  writable = false;
  to_b->when_writable(Channel::append, [&] { writable = true; });
  EXPECT_FALSE(writable);  // never inside the call
  settle();
  answer_all();
  EXPECT_TRUE(writable);
  EXPECT_EQ(heard, "1 2 3 ");
}

TEST_F(NetPeers, FailEverythingOpenInOrderWhenTheConnectionBreaks) {
  append(1);
  append(2);
  append(3);
  settle();
  answer(0, 1);
  settle();
  network.wires[0]->close(*runtime);
  append(4);
  settle();
  EXPECT_EQ(heard, "1 failed failed failed ");
  EXPECT_EQ(errors[0].code, Errc::peer_unreachable);
  EXPECT_NE(errors[0].detail.find("the append channel to b (b): "), std::string::npos);
}

// The driver flushes in the middle of its step.
TEST_F(NetPeers, RunNoCallbackInsideAFlushThatFindsTheConnectionBroken) {
  append(1);
  settle();
  network.wires[0]->request.closed = true;
  append(2);
  a->flush();
  EXPECT_EQ(heard, "");
  settle();
  EXPECT_EQ(heard, "failed failed ");
}

TEST_F(NetPeers, RedialAtOnceAfterOneFailureAndThenLessAndLessOften) {
  append(1);
  settle();
  answer_all();
  b->stop();  // and with it the idle connection
  settle();
  EXPECT_EQ(network.dials, 1U);
  append(2);
  settle();
  EXPECT_EQ(network.dials, 2U);
  EXPECT_EQ(heard, "1 failed ");

  std::vector<std::size_t> dials;
  for (int i = 0; i < 4; ++i) {  // a server that asks every millisecond, for a second each time
    const std::size_t before = network.dials;
    for (int ms = 0; ms < 1000; ++ms) {
      append(3);
      settle();
      runtime->advance(1ms);
    }
    dials.push_back(network.dials - before);
  }
  EXPECT_LE(dials[0], 12U);
  EXPECT_GE(dials[0], 5U);
  EXPECT_LE(dials[3], 4U);
  EXPECT_GE(dials[3], 2U);

  ASSERT_TRUE(b->start(at_b));
  heard.clear();
  append(9);
  settle();
  runtime->advance(500ms);
  answer_all();
  EXPECT_EQ(heard.substr(heard.size() - 2), "9 ");

  network.wires.back()->close(*runtime);  // the first failure after a success
  settle();
  append(10);
  settle();
  answer_all();
  EXPECT_EQ(heard.substr(heard.size() - 3), "10 ");
}

TEST_F(NetPeers, GiveUpAChannelWhoseOldestRequestHasWaitedTooLong) {
  restart({.append_limit = 10s});
  append(1);
  settle();
  runtime->advance(6s);
  append(2);
  settle();
  answer(0, 1);
  settle();
  runtime->advance(6s);  // of the second request
  EXPECT_EQ(heard, "1 ");
  runtime->advance(5s);
  EXPECT_EQ(heard, "1 failed ");
  EXPECT_NE(errors[0].detail.find("no reply within 10s"), std::string::npos);
  EXPECT_EQ(runtime->timers(), 0U);
}

TEST_F(NetPeers, GiveUpAConnectionThatIsHalfOpen) {
  append(1);
  settle();
  answer_all();
  network.wires[0]->stalled = true;
  append(2);
  settle();
  runtime->advance(10s);
  EXPECT_EQ(heard, "1 failed ");
  append(3);
  settle();
  answer_all();
  EXPECT_EQ(heard, "1 failed 3 ");
}

TEST_F(NetPeers, GiveUpADialThatHangs) {
  network.dials_hang = true;
  append(1);
  settle();
  EXPECT_EQ(heard, "");
  runtime->advance(3s);
  EXPECT_EQ(heard, "failed ");
}

TEST_F(NetPeers, RunEveryOpenCallbackOnceWhenTheyAreLetGo) {
  append(1);
  append(2);
  settle();
  answer(0, 1);
  settle();
  append(3);
  to_b.reset();
  EXPECT_EQ(heard, "1 failed failed ");
  settle();
  EXPECT_EQ(heard, "1 failed failed ");
}

TEST_F(NetPeers, MayBeLetGoInsideACallback) {
  Respond done = [this](Result<Reply>) {
    heard += "first ";
    to_b.reset();
  };
  to_b->send(Channel::append, Request{hand::append_of(1, 1)}, done);
  append(2);
  append(3);
  settle();
  answer(0, 1);
  answer(1, 2);
  settle();
  EXPECT_EQ(heard, "first failed failed ");
}

TEST_F(NetPeers, MaySendInsideACallback) {
  Respond done = [this](Result<Reply> reply) {
    EXPECT_FALSE(reply);
    append(5);
  };
  to_b->send(Channel::append, Request{hand::append_of(1, 1)}, done);
  settle();
  network.wires[0]->close(*runtime);
  settle();
  answer_all();
  EXPECT_EQ(heard, "5 ");
}

// Wherever a connection breaks: every callback runs once, in order, and the next connection works.
TEST_F(NetPeers, SurviveACutAtEveryByte) {
  for (const bool of_replies : {false, true}) {
    for (std::size_t cut = 0; cut < 700; ++cut) {
      restart({});
      at_b = {};
      answered = 0;
      heard.clear();
      network.wires.clear();
      network.on_open = [&](hand::Wire& wire) {
        (of_replies ? wire.reply : wire.request).cut_after = cut;
      };
      append(1, 2);
      append(2, 0);
      settle();
      answer_all();
      network.on_open = {};
      append(3);
      settle();
      answer_all();
      const bool allowed = heard == "failed failed 3 " || heard == "1 failed 3 " ||
                           heard == "1 2 failed " || heard == "1 2 3 ";
      ASSERT_TRUE(allowed) << "cut after " << cut << ": " << heard;
    }
  }
}

TEST_F(NetPeers, GetThroughToAReaderThatTakesAFewBytesAtATime) {
  network.on_open = [](hand::Wire& wire) { wire.request.capacity = wire.reply.capacity = 7; };
  append(1, 3, 3000);
  append(2, 50);
  append(3, 0);
  settle();
  ASSERT_EQ(at_b.requests.size(), 3U);
  EXPECT_EQ(at_b.requests[0], Request{hand::append_of(1, 3, 3000)});
  EXPECT_EQ(at_b.requests[1], Request{hand::append_of(2, 50)});
  EXPECT_EQ(at_b.requests[2], Request{hand::append_of(3, 0)});
  answer_all();
  EXPECT_EQ(heard, "1 2 3 ");
}

}  // namespace
}  // namespace proa
