#include "kv/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "kv/detail/byte_writer.hpp"

namespace proa::kv {
namespace {

using testing::HasSubstr;

std::string hex(ByteView bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

// What stands in logs already written: a change here needs a new version.
TEST(CommandEncoding, IsTheseBytes) {
  const ByteView k = view_of("k");
  const ByteView v = view_of("vv");
  EXPECT_EQ(hex(encode_command(SetCommand{.key = k, .value = v})), "010000016b027676");
  EXPECT_EQ(hex(encode_command(SetCommand{
                .key = k, .value = v, .when = SetWhen::present, .reply_old_value = true})),
            "010006016b027676");
  EXPECT_EQ(hex(encode_command(DeleteCommand{.keys = {k, v}})), "010102016b027676");
  EXPECT_EQ(hex(encode_command(AddCommand{.key = k, .by = -2})), "0102016bfeffffffffffffff");
  EXPECT_EQ(hex(encode_command(AppendCommand{.key = k, .value = v})), "0103016b027676");
  EXPECT_EQ(hex(encode_command(SetManyCommand{.pairs = {{k, v}, {v, {}}}})),
            "010402016b02767602767600");
  EXPECT_EQ(hex(encode_command(TransactionCommand{
                .steps = {AddCommand{.key = k, .by = 1},
                          QueryStep{.kind = QueryKind::exists, .keys = {k, v}}}})),
            "01050202016b0100000000000000820201"
            "6b027676");
}

TEST(CommandEncoding, GivesBackWhatWasEncoded) {
  EXPECT_TRUE(rc::check([](const std::string& key, const std::string& text, std::int64_t by) {
    const ByteView k = view_of(key);
    const ByteView v = view_of(text);
    const std::vector<Command> commands = {
        SetCommand{.key = k, .value = v, .when = SetWhen::missing},
        DeleteCommand{.keys = {k, v}},
        AddCommand{.key = k, .by = by},
        AppendCommand{.key = k, .value = v},
        SetManyCommand{.pairs = {{k, v}, {v, k}}},
        TransactionCommand{.steps = {AddCommand{.key = k, .by = by}, QueryStep{.keys = {v}},
                                     SetCommand{.key = v, .value = k}}}};
    for (const Command& command : commands) {
      const SharedBytes bytes = encode_command(command);
      const auto decoded = decode_command(bytes);
      RC_ASSERT(decoded.has_value());
      RC_ASSERT(encode_command(*decoded) == bytes);
      RC_ASSERT(decoded->index() == command.index());
    }
  }));
}

TEST(CommandEncoding, OfANewerVersionIsToldFromDamage) {
  const auto newer = decode_command(view_of(std::string_view{"\x02\x00", 2}));
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, Errc::unsupported_protocol);
  EXPECT_THAT(newer.error().detail, HasSubstr("version 2"));

  const auto unknown = decode_command(view_of(std::string_view{"\x01\x63", 2}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::unsupported_protocol);
  EXPECT_THAT(unknown.error().detail, HasSubstr("command 99"));

  for (const std::string_view bytes :
       {std::string_view{""}, std::string_view{"\0", 1}, std::string_view{"\1\0\x08\1k\1v", 7},
        std::string_view{"\1\0\3\1k\1v", 7}, std::string_view{"\1\0\0\1k\1v!", 8},
        std::string_view{"\1\0\0\1k\2v", 7}, std::string_view{"\1\2\1k", 4},
        std::string_view{"\1\5\1\x80\2\1k\1k", 8}}) {
    const auto decoded = decode_command(view_of(bytes));
    ASSERT_FALSE(decoded) << hex(view_of(bytes));
    EXPECT_EQ(decoded.error().code, Errc::corrupt) << decoded.error().detail;
  }
}

TEST(CommandEncoding, TransactionsDoNotNest) {
  const auto nested = decode_command(view_of(std::string_view{"\1\5\1\5\0", 5}));
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().code, Errc::unsupported_protocol);
}

// A count costs nothing before the keys it promises are there.
TEST(CommandEncoding, LengthsBeyondTheirLimitAreRefused) {
  ByteWriter many;
  many.raw(view_of("\1\1"));
  many.number(std::uint64_t{1} << 40);
  EXPECT_FALSE(decode_command(many.view()));

  ByteWriter long_key;
  long_key.raw(view_of(std::string_view{"\1\0\0", 3}));
  long_key.string(view_of(std::string(65537, 'k')));
  long_key.string(view_of("v"));
  EXPECT_FALSE(decode_command(long_key.view()));

  const auto needless_zero = decode_command(view_of(std::string_view{"\1\0\0\x81\0k\1v", 8}));
  ASSERT_FALSE(needless_zero);
  EXPECT_THAT(needless_zero.error().detail, HasSubstr("needless"));
}

TEST(CommandEncoding, RandomBytesNeverHarm) {
  EXPECT_TRUE(rc::check([](std::vector<std::uint8_t> bytes) {
    if (!bytes.empty()) bytes[0] = 1;
    if (bytes.size() > 1) bytes[1] %= 7;
    const auto decoded = decode_command(std::as_bytes(std::span{bytes}));
    if (decoded) RC_ASSERT(decoded->index() == bytes[1]);
  }));
}

}  // namespace
}  // namespace proa::kv
