#include <gtest/gtest.h>

#include "proa/base/random.hpp"
#include "proa/transport/detail/net_fixture.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

struct NetSnapshots : hand::TwoServers {
  static InstallSnapshotRequest install_of(std::uint64_t bytes) {
    InstallSnapshotRequest request{.term = {5}, .leader = hand::leader()};
    request.snapshot = {
        .last = {.term = {4}, .index = {11}},
        .configuration = {.configuration = {{{.id = {"a"}, .address = {"a"}}}}, .index = {1}},
        .size = bytes};
    return request;
  }
  void install(std::uint64_t bytes) { to_b->send_snapshot(install_of(bytes), state, note()); }

  /// Some bytes that do not repeat soon.
  static std::string some(std::size_t bytes) {
    proa::Random random{bytes};
    std::string text(bytes, '\0');
    for (char& byte : text)
      byte = static_cast<char>(random.below(256));
    return text;
  }
  /// Gives as much of `text` as the pipe takes, in chunks of `step`.
  void feed(std::string& text, std::size_t step) {
    while (!text.empty()) {
      if (!state->try_push(SharedBytes::copy_of(std::string_view{text}.substr(0, step)))) return;
      text.erase(0, step);
    }
  }
  /// Moves everything from one end to the other.
  std::string transfer(std::string text, std::size_t step) {
    std::string arrived;
    for (int round = 0; round < 1000; ++round) {
      feed(text, step);
      if (text.empty()) state->finish({});
      settle();
      if (at_b.pipes.empty()) continue;
      for (;;) {
        const BytePipe::Pulled pulled = at_b.pipes[0]->try_pull();
        if (pulled.end.has_value()) {
          ended = *pulled.end;
          return arrived;
        }
        if (pulled.chunk.data() == nullptr) break;
        arrived += text_of(pulled.chunk);
      }
    }
    return arrived;
  }
  void accept() {
    at_b.responds[0](Reply{InstallSnapshotReply{.term = {6}, .success = true}});
    settle();
  }

  std::shared_ptr<BytePipe> state = std::make_shared<BytePipe>();
  BytePipe::End ended = {.error = Error{}};
};

TEST_F(NetSnapshots, ArriveWholeOnAConnectionOfTheirOwnThatIsThenClosed) {
  for (const std::size_t bytes : {0U, 1U, 200U, 262144U, 262145U, 3000000U}) {
    SCOPED_TRACE(bytes);
    restart({});
    at_b = {};
    heard.clear();
    network.wires.clear();
    state = std::make_shared<BytePipe>();
    install(bytes);
    EXPECT_EQ(transfer(some(bytes), 100000), some(bytes));
    ASSERT_EQ(at_b.installs.size(), 1U);
    EXPECT_EQ(at_b.installs[0], install_of(bytes));
    EXPECT_EQ(ended.error, std::nullopt);
    EXPECT_FALSE(network.wires[0]->request.closed);
    accept();
    EXPECT_EQ(heard, "6 ");
    EXPECT_TRUE(network.wires[0]->request.closed);
    EXPECT_EQ(network.wires.size(), 1U);
    EXPECT_EQ(runtime->timers(), 0U);
  }
}

TEST_F(NetSnapshots, WaitForAReceiverThatIsSlow) {
  network.on_open = [](hand::Wire& wire) { wire.request.capacity = 100000; };
  std::string text = some(10 << 20);
  install(text.size());
  for (int round = 0; round < 1000; ++round) {
    feed(text, BytePipe::kChunkBytes);
    settle();
  }
  // Both pipes are full, and a little is on its way.
  EXPECT_GT(text.size(), 7U << 20);
  for (int round = 0; round < 100; ++round) {
    at_b.pipes[0]->try_pull();
    settle();
    feed(text, BytePipe::kChunkBytes);
    settle();
  }
  EXPECT_EQ(text.size(), 0U);
}

TEST_F(NetSnapshots, EndWithAnErrorWhenTheConnectionBreaks) {
  std::string text = some(1000);
  install(1000);
  feed(text, 300);
  settle();
  network.wires[0]->close(*runtime);
  settle();
  EXPECT_EQ(heard, "failed ");
  EXPECT_TRUE(state->stopped().has_value());
  const auto end = at_b.pipes[0]->try_pull().end;
  ASSERT_TRUE(end.has_value());
  ASSERT_TRUE(end->error.has_value());
  EXPECT_EQ(end->error->code, Errc::peer_unreachable);
}

// A source that reads a checksum at its end learns last that the state is damaged.
TEST_F(NetSnapshots, NeverArriveWholeIfTheirSourceFails) {
  std::string text = some(1000);
  install(1000);
  feed(text, 500);
  settle();
  state->finish(Error{.code = Errc::corrupt, .detail = "checksum"});
  settle();
  EXPECT_EQ(heard, "failed ");
  EXPECT_EQ(errors[0].code, Errc::corrupt);
  std::string arrived;
  BytePipe::Pulled pulled = at_b.pipes[0]->try_pull();
  for (; !pulled.end.has_value(); pulled = at_b.pipes[0]->try_pull())
    arrived += text_of(pulled.chunk);
  EXPECT_LT(arrived.size(), 1000U);
  EXPECT_TRUE(pulled.end->error.has_value());
}

TEST_F(NetSnapshots, FailIfTheStateHasAnotherSizeThanItsDescriptionSays) {
  for (const std::size_t bytes : {999U, 1001U}) {
    state = std::make_shared<BytePipe>();
    install(1000);
    std::string text = some(bytes);
    feed(text, 600);  // the second chunk of the longer one passes the end
    state->finish({});
    settle();
    EXPECT_EQ(errors.back().code, Errc::corrupt);
    ASSERT_FALSE(at_b.pipes.empty());
    BytePipe::Pulled pulled = at_b.pipes.back()->try_pull();
    while (!pulled.end.has_value())
      pulled = at_b.pipes.back()->try_pull();
    EXPECT_TRUE(pulled.end->error.has_value());
  }
  EXPECT_EQ(heard, "failed failed ");
}

TEST_F(NetSnapshots, AreDrainedWhenTheReceiverRefusesThem) {
  std::string text = some(3000000);
  install(text.size());
  feed(text, 100000);
  settle();
  at_b.pipes[0]->stop({.code = Errc::busy});
  at_b.responds[0](Reply{InstallSnapshotReply{.term = {7}, .success = false}});
  settle();
  EXPECT_EQ(heard, "");  // the reply stands behind the state
  while (!text.empty()) {
    feed(text, 100000);
    settle();
  }
  state->finish({});
  settle();
  EXPECT_EQ(heard, "7 ");
}

TEST_F(NetSnapshots, AreDrainedWhenTheReceiverAnswersWithoutReadingThem) {
  std::string text = some(3000000);
  install(text.size());
  feed(text, 100000);
  settle();
  at_b.responds[0](fail(Errc::io_error, "disk full"));
  settle();
  while (!text.empty()) {
    feed(text, 100000);
    settle();
  }
  state->finish({});
  settle();
  EXPECT_EQ(heard, "failed ");
  EXPECT_NE(errors[0].detail.find("disk full"), std::string::npos);
  EXPECT_TRUE(at_b.pipes[0]->try_pull().chunk.data() != nullptr);
}

TEST_F(NetSnapshots, HaveATimeLimitBySize) {
  install(1000);
  settle();
  runtime->advance(9s);
  EXPECT_EQ(heard, "");
  runtime->advance(1s);
  EXPECT_EQ(heard, "failed ");

  state = std::make_shared<BytePipe>();
  install(3 * 262144 + 1000);
  settle();
  runtime->advance(29s);
  EXPECT_EQ(heard, "failed ");
  runtime->advance(1s);
  EXPECT_EQ(heard, "failed failed ");
}

TEST_F(NetSnapshots, GiveWayToANewerOne) {
  install(1000);
  settle();
  const auto before = std::exchange(state, std::make_shared<BytePipe>());
  install(2000);
  EXPECT_EQ(heard, "");
  settle();
  EXPECT_EQ(heard, "failed ");
  EXPECT_TRUE(before->stopped().has_value());
  EXPECT_FALSE(state->stopped().has_value());
  to_b.reset();
  EXPECT_EQ(heard, "failed failed ");
  EXPECT_TRUE(state->stopped().has_value());
}

}  // namespace
}  // namespace proa
