#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "proa/transport/call_client.hpp"
#include "proa/transport/call_server.hpp"
#include "proa/transport/detail/hand_driven.hpp"
#include "proa/transport/split_streams.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t kEcho = 1;
constexpr std::uint8_t kKept = 2;

/// A client `a` of a server `b`; the network is driven by hand.
struct Calls : ::testing::Test {
  Calls() { serve({.hello = {.id = {"b"}}}); }
  ~Calls() override {
    client.reset();
    server.reset();
  }

  std::shared_ptr<StreamLayer> layer(const std::string& name) {
    return std::make_shared<hand::HandStreamLayer>(network, ServerAddress{name});
  }
  void serve(CallOptions options) {
    server.reset();
    server = std::make_unique<CallServer>(runtime, layer("b"), options);
    server->on(kEcho, [this](const CallHello& caller, SharedBytes body, CallRespond respond) {
      last_caller = caller;
      respond(std::move(body));
    });
    server->on(kKept, [this](const CallHello&, SharedBytes, CallRespond respond) {
      kept.push_back(std::move(respond));
    });
    ASSERT_TRUE(server->start());
  }
  void connect(CallOptions options = {.hello = {.id = {"a"}}}) {
    client = std::make_unique<CallClient>(runtime, layer("a"), ServerAddress{"b"}, options);
  }
  /// What comes back is noted in `heard`: the answer, or the code of the failure and its outcome.
  void call(std::uint8_t kind, const std::string& body, Duration limit = 1s) {
    client->call(kind, SharedBytes::copy_of(body), limit, [this](Result<SharedBytes> result) {
      if (result) {
        heard += std::string{text_of(*result)} + " ";
      } else {
        const bool unknown = result.error().outcome == Outcome::unknown;
        heard += std::string{to_string(result.error().code)} + (unknown ? "? " : " ");
        last_error = result.error();
      }
    });
  }
  void settle() { runtime->settle(); }

  hand::HandNetwork network;
  std::shared_ptr<hand::HandRuntime> runtime = network.runtime;
  std::unique_ptr<CallServer> server;
  std::unique_ptr<CallClient> client;
  std::vector<CallRespond> kept;
  std::optional<CallHello> last_caller;
  std::string heard;
  Error last_error;
};

TEST_F(Calls, AreAnsweredOverOneConnectionByAServerThatKnowsTheCaller) {
  connect();
  for (const char* word : {"one", "two", "three"})
    call(kEcho, word);
  EXPECT_EQ(heard, "");  // never inside the call
  settle();
  EXPECT_EQ(heard, "one two three ");
  EXPECT_EQ(network.dials, 1U);
  EXPECT_EQ(last_caller->id, ServerId{"a"});
  EXPECT_EQ(client->hello()->id, ServerId{"b"});
}

TEST_F(Calls, MayBeAnsweredInAnyOrder) {
  connect();
  call(kKept, "");
  call(kKept, "");
  call(kEcho, "quick");
  settle();
  kept[1](SharedBytes::copy_of("second"));
  settle();
  kept[0](fail(Error{.code = Errc::not_leader, .leader = Server{.id = {"c"}}}));
  settle();
  EXPECT_EQ(heard, "quick second not_leader? ");
  EXPECT_EQ(last_error.leader->id, ServerId{"c"});
}

TEST_F(Calls, OfAnUnknownKindFailAndTheConnectionGoesOn) {
  connect();
  call(99, "");
  call(kEcho, "still here");
  settle();
  EXPECT_EQ(heard, "unsupported_protocol still here ");
  EXPECT_EQ(network.dials, 1U);
}

TEST_F(Calls, SayWhetherTheyMayHaveRunWhenTheConnectionBreaks) {
  connect();
  call(kKept, "");
  settle();
  network.wires[0]->close(*runtime);
  settle();
  EXPECT_EQ(heard, "peer_unreachable? ");  // it had left
  server.reset();
  call(kEcho, "");
  settle();
  EXPECT_EQ(heard, "peer_unreachable? peer_unreachable ");  // nobody was there to take it
}

TEST_F(Calls, DialAgainAfterAPauseAndFailAtOnceDuringIt) {
  server.reset();
  connect();
  call(kEcho, "");
  settle();
  call(kEcho, "");
  settle();
  EXPECT_EQ(network.dials, 2U);  // the first pause is none
  call(kEcho, "");
  settle();
  EXPECT_EQ(heard, "peer_unreachable peer_unreachable peer_unreachable ");
  EXPECT_EQ(network.dials, 2U);
  serve({});
  runtime->advance(1s);
  call(kEcho, "back");
  settle();
  EXPECT_TRUE(heard.ends_with("back ")) << heard;
}

TEST_F(Calls, EndAtTheirLimitAndADeadConnectionIsGivenUp) {
  connect();
  call(kKept, "", 100ms);
  settle();
  runtime->advance(50ms);
  call(kEcho, "alive");
  runtime->advance(100ms);
  EXPECT_EQ(heard, "alive deadline? ");
  network.wires[0]->stalled = true;
  call(kEcho, "", 100ms);
  call(kKept, "", 10s);
  runtime->advance(200ms);
  EXPECT_EQ(heard, "alive deadline? deadline? peer_unreachable? ");
  call(kEcho, "again");
  runtime->advance(1s);
  EXPECT_TRUE(heard.ends_with("again ")) << heard;
}

TEST_F(Calls, AreBusyBeyondTheirNumberAndTooLargeBeyondTheirSize) {
  connect({.call_bytes_max = 10, .open_calls_max = 2});
  call(kKept, "");
  call(kKept, "");
  call(kKept, "");
  call(kKept, "eleven bytes");
  settle();
  EXPECT_EQ(heard, "busy command_too_large ");
  client.reset();
  EXPECT_EQ(heard, "busy command_too_large shutdown? shutdown? ");
}

TEST_F(Calls, WaitInTheirStreamWhileTheServerHasEnoughOpen) {
  serve({.open_calls_max = 2});
  connect();
  for (int number = 0; number < 5; ++number)
    call(kKept, "");
  settle();
  ASSERT_EQ(kept.size(), 2U);
  for (std::size_t number = 0; number < 5; ++number) {
    kept[number](SharedBytes::copy_of(std::to_string(number)));
    settle();
  }
  EXPECT_EQ(heard, "0 1 2 3 4 ");
}

TEST_F(Calls, LargeAnswersAreSentAsTheCallerReadsThem) {
  connect();
  network.on_open = [](hand::Wire& wire) { wire.reply.capacity = 10'000; };
  const std::string large(3'000'000, 'x');
  for (int number = 0; number < 4; ++number)
    call(kEcho, large);
  settle();
  EXPECT_EQ(heard.size(), 4 * (large.size() + 1));
}

TEST_F(Calls, ToAServerThatClosesWithoutAHelloAreRefusedForLongerEachTime) {
  server.reset();
  auto raw = layer("b");
  ASSERT_TRUE(raw->listen([](const std::unique_ptr<Stream>&) {}));
  connect();
  for (int attempt = 0; attempt < 200; ++attempt) {
    call(kEcho, "");
    runtime->advance(100ms);
  }
  EXPECT_EQ(last_error.code, Errc::unsupported_protocol);
  EXPECT_EQ(last_error.outcome, Outcome::not_executed);
  EXPECT_LT(network.dials, 12U);
}

TEST_F(Calls, OfAnotherGroupOrVersionAreRefusedBeforeTheyLeave) {
  connect({.hello = {.group = "blue"}});
  call(kEcho, "");
  settle();
  EXPECT_EQ(heard, "protocol_error ");
  connect({.hello = {.version_min = 9, .version_max = 9}});
  call(kEcho, "");
  settle();
  EXPECT_TRUE(heard.starts_with("protocol_error unsupported_protocol")) << heard;
}

TEST_F(Calls, MalformedBytesEndTheirConnectionAlone) {
  connect();
  call(kEcho, "before");
  settle();
  auto stranger = network.open({"b"});
  const ByteView nonsense = view_of("\xF0PROAnonsense nonsense nonsense");
  ASSERT_TRUE(stranger->write_some({&nonsense, 1}));
  settle();
  std::array<std::byte, 16> buffer{};
  EXPECT_FALSE(stranger->read_some(buffer));
  call(kEcho, "after");
  settle();
  EXPECT_EQ(heard, "before after ");
}

TEST_F(Calls, AConnectionThatNeverSaysHelloIsClosed) {
  auto stranger = network.open({"b"});
  runtime->advance(6s);
  std::array<std::byte, 16> buffer{};
  EXPECT_FALSE(stranger->read_some(buffer));
}

}  // namespace
}  // namespace proa
