#include "proa/runtime/tcp.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>

#include "proa/runtime/detail/host_port.hpp"

namespace proa {
namespace {

using detail::HostPort;
using detail::parse_host_port;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Duration kLong = std::chrono::seconds{60};  // a bound that no healthy run reaches

/// Reads until `bytes` have come or the stream ends, then calls back with what there is.
class Reader {
 public:
  Reader(Stream& stream, std::size_t bytes, Fn<void(std::string, std::optional<Error>)> done)
      : stream_(stream), left_(bytes), done_(std::move(done)) {
    read();
  }

 private:
  void read() {
    std::array<std::byte, 4096> buffer = {};
    while (left_ > 0) {
      const auto got = stream_.read_some(std::span{buffer}.first(std::min(left_, buffer.size())));
      if (!got) return done_(std::move(text_), got.error());
      if (*got == 0) return stream_.when_readable([this] { read(); });
      text_ += text_of(ByteView{buffer}.first(*got));
      left_ -= *got;
    }
    done_(std::move(text_), std::nullopt);
  }

  Stream& stream_;
  std::size_t left_;
  std::string text_;
  Fn<void(std::string, std::optional<Error>)> done_;
};

/// Two ends of one connection over a real port.
class Tcp : public testing::Test {
 protected:
  void SetUp() override { layer_ = tcp_stream_layer(runtime_, {}).value(); }
  void TearDown() override {
    on_loop([this] {
      readers_.clear();
      dialing_.reset();
      client_.reset();
      server_.reset();
      layer_.reset();
    });
  }
  void on_loop(Fn<void()> task) { runtime_->run_on_loop(task); }

  void connect() {
    std::promise<void> both;
    int ends = 0;
    on_loop([&, this] {
      const auto have = [&] {
        if (++ends == 2) both.set_value();
      };
      ASSERT_TRUE(layer_->listen([this, have](std::unique_ptr<Stream> stream) {
        server_ = std::move(stream);
        have();
      }));
      dialing_ = layer_->dial(layer_->local_address(), kLong,
                              [this, have](Result<std::unique_ptr<Stream>> stream) {
                                client_ = std::move(stream).value();
                                have();
                              });
    });
    both.get_future().wait();
  }
  /// Tries to dial and returns why it failed.
  Error dial_error(const std::string& address, Duration limit = kLong) {
    std::promise<Error> failed;
    on_loop([&, this] {
      dialing_ = layer_->dial({address}, limit, [&](Result<std::unique_ptr<Stream>> stream) {
        failed.set_value(stream ? Error{.detail = "connected"} : std::move(stream).error());
      });
    });
    return failed.get_future().get();
  }
  std::pair<std::string, std::optional<Error>> read(Stream& stream, std::size_t bytes) {
    std::promise<std::pair<std::string, std::optional<Error>>> read;
    on_loop([&, this] {
      readers_.push_back(std::make_unique<Reader>(
          stream, bytes, [&](std::string text, std::optional<Error> error) {
            read.set_value({std::move(text), std::move(error)});
          }));
    });
    return read.get_future().get();
  }

  std::shared_ptr<AsioRuntime> runtime_ = make_runtime().value();
  std::unique_ptr<StreamLayer> layer_;
  std::unique_ptr<Dialing> dialing_;
  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> server_;
  std::vector<std::unique_ptr<Reader>> readers_;
};

TEST_F(Tcp, CarriesBytesInOrderBothWays) {
  connect();
  on_loop([this] {
    const std::array<ByteView, 3> pieces{view_of("ab"), view_of(""), view_of("cde")};
    EXPECT_EQ(client_->write_some(pieces).value(), 5U);
    const std::array<ByteView, 1> answer{view_of("xyz")};
    EXPECT_EQ(server_->write_some(answer).value(), 3U);
  });
  EXPECT_EQ(read(*server_, 5).first, "abcde");
  EXPECT_EQ(read(*client_, 3).first, "xyz");
  on_loop([this] {
    EXPECT_THAT(client_->remote(), StartsWith("127.0.0.1:"));
    EXPECT_EQ(client_->remote(), layer_->local_address().value);
  });
}

TEST_F(Tcp, ReadsNothingWhereNothingIs) {
  connect();
  on_loop([this] {
    std::array<std::byte, 8> buffer = {};
    EXPECT_EQ(server_->read_some(buffer).value(), 0U);
    EXPECT_EQ(server_->read_some({}).value(), 0U);
  });
}

/// Writes pieces until `total` bytes are gone, whenever there is room.
class Writer {
 public:
  Writer(Stream& stream, std::string text) : stream_(stream), text_(std::move(text)) { write(); }
  bool waited() const { return waited_; }

 private:
  void write() {
    while (done_ < text_.size()) {
      std::vector<ByteView> pieces;
      for (std::size_t at = done_; at < text_.size() && pieces.size() < 700; at += 1000)
        pieces.push_back(view_of(std::string_view{text_}.substr(at, 1000)));
      const std::size_t taken = stream_.write_some(pieces).value();
      done_ += taken;
      if (taken > 0) continue;
      waited_ = true;
      return stream_.when_writable([this] { write(); });
    }
  }

  Stream& stream_;
  const std::string text_;
  std::size_t done_ = 0;
  bool waited_ = false;
};

// More than any socket buffer, in more pieces than one call takes: the writer has to wait for the
// reader, and nothing is lost or doubled where a write was cut.
TEST_F(Tcp, ALargeTransferSurvivesFullBuffers) {
  connect();
  std::string text;
  for (std::size_t number = 0; text.size() < 16'000'000; ++number)
    text += std::to_string(number) + " ";
  std::optional<Writer> writer;
  on_loop([&, this] { writer.emplace(*client_, text); });
  const auto [received, error] = read(*server_, text.size());
  EXPECT_FALSE(error);
  EXPECT_TRUE(received == text);
  on_loop([&] { EXPECT_TRUE(writer->waited()); });
}

TEST_F(Tcp, TheEndOfTheOtherSideIsAnErrorThatStays) {
  connect();
  on_loop([this] {
    const std::array<ByteView, 1> last{view_of("bye")};
    ASSERT_TRUE(client_->write_some(last));
    client_.reset();
  });
  const auto [text, error] = read(*server_, 100);
  EXPECT_EQ(text, "bye");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::peer_unreachable);
  EXPECT_THAT(error->detail, AllOf(HasSubstr("127.0.0.1:"), HasSubstr("closed by the other end")));
  std::promise<void> called_back;
  on_loop([&, this] {
    const std::array<ByteView, 1> more{view_of("x")};
    EXPECT_FALSE(server_->write_some(more));
    server_->when_readable([&] { called_back.set_value(); });
  });
  called_back.get_future().wait();
}

TEST_F(Tcp, ADestroyedStreamCallsNobodyBack) {
  connect();
  std::promise<void> later;
  bool called = false;
  on_loop([&, this] {
    server_->when_readable([&] { called = true; });
    server_->when_writable([&] { called = true; });
    server_.reset();
    runtime_->at_turn_end(
        [&, this] { runtime_->start_timer(runtime_->now(), [&] { later.set_value(); }); });
  });
  later.get_future().wait();
  on_loop([&] { EXPECT_FALSE(called); });
}

TEST_F(Tcp, ARefusedConnectionSaysSo) {
  auto gone = tcp_stream_layer(runtime_, {}).value();
  const std::string address = gone->local_address().value;
  gone.reset();
  const Error error = dial_error(address);
  EXPECT_EQ(error.code, Errc::peer_unreachable);
  EXPECT_THAT(error.detail,
              AllOf(HasSubstr("cannot connect to " + address + ": Connection refused"),
                    HasSubstr("is the server running")));
}

// 192.0.2.0/24 is reserved for documentation: nobody answers, or there is no way to it.
TEST_F(Tcp, ADialEndsAtItsLimit) {
  const Error error = dial_error("192.0.2.1:7000", std::chrono::milliseconds{1});
  EXPECT_EQ(error.code, Errc::peer_unreachable);
  EXPECT_THAT(error.detail, HasSubstr("cannot connect to 192.0.2.1:7000: "));
}

TEST_F(Tcp, AMalformedAddressIsADialErrorNotACrash) {
  EXPECT_THAT(dial_error("nonsense").detail, HasSubstr("has no port"));
}

TEST_F(Tcp, ANameThatDoesNotResolveSaysSo) {
  const Error error = dial_error("no-such-host.invalid:7000");
  EXPECT_EQ(error.code, Errc::peer_unreachable);
  EXPECT_THAT(error.detail, HasSubstr("no-such-host.invalid:7000: its host name cannot be"));
}

TEST_F(Tcp, AnAbandonedDialCallsNobodyBack) {
  bool called = false;
  std::promise<void> later;
  on_loop([&, this] {
    dialing_ = layer_->dial(layer_->local_address(), kLong, [&](auto) { called = true; });
    dialing_.reset();
    runtime_->start_timer(runtime_->now(), [&] { later.set_value(); });
  });
  later.get_future().wait();
  on_loop([&] { EXPECT_FALSE(called); });
}

TEST_F(Tcp, APortInUseIsAnErrorWithAHint) {
  const auto second = tcp_stream_layer(runtime_, {.bind = layer_->local_address().value});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::io_error);
  EXPECT_THAT(second.error().detail,
              AllOf(HasSubstr("cannot listen on " + layer_->local_address().value),
                    HasSubstr("Address already in use"), HasSubstr("choose another port")));
}

TEST_F(Tcp, AnAddressOfAnotherMachineCannotBeBound) {
  const auto layer = tcp_stream_layer(runtime_, {.bind = "192.0.2.1:0"});
  ASSERT_FALSE(layer);
  EXPECT_THAT(layer.error().detail, HasSubstr("no interface of this machine"));
}

// Reference §6.13.
TEST_F(Tcp, EveryInterfaceNeedsAnAdvertisedAddress) {
  for (const char* every : {"0.0.0.0:0", "[::]:0", ":0"}) {
    const auto layer = tcp_stream_layer(runtime_, {.bind = every});
    ASSERT_FALSE(layer) << every;
    EXPECT_EQ(layer.error().code, Errc::invalid_config);
    EXPECT_THAT(layer.error().detail, HasSubstr("local bind address is not advertisable"));
  }
  EXPECT_FALSE(tcp_stream_layer(runtime_, {.bind = ":0", .advertise = "0.0.0.0:7000"}));

  const auto named = tcp_stream_layer(runtime_, {.bind = ":0", .advertise = "a.example:7000"});
  ASSERT_TRUE(named);
  EXPECT_EQ((*named)->local_address().value, "a.example:7000");
  const auto bound = tcp_stream_layer(runtime_, {.bind = ":0", .advertise = "10.0.0.1:0"});
  ASSERT_TRUE(bound);
  EXPECT_THAT((*bound)->local_address().value, StartsWith("10.0.0.1:"));
  EXPECT_NE((*bound)->local_address().value, "10.0.0.1:0");
}

TEST_F(Tcp, MoreConnectionsThanAllowedAreClosed) {
  on_loop([this] { layer_.reset(); });
  layer_ = tcp_stream_layer(runtime_, {.connections_max = 1}).value();
  connect();
  std::promise<void> connected;
  std::unique_ptr<Stream> second;
  on_loop([&, this] {
    dialing_ = layer_->dial(layer_->local_address(), kLong, [&](auto stream) {
      second = std::move(stream).value();
      connected.set_value();
    });
  });
  connected.get_future().wait();
  EXPECT_TRUE(read(*second, 1).second);
  on_loop([&, this] {
    readers_.clear();
    second.reset();
  });
}

TEST(HostPortText, IsReadInEveryForm) {
  EXPECT_EQ(parse_host_port("a.example:7000").value(), (HostPort{"a.example", 7000}));
  EXPECT_EQ(parse_host_port("[::1]:7000").value(), (HostPort{"::1", 7000}));
  EXPECT_EQ(parse_host_port(":7000").value(), (HostPort{"", 7000}));
  EXPECT_EQ(to_string(HostPort{"::1", 7000}), "[::1]:7000");
}

TEST(HostPortText, ThatIsNoneSaysWhatToWrite) {
  for (const char* text : {"", "a", "a:", "a:x", "a:70000", "a:-1", "::1:7000", "[::1:7000"}) {
    const auto parsed = parse_host_port(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::invalid_config);
    EXPECT_THAT(parsed.error().detail, HasSubstr("write host:port"));
  }
}

}  // namespace
}  // namespace proa
