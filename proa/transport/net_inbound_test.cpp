#include <gtest/gtest.h>

#include "proa/transport/detail/net_fixture.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char digit : hex) {
    if (digit != ' ') digits += digit;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return bytes;
}

/// Vector V4 of the reference with another protocol version: a heartbeat of n1 in term 5.
std::string heartbeat(std::string_view version = "03") {
  const std::string address = "ad 31 30 2e 30 2e 30 2e 31 3a 37 30 30 30";
  return bytes_of_hex("00 89 a4 41646472" + address +
                      "a7 456e7472696573 c0 a2 4944 a2 6e31 a6 4c6561646572" + address +
                      "b1 4c6561646572436f6d6d6974496e646578 00 ac 507265764c6f67456e747279 00"
                      "ab 507265764c6f675465726d 00 af 50726f746f636f6c56657273696f6e" +
                      std::string{version} + "a4 5465726d 05");
}

/// Vector V11: TimeoutNow.
std::string timeout_now(std::string_view version = "03") {
  return bytes_of_hex(
      "03 83 a4 41646472 ad 31302e302e302e313a37303030 a2 4944 a2 6e31"
      "af 50726f746f636f6c56657273696f6e" +
      std::string{version});
}

/// Vector V10: InstallSnapshot, without the 200 bytes that follow.
std::string install_snapshot(std::string_view version = "03") {
  const std::string address = "ad 31302e302e302e313a37303030";
  const std::string other = "ad 31302e302e302e323a37303030";
  const std::string configuration = "81 a7 53657276657273 92 83 a7 41646472657373" + address +
                                    "a2 4944 a2 6e31 a8 5375666672616765 00 83 a7 41646472657373" +
                                    other + "a2 4944 a2 6e32 a8 5375666672616765 01";
  return bytes_of_hex("02 8c a4 41646472" + address + "ad 436f6e66696775726174696f6e da 0058" +
                      configuration +
                      "b2 436f6e66696775726174696f6e496e646578 01 a2 4944 a2 6e31"
                      "ac 4c6173744c6f67496e646578 0b ab 4c6173744c6f675465726d 05"
                      "a6 4c6561646572" +
                      address + "a5 5065657273 af 91" + address +
                      "af 50726f746f636f6c56657273696f6e" + std::string{version} +
                      "a4 53697a65 d1 00c8 af 536e617073686f7456657273696f6e 01 a4 5465726d 05");
}

const std::string kVersionRefused =
    bytes_of_hex("da 0035") + "operation not supported with current protocol version\xc0";

/// Connections whose other end is the test.
struct NetInbounds : hand::TwoServers {
  struct Client {
    std::unique_ptr<Stream> stream;
    void write(std::string_view bytes) {
      const ByteView piece = view_of(bytes);
      ASSERT_EQ(stream->write_some(std::span{&piece, 1}).value(), bytes.size());
    }
    std::string read() {
      std::string bytes(100000, '\0');
      const auto size = stream->read_some(std::as_writable_bytes(std::span{bytes}));
      if (!size) return "closed";
      bytes.resize(*size);
      return bytes;
    }
  };
  Client client() { return {network.open({"b"})}; }
  void send(Client& to, std::string_view bytes) {
    to.write(bytes);
    settle();
  }
  void answer_timeout_now(std::size_t which) {
    at_b.responds[which](Reply{TimeoutNowReply{}});
    settle();
  }
};

TEST_F(NetInbounds, RecogniseHeartbeats) {
  Client go = client();
  send(go, heartbeat());
  ASSERT_EQ(at_b.requests.size(), 1U);
  const AppendEntriesRequest expected{
      .term = {5}, .leader = {.id = {"n1"}, .address = {"10.0.0.1:7000"}}, .heartbeat = true};
  EXPECT_EQ(at_b.requests[0], Request{expected});
}

// Reference §7 and §6.9: versions 2 and 3 are understood; heartbeats are not asked.
TEST_F(NetInbounds, RefuseOtherProtocolVersionsWithTheTextOfTheModel) {
  Client go = client();
  for (const char* version : {"00", "01", "04", "ff"}) {
    send(go, timeout_now(version));
    EXPECT_EQ(go.read(), kVersionRefused);
  }
  EXPECT_TRUE(at_b.requests.empty());
  send(go, timeout_now("02") + heartbeat("04"));
  EXPECT_EQ(at_b.requests.size(), 2U);
}

TEST_F(NetInbounds, DrainTheStateOfARefusedSnapshotBeforeTheReply) {
  Client go = client();
  send(go, install_snapshot("04") + std::string(150, 's'));
  EXPECT_EQ(go.read(), "");
  send(go, std::string(50, 's') + heartbeat());
  EXPECT_EQ(go.read(), kVersionRefused);
  EXPECT_EQ(at_b.requests.size(), 1U);
}

TEST_F(NetInbounds, CloseOnMalformedBytesAfterTheRepliesToWhatCameBefore) {
  Client good = client();
  Client bad = client();
  send(bad, timeout_now() + "\x07 and more");
  EXPECT_EQ(bad.read(), "");
  answer_timeout_now(0);
  EXPECT_EQ(bad.read().size(), 29U);
  EXPECT_EQ(bad.read(), "closed");
  EXPECT_TRUE(lines->contain("connection from dialer is closed: "));
  send(good, timeout_now());
  answer_timeout_now(1);
  EXPECT_EQ(good.read().size(), 29U);
}

TEST_F(NetInbounds, CloseWhenSomebodySpeaksOurOwnProtocol) {
  Client other = client();
  send(other, "\xF0PROA");
  EXPECT_EQ(other.read(), "closed");
  EXPECT_TRUE(lines->contain("Proa's own protocol"));
}

TEST_F(NetInbounds, ReadAheadOfTheRepliesWithinBounds) {
  Client go = client();
  std::string requests;
  for (int i = 0; i < 20; ++i)
    requests += timeout_now();
  send(go, requests);
  EXPECT_EQ(at_b.requests.size(), 16U);
  answer_timeout_now(1);  // the first is still open
  EXPECT_EQ(at_b.requests.size(), 16U);
  answer_timeout_now(0);
  EXPECT_EQ(at_b.requests.size(), 18U);
  for (std::size_t i = 2; i < 20; ++i)
    answer_timeout_now(i);
  EXPECT_EQ(go.read().size(), 20U * 29U);
}

TEST_F(NetInbounds, ReadAheadOfTheRepliesWithinABoundOnBytes) {
  restart({.read_ahead_bytes = 100});
  Client go = client();
  std::string requests;
  for (int i = 0; i < 10; ++i)
    requests += timeout_now();
  send(go, requests);
  EXPECT_EQ(at_b.requests.size(), 3U);  // the third passes 100 bytes
}

TEST_F(NetInbounds, StopReadingFromAPeerThatDoesNotReadItsReplies) {
  network.on_open = [](hand::Wire& wire) { wire.reply.capacity = 100; };
  Client go = client();
  std::string requests;
  for (int i = 0; i < 10000; ++i)
    requests += timeout_now();
  go.write(requests);
  settle();
  std::size_t done = 0;
  for (; done < at_b.responds.size(); ++done)
    answer_timeout_now(done);
  EXPECT_GT(done, 2000U);
  EXPECT_LT(done, 2400U);  // 64 KiB of replies
  for (std::string replies = go.read(); !replies.empty(); replies = go.read()) {
    settle();
    for (; done < at_b.responds.size(); ++done)
      answer_timeout_now(done);
  }
  EXPECT_EQ(done, 10000U);
}

TEST_F(NetInbounds, RefuseARequestThatExceedsTheLimit) {
  restart({.request_bytes_max = 3000});
  append(1, 1, 2000);
  settle();
  EXPECT_EQ(at_b.requests.size(), 1U);
  answer_all();
  append(2, 1, 5000);
  settle();
  EXPECT_EQ(heard, "1 failed ");
  EXPECT_TRUE(lines->contain("more than 3000 bytes")) << lines->all;
}

TEST_F(NetInbounds, AllocateNothingBeforeItsBytesHaveArrived) {
  Client liar = client();
  send(liar, heartbeat().substr(0, 21) + bytes_of_hex("a7 456e7472696573 dd ffffffff"));
  EXPECT_EQ(liar.read(), "") << lines->all;
  send(liar, bytes_of_hex("86 a4 44617461 db 1fffff00") + std::string(1000, 'x'));
  EXPECT_EQ(liar.read(), "");
  EXPECT_TRUE(at_b.requests.empty());
}

TEST_F(NetInbounds, MakeRoomForANewConnectionByClosingTheOneSilentLongest) {
  restart({.connections_max = 3});
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(client());
    runtime->advance(1s);
  }
  send(clients[0], heartbeat());
  runtime->advance(1s);
  clients.push_back(client());
  settle();
  EXPECT_EQ(clients[1].read(), "closed");
  EXPECT_TRUE(lines->contain("connections_max = 3"));
  for (const std::size_t open : {0U, 2U, 3U})
    EXPECT_EQ(clients[open].read(), "");
}

TEST_F(NetInbounds, AreClosedByStopAndOpenRespondsMayStillBeCalled) {
  Client go = client();
  send(go, timeout_now());
  b->stop();
  EXPECT_EQ(go.read(), "closed");
  answer_timeout_now(0);
  EXPECT_EQ(network.open({"b"}), nullptr);
}

TEST_F(NetInbounds, MayBeStoppedInsideAnEvent) {
  struct Stopper final : TransportEvents {
    void on_request(Request&&, Respond respond) override {
      transport->stop();
      respond(Reply{TimeoutNowReply{}});
    }
    void on_snapshot(InstallSnapshotRequest&&, std::shared_ptr<BytePipe>, Respond) override {}
    NetTransport* transport = nullptr;
  } stopper;
  b->stop();
  stopper.transport = b.get();
  ASSERT_TRUE(b->start(stopper));
  Client go = client();
  send(go, timeout_now() + timeout_now());
  EXPECT_EQ(go.read(), "closed");
}

TEST_F(NetInbounds, TakeAByteAtATime) {
  Client go = client();
  for (const char byte : timeout_now() + heartbeat())
    send(go, std::string{byte});
  EXPECT_EQ(at_b.requests.size(), 2U);
}

}  // namespace
}  // namespace proa
