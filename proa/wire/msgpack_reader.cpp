#include "proa/wire/msgpack_reader.hpp"

#include <array>
#include <limits>

#include "proa/wire/time_codec.hpp"
#include "proa/wire/value_scanner.hpp"

namespace proa::wire {
namespace {

using Type = Token::Type;

/// What a first byte from c0 to df says: how many bytes of number follow it, or a number it
/// implies.
struct Shape {
  Type type = Type::never_used;
  std::uint8_t number_bytes = 0;
  std::uint8_t number = 0;
  bool is_signed = false;
};

constexpr std::array<Shape, 32> kShapes{{
    {Type::nil},
    {Type::never_used},
    {Type::boolean, 0, 0},
    {Type::boolean, 0, 1},
    {Type::string, 1},
    {Type::string, 2},
    {Type::string, 4},
    {Type::extension, 1},
    {Type::extension, 2},
    {Type::extension, 4},
    {Type::floating, 4},
    {Type::floating, 8},
    {Type::integer, 1},
    {Type::integer, 2},
    {Type::integer, 4},
    {Type::integer, 8},
    {Type::integer, 1, 0, true},
    {Type::integer, 2, 0, true},
    {Type::integer, 4, 0, true},
    {Type::integer, 8, 0, true},
    {Type::extension, 0, 1},
    {Type::extension, 0, 2},
    {Type::extension, 0, 4},
    {Type::extension, 0, 8},
    {Type::extension, 0, 16},
    {Type::string, 1},
    {Type::string, 2},
    {Type::string, 4},
    {Type::array, 2},
    {Type::array, 4},
    {Type::map, 2},
    {Type::map, 4},
}};

Token short_token(std::uint8_t tag) {
  if (tag <= 0x7f) return {.type = Type::integer, .tag = tag, .number = tag};
  if (tag <= 0x8f) return {.type = Type::map, .tag = tag, .number = tag & 0x0fU};
  if (tag <= 0x9f) return {.type = Type::array, .tag = tag, .number = tag & 0x0fU};
  if (tag <= 0xbf) return {.type = Type::string, .tag = tag, .number = tag & 0x1fU};
  return {.type = Type::integer,
          .tag = tag,
          .negative = true,
          .number = static_cast<std::uint64_t>(std::int64_t{tag} - 0x100)};
}

void extend_sign(Token& token, unsigned bytes) {
  const std::uint64_t sign = std::uint64_t{1} << (8 * bytes - 1);
  token.negative = (token.number & sign) != 0;
  if (token.negative) token.number |= ~(sign - 1);
}

}  // namespace

std::size_t read_token(ByteView input, Token& token) {
  if (input.empty()) return 0;
  const auto tag = static_cast<std::uint8_t>(input[0]);
  if (tag < 0xc0 || tag >= 0xe0) {
    token = short_token(tag);
    return 1;
  }
  const Shape& shape = kShapes[tag - 0xc0U];
  const bool is_extension = shape.type == Type::extension;
  const std::size_t size = std::size_t{1} + shape.number_bytes + (is_extension ? 1 : 0);
  if (input.size() < size) return 0;
  token = {.type = shape.type, .tag = tag, .number = shape.number};
  if (shape.number_bytes > 0) token.number = big_endian(input.subspan(1, shape.number_bytes));
  if (shape.is_signed) extend_sign(token, shape.number_bytes);
  if (is_extension) token.extension = static_cast<std::uint8_t>(input[size - 1]);
  return size;
}

bool MsgpackReader::malformed(const std::string& what) {
  error_ = "msgpack decode error [pos " + std::to_string(at_) + "]: " + what;
  return false;
}

bool MsgpackReader::token(Token& token) {
  const std::size_t size = read_token(rest(), token);
  at_ += size;
  incomplete_ = size == 0;
  return size != 0;
}

bool MsgpackReader::take(std::uint64_t count, ByteView& bytes) {
  if (input_.size() - at_ < count) {
    incomplete_ = true;
    return false;
  }
  bytes = input_.subspan(at_, static_cast<std::size_t>(count));
  at_ += bytes.size();
  return true;
}

bool MsgpackReader::unsigned_number(std::uint64_t& value, std::uint64_t most) {
  Token head;
  if (!token(head)) return false;
  if (head.type != Type::integer && head.type != Type::nil) {
    return malformed("an unsigned number cannot begin with byte " + std::to_string(head.tag));
  }
  if (head.negative) return malformed("a negative number where an unsigned one belongs");
  if (head.number > most) {
    return malformed(std::to_string(head.number) + " is above " + std::to_string(most));
  }
  value = head.number;
  return true;
}

bool MsgpackReader::signed_number(std::int64_t& value) {
  Token head;
  if (!token(head)) return false;
  if (head.type != Type::integer && head.type != Type::nil) {
    return malformed("a number cannot begin with byte " + std::to_string(head.tag));
  }
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!head.negative && head.number > kMost) {
    return malformed(std::to_string(head.number) + " does not fit a signed number");
  }
  value = static_cast<std::int64_t>(head.number);
  return true;
}

bool MsgpackReader::boolean(bool& value) {
  Token head;
  if (!token(head)) return false;
  const bool is_zero_or_one = head.tag <= 0x01;
  if (head.type != Type::boolean && head.type != Type::nil && !is_zero_or_one) {
    return malformed("a boolean cannot begin with byte " + std::to_string(head.tag));
  }
  value = head.number != 0;
  return true;
}

// Each number is one byte of the string.
bool MsgpackReader::numbers(std::uint64_t values, ByteView& value) {
  std::vector<std::byte> bytes;
  for (; values > 0; --values) {
    std::uint64_t one = 0;
    if (!unsigned_number(one, 0xff)) return false;
    bytes.push_back(static_cast<std::byte>(one));
  }
  owned_.push_back(SharedBytes::take(std::move(bytes)));
  value = owned_.back().view();
  return true;
}

bool MsgpackReader::string_of(const Token& head, ByteView& value) {
  if (head.type == Type::string) return take(head.number, value);
  if (head.is_container()) return numbers(head.values_inside(), value);
  return malformed("a string cannot begin with byte " + std::to_string(head.tag));
}

bool MsgpackReader::bytes(ByteView& value) {
  Token head;
  if (!token(head)) return false;
  if (head.type != Type::nil) return string_of(head, value);
  value = {};
  return true;
}

bool MsgpackReader::text(ByteView& value) {
  Token head;
  if (!token(head)) return false;
  if (head.type == Type::map) return malformed("a map where a text belongs");
  if (head.type != Type::nil) return string_of(head, value);
  value = view_of(std::string_view{""});
  return true;
}

bool MsgpackReader::key(std::string_view& value) {
  Token head;
  if (!token(head)) return false;
  if (head.type != Type::string || head.number == 0) return malformed("a key that is no name");
  ByteView name;
  if (!take(head.number, name)) return false;
  value = text_of(name);
  return true;
}

bool MsgpackReader::enter(Container& value) {
  Token head;
  if (!token(head)) return false;
  if (!head.is_container() && head.type != Type::nil) {
    return malformed("neither map nor array nor nil, but byte " + std::to_string(head.tag));
  }
  value = {.type = head.type, .values = head.values_inside()};
  ++nesting_;
  return true;
}

bool MsgpackReader::time_bytes(const Token& head, ByteView& bytes) {
  if (head.type == Type::string) return take(head.number, bytes);
  const bool is_time =
      head.extension == kTimeExtension && ((head.tag == 0xd6) || (head.tag == 0xd7) ||
                                           (head.tag == 0xc7 && head.number == kTimeBytesMax));
  if (head.type != Type::extension || !is_time) {
    return malformed("a time cannot begin with byte " + std::to_string(head.tag));
  }
  return take(head.number, bytes);
}

bool MsgpackReader::time(WallTime& value) {
  Token head;
  if (!token(head)) return false;
  value = {};
  if (head.type == Type::nil) return true;
  ByteView bytes;
  if (!time_bytes(head, bytes)) return false;
  const bool in_short_string = head.tag >= 0xa0 && head.tag <= 0xbf;
  if (in_short_string && decode_binary_time(bytes, value)) return true;
  if (decode_timestamp(bytes, value)) return true;
  return malformed("a time of " + std::to_string(bytes.size()) + " bytes");
}

bool MsgpackReader::skip() {
  ValueScanner scanner{{.values = 1, .nesting = nesting_}};
  switch (scanner.scan(rest())) {
    case ValueScanner::Outcome::complete:
      at_ += scanner.position();
      return true;
    case ValueScanner::Outcome::incomplete:
      incomplete_ = true;
      return false;
    case ValueScanner::Outcome::malformed:
      at_ += scanner.position();
      return malformed(scanner.error());
  }
  return false;
}

}  // namespace proa::wire
