#include "proa/testing/sim_streams.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

struct Streams : ::testing::Test {
  Streams() {
    EXPECT_TRUE(at_b->listen([this](std::unique_ptr<Stream> stream) { b = std::move(stream); }));
  }
  void run(Duration limit = 100ms) {
    const Instant until = scheduler.now() + limit;
    bool reached = false;
    scheduler.at(until, 0, [&reached] { reached = true; });
    while (!reached && scheduler.run_next()) {
    }
  }
  void connect(Duration limit = 1s) {
    dialing = at_a->dial({"b"}, limit, [this](Result<std::unique_ptr<Stream>> done) {
      log += done ? "connected " : "failed ";
      if (done) a = std::move(*done);
    });
  }
  static std::size_t write(Stream& stream, const std::string& text) {
    const ByteView view = view_of(text);
    return stream.write_some({&view, 1}).value_or(std::size_t{9999});
  }
  static std::string read(Stream& stream) {
    std::array<std::byte, 1000> buffer = {};
    const auto count = stream.read_some(buffer);
    if (!count) return "(gone)";
    return std::string(text_of({buffer.data(), *count}));
  }

  Scheduler scheduler{1};
  SimStreams streams{scheduler, {.window_bytes = 10}, 7};
  std::shared_ptr<SimRuntime> on_a =
      std::make_shared<SimRuntime>(scheduler, SimRuntimeOptions{}, 1);
  std::shared_ptr<SimRuntime> on_b =
      std::make_shared<SimRuntime>(scheduler, SimRuntimeOptions{}, 2);
  std::unique_ptr<StreamLayer> at_a = streams.layer(on_a, {"a"});
  std::unique_ptr<StreamLayer> at_b = streams.layer(on_b, {"b"});
  std::unique_ptr<Dialing> dialing;
  std::unique_ptr<Stream> a;
  std::unique_ptr<Stream> b;
  std::string log;
};

TEST_F(Streams, CarryBytesInOrderAndLater) {
  connect();
  run();
  EXPECT_EQ(log, "connected ");
  EXPECT_EQ(write(*a, "one"), 3U);
  EXPECT_EQ(write(*a, "two"), 3U);
  EXPECT_EQ(read(*b), "");
  run();
  EXPECT_EQ(read(*b), "onetwo");
}

TEST_F(Streams, TakeNoMoreThanTheWindowUntilTheOtherSideHasRead) {
  connect();
  run();
  EXPECT_EQ(write(*a, "0123456789abc"), 10U);
  EXPECT_EQ(write(*a, "x"), 0U);
  a->when_writable([this] { log += "writable "; });
  run();
  EXPECT_EQ(log, "connected ");
  EXPECT_EQ(read(*b), "0123456789");
  run();
  EXPECT_EQ(log, "connected writable ");
}

TEST_F(Streams, CallBackWhenThereIsSomethingToRead) {
  connect();
  run();
  b->when_readable([this] { log += "readable "; });
  run();
  EXPECT_EQ(log, "connected ");
  write(*a, "x");
  run();
  EXPECT_EQ(log, "connected readable ");
}

TEST_F(Streams, EndBehindWhatWasSent) {
  connect();
  run();
  write(*a, "last");
  a = nullptr;
  run();
  EXPECT_EQ(read(*b), "last");
  EXPECT_EQ(read(*b), "(gone)");
}

TEST_F(Streams, StallWhileTheLinkIsCutAndGoOnWhenItIsHealed) {
  connect();
  run();
  streams.cut({"a"}, {"b"}, StreamCut::stall);
  write(*a, "one");
  write(*a, "two");
  run();
  EXPECT_EQ(read(*b), "");
  streams.heal_all();
  run();
  EXPECT_EQ(read(*b), "onetwo");
}

TEST_F(Streams, AreHalfOpenUntilSomethingIsWrittenAfterTheHealing) {
  connect();
  run();
  streams.cut({"a"}, {"b"}, StreamCut::half_open);
  write(*a, "lost");
  run();
  streams.heal_all();
  run();
  EXPECT_EQ(read(*b), "");
  EXPECT_EQ(write(*a, "x"), 1U);
  run();
  EXPECT_EQ(read(*a), "(gone)");
}

TEST_F(Streams, BreakAtTheNextWriteIfTheCutSaysSo) {
  connect();
  run();
  streams.cut({"a"}, {"b"}, StreamCut::reset);
  a->when_readable([this] { log += "told "; });
  write(*a, "x");
  run();
  EXPECT_EQ(read(*a), "(gone)");
  EXPECT_EQ(read(*b), "(gone)");
  EXPECT_EQ(log, "connected told ");
}

TEST_F(Streams, VanishWithTheMachineWithoutAWord) {
  connect();
  run();
  streams.vanish({"b"});
  b = nullptr;
  run();
  EXPECT_EQ(read(*a), "");
}

TEST_F(Streams, AreRefusedWhereNobodyListensAndTimeOutOverACutLink) {
  at_b->stop_listening();
  connect();
  run();
  EXPECT_EQ(log, "failed ");
  streams.cut({"b"}, {"a"}, StreamCut::stall);
  connect(10s);
  run(9s);
  EXPECT_EQ(log, "failed ");
  run(2s);
  EXPECT_EQ(log, "failed failed ");
}

TEST_F(Streams, AreNotHandedToWhoeverHasGivenUp) {
  connect();
  dialing = nullptr;
  run();
  EXPECT_EQ(log, "");
  EXPECT_EQ(b, nullptr);
}

TEST_F(Streams, LoseAnswersAloneAndBreakAtTheNextOneBehindTheGap) {
  connect();
  run();
  streams.cut({"b"}, {"a"}, StreamCut::replies);
  EXPECT_EQ(write(*a, "ask"), 3U);
  EXPECT_EQ(write(*b, "answer"), 6U);
  run();
  EXPECT_EQ(read(*b), "ask");
  EXPECT_EQ(read(*a), "");
  EXPECT_EQ(streams.replies_lost(), 1U);
  streams.heal_all();
  run();
  EXPECT_EQ(read(*a), "");  // nobody knows yet
  EXPECT_EQ(write(*b, "more"), 4U);
  run();
  EXPECT_EQ(read(*a), "(gone)");
}

TEST_F(Streams, AreDialledAndAnsweredByTheOtherSideWhileAnswersAreLost) {
  streams.cut({"a"}, {"b"}, StreamCut::replies);
  connect();
  run();
  EXPECT_EQ(log, "connected ");
  EXPECT_EQ(write(*b, "yes"), 3U);
  EXPECT_EQ(write(*a, "ask"), 3U);  // what a asks for is no answer
  run();
  EXPECT_EQ(read(*a), "yes");
  EXPECT_EQ(read(*b), "ask");
}

TEST_F(Streams, BeginOnceMoreAsTheyBeganLongAgo) {
  connect();
  run();
  write(*a, "not kept");
  EXPECT_TRUE(streams.beginnings().empty());
  streams.keep_beginnings();
  connect();
  run();
  write(*a, "hello");
  run();
  EXPECT_EQ(read(*b), "hello");
  a.reset();
  run(10min);
  EXPECT_EQ(read(*b), "(gone)");

  ASSERT_EQ(streams.beginnings().size(), 1U);
  const SimStreams::Beginning beginning = *streams.beginnings().front();
  EXPECT_TRUE(streams.begin_again(beginning, 1s));
  run();
  EXPECT_EQ(read(*b), "hello");
  EXPECT_EQ(b->remote(), "a");
  EXPECT_EQ(write(*b, "who is it?"), 10U);
  run();
  EXPECT_EQ(read(*b), "");
  run(2s);
  EXPECT_EQ(read(*b), "(gone)");
  EXPECT_EQ(streams.beginnings().size(), 1U);  // it is none of its own

  at_b.reset();
  EXPECT_FALSE(streams.begin_again(beginning, 1s));
}

TEST_F(Streams, KeepSoManyBeginningsAndSoMuchOfEach) {
  streams.options().window_bytes = 1 << 20;
  streams.keep_beginnings();
  for (std::size_t i = 0; i < SimStreams::kBeginningsMax + 1; ++i) {
    connect();
    run();
    write(*a, std::to_string(i) + std::string(SimStreams::kBeginningBytesMax, '.'));
  }
  ASSERT_EQ(streams.beginnings().size(), SimStreams::kBeginningsMax);
  for (const auto& beginning : streams.beginnings())
    EXPECT_EQ(beginning->bytes.size(), SimStreams::kBeginningBytesMax);
  EXPECT_EQ(streams.beginnings().front()->bytes.front(), std::byte{'1'});
}

}  // namespace
}  // namespace proa::testing
