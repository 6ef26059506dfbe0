#include "proa/wire/msgpack_reader.hpp"

#include <limits>

namespace proa::wire {
namespace {

constexpr std::size_t kDepthMax = 1024;
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;
constexpr unsigned kNil = 0xc0;

std::uint64_t number_in(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes)
    value = value << 8 | static_cast<std::uint64_t>(byte);
  return value;
}

bool fits_fixstr(unsigned tag) { return tag >= 0xa0 && tag <= 0xbf; }

}  // namespace

bool MsgpackReader::malformed(const std::string& what) {
  if (error_.empty()) {
    error_ = "msgpack decode error [pos " + std::to_string(at_) + "]: " + what;
  }
  return false;
}

bool MsgpackReader::take(std::size_t count, ByteView& bytes) {
  if (input_.size() - at_ < count) {
    incomplete_ = true;
    return false;
  }
  bytes = input_.subspan(at_, count);
  at_ += count;
  return true;
}

bool MsgpackReader::byte(unsigned& value) {
  ByteView bytes;
  if (!take(1, bytes)) return false;
  value = static_cast<unsigned>(bytes[0]);
  return true;
}

bool MsgpackReader::big_endian(std::size_t bytes, std::uint64_t& value) {
  ByteView taken;
  if (!take(bytes, taken)) return false;
  value = number_in(taken);
  return true;
}

bool MsgpackReader::integer(unsigned tag, std::uint64_t& bits, bool& negative, bool& is_integer) {
  is_integer = true;
  negative = false;
  if (tag <= 0x7f) {
    bits = tag;
    return true;
  }
  if (tag >= 0xe0) {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(tag) - 0x100);
    negative = true;
    return true;
  }
  if (tag >= 0xcc && tag <= 0xcf) return big_endian(std::size_t{1} << (tag - 0xcc), bits);
  if (tag >= 0xd0 && tag <= 0xd3) {
    const std::size_t bytes = std::size_t{1} << (tag - 0xd0);
    if (!big_endian(bytes, bits)) return false;
    const std::uint64_t sign = std::uint64_t{1} << (8 * bytes - 1);
    negative = (bits & sign) != 0;
    if (negative) bits |= ~(sign - 1);
    return true;
  }
  is_integer = false;
  return true;
}

bool MsgpackReader::unsigned_number(std::uint64_t& value, std::uint64_t most) {
  unsigned tag = 0;
  if (!byte(tag)) return false;
  if (tag == kNil) {
    value = 0;
    return true;
  }
  bool negative = false;
  bool is_integer = false;
  if (!integer(tag, value, negative, is_integer)) return false;
  if (!is_integer) return malformed("expected an unsigned number");
  if (negative) return malformed("negative value for an unsigned number");
  if (value > most) return malformed("unsigned number overflow");
  return true;
}

bool MsgpackReader::signed_number(std::int64_t& value) {
  unsigned tag = 0;
  if (!byte(tag)) return false;
  std::uint64_t bits = 0;
  bool negative = false;
  bool is_integer = true;
  if (tag != kNil && !integer(tag, bits, negative, is_integer)) return false;
  if (!is_integer) return malformed("expected a number");
  if (!negative && bits > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return malformed("signed number overflow");
  }
  value = static_cast<std::int64_t>(bits);
  return true;
}

bool MsgpackReader::boolean(bool& value) {
  unsigned tag = 0;
  if (!byte(tag)) return false;
  value = tag == 0xc3 || tag == 0x01;
  if (value || tag == 0xc2 || tag == 0x00 || tag == kNil) return true;
  return malformed("expected a boolean");
}

bool MsgpackReader::string_size(unsigned tag, std::size_t& size, bool& is_string) {
  is_string = true;
  std::uint64_t value = tag & 0x1f;
  if (fits_fixstr(tag)) {
    size = value;
    return true;
  }
  std::size_t bytes = 0;
  if (tag == 0xc4 || tag == 0xd9) bytes = 1;
  if (tag == 0xc5 || tag == 0xda) bytes = 2;
  if (tag == 0xc6 || tag == 0xdb) bytes = 4;
  is_string = bytes != 0;
  if (!is_string) return true;
  if (!big_endian(bytes, value)) return false;
  size = value;
  return true;
}

bool MsgpackReader::container_after(unsigned tag, Container& value, bool& is_container) {
  is_container = true;
  std::uint64_t size = tag & 0x0f;
  value.kind = Container::Kind::array;
  if (tag >= 0x90 && tag <= 0x9f) {
    value.values = size;
    return true;
  }
  if (tag == 0xdc || tag == 0xdd) {
    if (!big_endian(tag == 0xdc ? 2 : 4, size)) return false;
    value.values = size;
    return true;
  }
  value.kind = Container::Kind::map;
  if (tag == 0xde || tag == 0xdf) {
    if (!big_endian(tag == 0xde ? 2 : 4, size)) return false;
  } else if (tag < 0x80 || tag > 0x8f) {
    is_container = false;
  }
  value.values = 2 * size;
  return true;
}

bool MsgpackReader::container(Container& value) {
  unsigned tag = 0;
  if (!byte(tag)) return false;
  value = {};
  if (tag == kNil) return true;
  bool is_container = false;
  if (!container_after(tag, value, is_container)) return false;
  if (!is_container) return malformed("only encoded map or array can be decoded into a struct");
  return true;
}

bool MsgpackReader::list_of_bytes(std::size_t values, ByteView& value) {
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

bool MsgpackReader::string(ByteView& value) {
  unsigned tag = 0;
  if (!byte(tag)) return false;
  value = {};
  if (tag == kNil) return true;
  std::size_t size = 0;
  bool is_string = false;
  if (!string_size(tag, size, is_string)) return false;
  if (is_string) return take(size, value);
  Container list;
  bool is_container = false;
  if (!container_after(tag, list, is_container)) return false;
  if (!is_container) return malformed("expected a string");
  return list_of_bytes(list.values, value);
}

bool MsgpackReader::map_key(ByteView& value) {
  unsigned tag = 0;
  if (!byte(tag)) return false;
  std::size_t size = 0;
  bool is_string = false;
  if (!string_size(tag, size, is_string)) return false;
  if (!is_string) return malformed("a key that is no string");
  return take(size, value);
}

bool MsgpackReader::binary_time(ByteView bytes, WallTime& value) {
  const unsigned version = static_cast<unsigned>(bytes[0]);
  if (!(version == 1 && bytes.size() == 15) && !(version == 2 && bytes.size() == 16)) return false;
  value.unix_seconds = static_cast<std::int64_t>(
      number_in(bytes.subspan(1, 8)) + static_cast<std::uint64_t>(WallTime::kZeroSeconds));
  value.nanoseconds = static_cast<std::uint32_t>(number_in(bytes.subspan(9, 4)));
  const auto minutes = static_cast<std::int16_t>(number_in(bytes.subspan(13, 2)));
  const int seconds =
      version == 2 ? static_cast<std::int8_t>(static_cast<unsigned char>(bytes[15])) : 0;
  value.zone_seconds =
      minutes == -1 && version == 1 ? WallTime::kExplicitUtc : minutes * 60 + seconds;
  if (value.nanoseconds >= kNanosecondsPerSecond) {
    value.unix_seconds += value.nanoseconds / kNanosecondsPerSecond;
    value.nanoseconds %= kNanosecondsPerSecond;
  }
  return true;
}

bool MsgpackReader::new_time(ByteView bytes, WallTime& value) {
  std::uint64_t nanoseconds = 0;
  value = {};
  if (bytes.size() == 4) {
    value.unix_seconds = static_cast<std::int64_t>(number_in(bytes));
  } else if (bytes.size() == 8) {
    const std::uint64_t both = number_in(bytes);
    nanoseconds = both >> 34;
    value.unix_seconds = static_cast<std::int64_t>(both & 0x3ffffffff);
  } else if (bytes.size() == 12) {
    nanoseconds = number_in(bytes.first(4));
    value.unix_seconds = static_cast<std::int64_t>(number_in(bytes.subspan(4)));
  } else {
    return malformed(
        "invalid bytes for decoding time - expecting string or 4, 8, or 12 bytes, got " +
        std::to_string(bytes.size()));
  }
  value.unix_seconds = static_cast<std::int64_t>(static_cast<std::uint64_t>(value.unix_seconds) +
                                                 nanoseconds / kNanosecondsPerSecond);
  value.nanoseconds = static_cast<std::uint32_t>(nanoseconds % kNanosecondsPerSecond);
  return true;
}

bool MsgpackReader::time(WallTime& value) {
  unsigned tag = 0;
  if (!byte(tag)) return false;
  value = {};
  if (tag == kNil) return true;
  ByteView bytes;
  if (tag == 0xd6 || tag == 0xd7 || tag == 0xc7) {  // the timestamp extension in its three sizes
    const std::size_t size = tag == 0xd6 ? 4 : tag == 0xd7 ? 8 : 12;
    ByteView head;
    if (!take(tag == 0xc7 ? 2 : 1, head)) return false;
    const bool known = head.back() == std::byte{0xff} &&
                       (tag != 0xc7 || static_cast<std::size_t>(head.front()) == size);
    if (!known) return malformed("invalid stream for decoding time as extension");
    return take(size, bytes) && new_time(bytes, value);
  }
  std::size_t size = 0;
  bool is_string = false;
  if (!string_size(tag, size, is_string)) return false;
  if (!is_string) return malformed("expected a time");
  if (!take(size, bytes)) return false;
  if (fits_fixstr(tag) && !bytes.empty() && binary_time(bytes, value)) return true;
  return new_time(bytes, value);
}

/// What follows `tag`; `nested` values are then still to be skipped.
bool MsgpackReader::skip_payload(unsigned tag, std::size_t& nested) {
  ByteView ignored;
  std::uint64_t number = 0;
  bool negative = false;
  bool matched = false;
  nested = 0;
  if (tag == kNil || tag == 0xc2 || tag == 0xc3) return true;
  if (tag == 0xc1) return malformed("unrecognized descriptor byte c1");
  if (!integer(tag, number, negative, matched)) return false;
  if (matched) return true;
  std::size_t size = 0;
  if (!string_size(tag, size, matched)) return false;
  if (matched) return take(size, ignored);
  if (tag == 0xca || tag == 0xcb) return take(tag == 0xca ? 4 : 8, ignored);
  if (tag >= 0xd4 && tag <= 0xd8) return take((std::size_t{1} << (tag - 0xd4)) + 1, ignored);
  if (tag >= 0xc7 && tag <= 0xc9) {
    if (!big_endian(std::size_t{1} << (tag - 0xc7), number)) return false;
    return take(number + 1, ignored);
  }
  Container container;
  if (!container_after(tag, container, matched)) return false;
  nested = container.values;
  return true;
}

bool MsgpackReader::skip() {
  std::vector<std::size_t> open{1};  // values still to come, by depth
  while (!open.empty()) {
    if (open.back() == 0) {
      open.pop_back();
      continue;
    }
    --open.back();
    unsigned tag = 0;
    std::size_t nested = 0;
    if (!byte(tag) || !skip_payload(tag, nested)) return false;
    if (nested == 0) continue;
    if (open.size() > kDepthMax) return malformed("nested deeper than 1024");
    open.push_back(nested);
  }
  return true;
}

}  // namespace proa::wire
