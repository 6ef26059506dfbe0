#include "proa/transport/call_frames.hpp"

#include <gtest/gtest.h>

#include "proa/transport/call_codec.hpp"

namespace proa {
namespace {

TEST(CallHello, ReadsAsWrittenAndWaitsForItsLastByte) {
  const CallHello hello{.features = 0x8001, .id = {"n1#77"}, .group = "g"};
  const SharedBytes bytes = encode(hello);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = decode_hello(bytes.view().first(size));
    ASSERT_TRUE(part) << size;
    EXPECT_FALSE(part->has_value()) << size;
  }
  const auto whole = decode_hello(bytes);
  ASSERT_TRUE(whole && *whole);
  EXPECT_EQ((*whole)->hello, hello);
  EXPECT_EQ((*whole)->bytes, bytes.size());
}

TEST(CallHello, IsRefusedWhenItIsNoneOrContradictsItself) {
  EXPECT_FALSE(decode_hello(view_of("\xF0PROX")));
  EXPECT_FALSE(decode_hello(view_of("G")));
  EXPECT_FALSE(decode_hello(encode(CallHello{.version_min = 3, .version_max = 2})));
  std::vector<std::byte> long_one(9, std::byte{0xFF});
  const SharedBytes good = encode(CallHello{});
  std::copy_n(good.data(), 7, long_one.begin());
  EXPECT_FALSE(decode_hello(long_one));
}

TEST(CallHello, AgreesOnTheHighestVersionThatBothSpeak) {
  const CallHello old{.version_min = 1, .version_max = 2};
  EXPECT_EQ(common_version(old, {.version_min = 2, .version_max = 5}).value(), 2);
  EXPECT_EQ(common_version(old, old).value(), 2);
  const auto none = common_version(old, {.version_min = 3, .version_max = 5});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::unsupported_protocol);
}

TEST(CallFrame, ReadsAsWrittenAndIsBounded) {
  const CallFrame frame{
      .type = CallFrameType::answer, .kind = 7, .number = 1ULL << 40, .body_bytes = 1000};
  const SharedBytes bytes = encode(frame);
  ASSERT_EQ(bytes.size(), kCallFrameHeaderBytes);
  EXPECT_EQ(decode_frame(bytes, 1000).value(), frame);
  EXPECT_FALSE(decode_frame(bytes.view().first(15), 1000).value());
  const auto beyond = decode_frame(bytes, 999);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Errc::command_too_large);
}

TEST(CallFrame, IsRefusedWhenAFieldMakesNoSense) {
  const SharedBytes good = encode(CallFrame{.body_bytes = 1});
  for (const auto& [at, byte] : {std::pair{3, 0x0B}, std::pair{4, 0x00}, std::pair{4, 0x04},
                                 std::pair{6, 0x01}, std::pair{7, 0x01}}) {
    std::vector<std::byte> bytes{good.view().begin(), good.view().end()};
    bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(byte);
    EXPECT_FALSE(decode_frame(bytes, 1 << 20)) << at;
  }
}

TEST(CallCodec, ReadsAnErrorAsWrittenWithTheLeaderToAskInstead) {
  const Error error{.code = Errc::not_leader,
                    .outcome = Outcome::not_executed,
                    .leader = Server{.id = {"b"}, .address = {"10.0.0.2:7401"}},
                    .detail = "ask b"};
  CallWriter writer;
  encode(error, writer);
  const SharedBytes bytes = writer.take();
  CallReader reader{bytes};
  EXPECT_EQ(decode_error(reader), error);
  EXPECT_TRUE(reader.finish("an error"));
  EXPECT_EQ(reader.left(), 0U);
}

TEST(CallCodec, AnythingThatEndsTooEarlyIsAnError) {
  CallWriter writer;
  const SharedBytes bytes = writer.u64(1).text("abc").server({.id = {"a"}}).flag(true).take();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CallReader reader{bytes.view().first(size)};
    reader.u64();
    reader.text();
    reader.server();
    reader.flag();
    EXPECT_EQ(reader.finish("it").has_value(), size == bytes.size()) << size;
  }
}

}  // namespace
}  // namespace proa
