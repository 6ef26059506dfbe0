#include "proa/transport/split_streams.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proa/transport/call_client.hpp"
#include "proa/transport/call_server.hpp"
#include "proa/transport/detail/net_fixture.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

/// Server `b`, whose port carries both protocols, and a server `a` that speaks to it.
struct SplitPort : ::testing::Test {
  std::shared_ptr<StreamLayer> layer(const std::string& name) {
    return std::make_shared<hand::HandStreamLayer>(network, ServerAddress{name});
  }
  void settle() {
    a.flush();
    b.flush();
    runtime->settle();
  }
  std::string ask_both() {
    std::string heard;
    Respond done = [&heard](Result<Reply> reply) { heard += reply ? "raft " : "no raft "; };
    EXPECT_TRUE(to_b->send(Channel::append, Request{hand::append_of(1, 1)}, done));
    client.call(1, SharedBytes::copy_of("calls"), 1s,
                [&heard](Result<SharedBytes> answer) { heard += answer ? "calls " : "no calls "; });
    settle();
    for (auto& respond : std::exchange(at_b.responds, {}))
      respond(Reply{AppendEntriesReply{}});
    settle();
    return heard;
  }

  hand::HandNetwork network;
  std::shared_ptr<hand::HandRuntime> runtime = network.runtime;
  SplitStreams port{runtime, layer("b"), {.undecided_max = 4}};
  hand::Arrivals at_b;
  NetTransport a{runtime, layer("a")};
  NetTransport b{runtime, port.raft()};
  CallServer server{runtime, port.calls(), {}};
  CallClient client{runtime, layer("a"), {"b"}, {}};
  std::unique_ptr<Peer> to_b = a.connect({.id = {"b"}, .address = {"b"}});
};

TEST_F(SplitPort, CarriesBothProtocolsToTheirServers) {
  server.on(
      1, [](const CallHello&, SharedBytes body, CallRespond respond) { respond(std::move(body)); });
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(b.start(at_b));
  EXPECT_EQ(ask_both(), "calls raft ");
  b.stop();
  runtime->advance(1s);
  const std::string without_raft = ask_both();
  EXPECT_NE(without_raft.find("no raft"), std::string::npos) << without_raft;
  EXPECT_NE(without_raft.find("calls"), std::string::npos) << without_raft;
  to_b.reset();
}

TEST_F(SplitPort, ClosesWhatSaysNothingAndTheOldestOfTooMany) {
  ASSERT_TRUE(server.start());
  std::vector<std::unique_ptr<Stream>> silent;
  for (int number = 0; number < 5; ++number)
    silent.push_back(network.open({"b"}));
  runtime->settle();
  std::array<std::byte, 1> buffer{};
  EXPECT_FALSE(silent[0]->read_some(buffer));
  EXPECT_TRUE(silent[1]->read_some(buffer));
  runtime->advance(11s);
  EXPECT_FALSE(silent[4]->read_some(buffer));
}

}  // namespace
}  // namespace proa
