#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <optional>

#include "proa/wire/hex.hpp"
#include "proa/wire/msgpack_reader.hpp"
#include "proa/wire/msgpack_writer.hpp"
#include "proa/wire/time_codec.hpp"
#include "proa/wire/value_scanner.hpp"

namespace proa::wire {
namespace {

std::string written(const std::function<void(MsgpackWriter&)>& write) {
  MsgpackWriter out;
  write(out);
  return to_hex(text_of(ByteView{out.bytes()}));
}

std::string unsigned_hex(std::uint64_t value) {
  return written([&](MsgpackWriter& out) { out.unsigned_number(value); });
}

std::string signed_hex(std::int64_t value) {
  return written([&](MsgpackWriter& out) { out.signed_number(value); });
}

// Reference §6.3 and §6.5, V14.
TEST(MsgpackWriter, WritesUnsignedNumbersInTheirShortestForm) {
  EXPECT_EQ(unsigned_hex(0), "00");
  EXPECT_EQ(unsigned_hex(127), "7f");
  EXPECT_EQ(unsigned_hex(128), "cc80");
  EXPECT_EQ(unsigned_hex(255), "ccff");
  EXPECT_EQ(unsigned_hex(256), "cd0100");
  EXPECT_EQ(unsigned_hex(65535), "cdffff");
  EXPECT_EQ(unsigned_hex(65536), "ce00010000");
  EXPECT_EQ(unsigned_hex(0xffffffff), "ceffffffff");
  EXPECT_EQ(unsigned_hex(0x100000000), "cf0000000100000000");
  EXPECT_EQ(unsigned_hex(UINT64_MAX), "cfffffffffffffffff");
}

// Reference §6.3: positive signed numbers never use the unsigned formats, nor d0.
TEST(MsgpackWriter, WritesSignedNumbersInSignedFormats) {
  EXPECT_EQ(signed_hex(127), "7f");
  EXPECT_EQ(signed_hex(128), "d10080");
  EXPECT_EQ(signed_hex(200), "d100c8");
  EXPECT_EQ(signed_hex(32767), "d17fff");
  EXPECT_EQ(signed_hex(32768), "d200008000");
  EXPECT_EQ(signed_hex(std::int64_t{1} << 31), "d30000000080000000");
  EXPECT_EQ(signed_hex(-1), "ff");
  EXPECT_EQ(signed_hex(-32), "e0");
  EXPECT_EQ(signed_hex(-33), "d0df");
  EXPECT_EQ(signed_hex(-128), "d080");
  EXPECT_EQ(signed_hex(-129), "d1ff7f");
  EXPECT_EQ(signed_hex(-32769), "d2ffff7fff");
  EXPECT_EQ(signed_hex(INT64_MIN), "d38000000000000000");
}

// Reference §6.3: the old raw family only, never str8 nor bin.
TEST(MsgpackWriter, WritesStringsInTheOldRawFamily) {
  const auto head = [](std::size_t size) {
    return written([&](MsgpackWriter& out) { out.string_header(size); });
  };
  EXPECT_EQ(head(0), "a0");
  EXPECT_EQ(head(31), "bf");
  EXPECT_EQ(head(32), "da0020");
  EXPECT_EQ(head(255), "da00ff");
  EXPECT_EQ(head(65535), "daffff");
  EXPECT_EQ(head(65536), "db00010000");
  EXPECT_EQ(written([](MsgpackWriter& out) { out.string({}); }), "c0");
}

TEST(MsgpackWriter, WritesContainersInTheirShortestForm) {
  const auto array = [](std::size_t size) {
    return written([&](MsgpackWriter& out) { out.array_header(size); });
  };
  EXPECT_EQ(array(15), "9f");
  EXPECT_EQ(array(16), "dc0010");
  EXPECT_EQ(array(65536), "dd00010000");
  EXPECT_EQ(written([](MsgpackWriter& out) { out.map_header(16); }), "de0010");
}

struct Bytes {
  explicit Bytes(std::string_view hex) : text(bytes_from_hex(hex)) {}
  MsgpackReader reader() const { return MsgpackReader{view_of(text)}; }
  std::string text;
};

std::optional<std::uint64_t> read_unsigned(std::string_view hex) {
  const Bytes bytes{hex};
  MsgpackReader in = bytes.reader();
  std::uint64_t value = 0;
  if (!in.unsigned_number(value)) return std::nullopt;
  EXPECT_EQ(in.position(), bytes.text.size());
  return value;
}

std::optional<std::int64_t> read_signed(std::string_view hex) {
  const Bytes bytes{hex};
  MsgpackReader in = bytes.reader();
  std::int64_t value = 0;
  if (!in.signed_number(value)) return std::nullopt;
  return value;
}

// Reference §6.4.
TEST(MsgpackReader, TakesUnsignedNumbersInEveryFormatThatHoldsThem) {
  for (const char* five : {"05", "cc05", "cd0005", "ce00000005", "cf0000000000000005", "d005",
                           "d10005", "d200000005", "d30000000000000005"}) {
    EXPECT_EQ(read_unsigned(five), 5U) << five;
  }
  EXPECT_EQ(read_unsigned("c0"), 0U);
  EXPECT_EQ(read_unsigned("cfffffffffffffffff"), UINT64_MAX);
  for (const char* wrong : {"ff", "d080", "d3fffffffffffffffe", "c3", "a135", "cb4014000000000000",
                            "90", "80", "c1", "d40500"}) {
    EXPECT_EQ(read_unsigned(wrong), std::nullopt) << wrong;
  }
}

// Reference §6.4: the model lets an unsigned number of 2^63 and more turn negative; we refuse it.
TEST(MsgpackReader, TakesSignedNumbersInEveryFormatThatHoldsThem) {
  EXPECT_EQ(read_signed("ff"), -1);
  EXPECT_EQ(read_signed("e0"), -32);
  EXPECT_EQ(read_signed("d0df"), -33);
  EXPECT_EQ(read_signed("ccff"), 255);
  EXPECT_EQ(read_signed("cf7fffffffffffffff"), INT64_MAX);
  EXPECT_EQ(read_signed("d38000000000000000"), INT64_MIN);
  EXPECT_EQ(read_signed("c0"), 0);
  EXPECT_EQ(read_signed("cf8000000000000000"), std::nullopt);
  EXPECT_EQ(read_signed("cb4014000000000000"), std::nullopt);
}

TEST(MsgpackReader, SaysWhetherMoreBytesCouldHelp) {
  for (const char* cut : {"", "cd", "cd00", "cf00000000000000"}) {
    const Bytes bytes{cut};
    MsgpackReader in = bytes.reader();
    std::uint64_t value = 0;
    EXPECT_FALSE(in.unsigned_number(value)) << cut;
    EXPECT_TRUE(in.incomplete()) << cut;
  }
  const Bytes wrong{"a0"};
  MsgpackReader in = wrong.reader();
  std::uint64_t value = 0;
  EXPECT_FALSE(in.unsigned_number(value));
  EXPECT_FALSE(in.incomplete());
  EXPECT_FALSE(in.error().empty());
}

// Reference §6.4: a byte string may come as an array of numbers, or as a map of them.
TEST(MsgpackReader, TakesByteStringsAndTellsAbsentFromEmpty) {
  for (const char* hi : {"a26869", "d9026869", "da00026869", "db000000026869", "c4026869",
                         "c500026869", "c6000000026869", "926869", "dc00026869", "816869"}) {
    const Bytes bytes{hi};
    MsgpackReader in = bytes.reader();
    ByteView value;
    ASSERT_TRUE(in.bytes(value)) << hi;
    EXPECT_EQ(text_of(value), "hi") << hi;
  }
  const Bytes absent{"c0"};
  const Bytes empty{"a0"};
  ByteView value = view_of(std::string_view{"before"});
  MsgpackReader of_absent = absent.reader();
  ASSERT_TRUE(of_absent.bytes(value));
  EXPECT_EQ(value.data(), nullptr);
  MsgpackReader of_empty = empty.reader();
  ASSERT_TRUE(of_empty.bytes(value));
  EXPECT_NE(value.data(), nullptr);
  EXPECT_TRUE(value.empty());
  const Bytes map{"816869"};
  MsgpackReader of_map = map.reader();
  EXPECT_FALSE(of_map.text(value)) << "a text is no map";
}

std::optional<WallTime> read_time(std::string_view hex) {
  const Bytes bytes{hex};
  MsgpackReader in = bytes.reader();
  WallTime value;
  if (!in.time(value)) return std::nullopt;
  return value;
}

TEST(MsgpackReader, TakesTimesOfBothForms) {
  const WallTime utc{.unix_seconds = 1735689600, .nanoseconds = 123456789};
  EXPECT_EQ(read_time("af010000000edf067c80075bcd15ffff"), utc);
  EXPECT_EQ(read_time("a81d6f345467748580"), utc);
  EXPECT_EQ(read_time("d7ff1d6f345467748580"), utc);
  EXPECT_EQ(read_time("c70cff075bcd150000000067748580"), utc);
  EXPECT_EQ(read_time("c0"), WallTime{});
  EXPECT_EQ(read_time("d90f010000000edf067c80075bcd15ffff"), std::nullopt) << "only in a fixstr";
  EXPECT_EQ(read_time("d60567748580"), std::nullopt) << "another extension";
  // Nanoseconds beyond a second are carried over, at the very end of time without harm.
  EXPECT_EQ(read_time("ac3b9aca01ffffffffffffffff"),
            (WallTime{.unix_seconds = 0, .nanoseconds = 1}));
  EXPECT_TRUE(read_time("acffffffff7fffffffffffffff"));
}

TEST(TimeCodec, ReadsBackEveryZoneItWrites) {
  for (const std::int32_t zone :
       {0, 60, -3600, 19800, 19830, -10830, 59, -59, -120, WallTime::kExplicitUtc}) {
    const WallTime time{.unix_seconds = -1, .nanoseconds = 999999999, .zone_seconds = zone};
    const BinaryTime encoded = encode_binary_time(time);
    WallTime decoded;
    ASSERT_TRUE(decode_binary_time(ByteView{encoded.bytes, encoded.size}, decoded)) << zone;
    EXPECT_EQ(decoded, time) << zone;
  }
}

// Minute -1 stands for UTC, and there are 16 bits of minutes: such a zone has no form of its own.
TEST(TimeCodec, TellsAZoneThatHasNoFormInUtc) {
  for (const std::int32_t zone : {-60, -61, -119, 32768 * 60, INT32_MAX}) {
    const BinaryTime encoded = encode_binary_time({.unix_seconds = 5, .zone_seconds = zone});
    WallTime decoded;
    ASSERT_TRUE(decode_binary_time(ByteView{encoded.bytes, encoded.size}, decoded)) << zone;
    EXPECT_EQ(decoded, (WallTime{.unix_seconds = 5})) << zone;
  }
}

// A zone is 16 bits of minutes and 8 of seconds, which together tell some that have no form.
TEST(TimeCodec, ReadsAZoneThatCannotBeWrittenAsUtc) {
  for (const char* zone : {"ffff ff", "ffff 05", "0000 9c", "8000 80"}) {
    const std::string bytes = bytes_from_hex("02 0000000edf067c80 075bcd15" + std::string{zone});
    WallTime decoded;
    ASSERT_TRUE(decode_binary_time(view_of(bytes), decoded)) << zone;
    const BinaryTime encoded = encode_binary_time(decoded);
    WallTime again;
    ASSERT_TRUE(decode_binary_time(ByteView{encoded.bytes, encoded.size}, again)) << zone;
    EXPECT_EQ(decoded, again) << zone;
  }
}

std::string nested(std::size_t depth) { return std::string(depth - 1, '\x91') + '\x90'; }

// Reference §6.2: a nesting of 1024 containers is too deep, whatever is around them.
TEST(MsgpackReader, SkipsValuesNestedLessThan1024Deep) {
  for (const std::size_t around : {std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    const std::string deepest = nested(1023 - around);
    MsgpackReader in{view_of(deepest), around};
    EXPECT_TRUE(in.skip()) << in.error();
    const std::string too_deep = nested(1024 - around);
    MsgpackReader beyond{view_of(too_deep), around};
    EXPECT_FALSE(beyond.skip());
    EXPECT_FALSE(beyond.incomplete());
  }
}

TEST(MsgpackReader, SkipsEveryKindOfValueAndNothingElse) {
  for (const char* value : {"05",
                            "ff",
                            "c0",
                            "c2",
                            "c3",
                            "ca00000000",
                            "cb0000000000000000",
                            "cc01",
                            "cd0001",
                            "ce00000001",
                            "cf0000000000000001",
                            "d001",
                            "d10001",
                            "d200000001",
                            "d30000000000000001",
                            "a161",
                            "d90161",
                            "da000161",
                            "db0000000161",
                            "c40161",
                            "c5000161",
                            "c60000000161",
                            "9101",
                            "dc000101",
                            "dd0000000101",
                            "810102",
                            "de00010102",
                            "df000000010102",
                            "d40500",
                            "d5050000",
                            "d60500000000",
                            "d7050000000000000000",
                            "d80500000000000000000000000000000000",
                            "c7020500ff",
                            "c8000105ff",
                            "c90000000105ff",
                            "d6ff00000000"}) {
    const Bytes bytes{value};
    MsgpackReader in = bytes.reader();
    EXPECT_TRUE(in.skip()) << value;
    EXPECT_EQ(in.position(), bytes.text.size()) << value;
  }
  for (const char* wrong : {"c1", "91c1", "d4ff00", "c703ff000000"}) {
    const Bytes bytes{wrong};
    MsgpackReader in = bytes.reader();
    EXPECT_FALSE(in.skip()) << wrong;
    EXPECT_FALSE(in.incomplete()) << wrong;
  }
}

TEST(ValueScanner, FindsTheSameEndHoweverTheBytesArrive) {
  const std::string bytes =
      bytes_from_hex("82 a161 93 01 a3787878 c0 a162 81 05 dc0002 c2 c3") + nested(1000) + "rest";
  const std::size_t end = bytes.size() - 4;
  for (std::size_t step = 1; step < 20; ++step) {
    ValueScanner scanner{{.values = 2}};
    std::size_t size = 0;
    auto outcome = ValueScanner::Outcome::incomplete;
    while (outcome == ValueScanner::Outcome::incomplete) {
      ASSERT_LE(scanner.position(), end);
      size = std::min(size + step, bytes.size());
      outcome = scanner.scan(view_of(bytes).first(size));
    }
    EXPECT_EQ(outcome, ValueScanner::Outcome::complete);
    EXPECT_EQ(scanner.position(), end);
  }
}

TEST(ValueScanner, KnowsHowManyBytesAStringWillHave) {
  const std::string begun = bytes_from_hex("91 db40000000 61");
  ValueScanner scanner{{}};
  EXPECT_EQ(scanner.scan(view_of(begun)), ValueScanner::Outcome::incomplete);
  EXPECT_EQ(scanner.position(), 6 + std::size_t{0x40000000});
}

}  // namespace
}  // namespace proa::wire
