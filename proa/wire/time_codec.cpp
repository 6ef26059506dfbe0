#include "proa/wire/time_codec.hpp"

#include <limits>

namespace proa::wire {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr auto kYearOne = static_cast<std::uint64_t>(WallTime::kZeroSeconds);
constexpr std::int32_t kSecondsPerMinute = 60;
constexpr std::int32_t kUtcMinutes = -1;  // stands for "explicitly UTC"

// Seconds wrap around as they do in the model; nothing depends on a time that far away.
void set(WallTime& time, std::uint64_t unix_seconds, std::uint64_t nanoseconds) {
  time.unix_seconds = static_cast<std::int64_t>(unix_seconds + nanoseconds / kNanosecondsPerSecond);
  time.nanoseconds = static_cast<std::uint32_t>(nanoseconds % kNanosecondsPerSecond);
}

void put(std::byte*& at, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;)
    *at++ = static_cast<std::byte>(value >> (8 * i));
}

/// Minute -1 stands for UTC, and there are 16 bits of minutes: other zones cannot be told.
bool has_form(std::int32_t zone_seconds) {
  const std::int32_t minutes = zone_seconds / kSecondsPerMinute;
  return minutes == static_cast<std::int16_t>(minutes) && minutes != kUtcMinutes;
}

}  // namespace

bool decode_binary_time(ByteView bytes, WallTime& value) {
  const bool plain = bytes.size() == 15 && bytes[0] == std::byte{1};
  const bool with_zone_seconds = bytes.size() == 16 && bytes[0] == std::byte{2};
  if (!plain && !with_zone_seconds) return false;
  set(value, big_endian(bytes.subspan(1, 8)) + kYearOne, big_endian(bytes.subspan(9, 4)));
  value.zone_seconds =
      static_cast<std::int16_t>(big_endian(bytes.subspan(13, 2))) * kSecondsPerMinute;
  if (with_zone_seconds) value.zone_seconds += static_cast<std::int8_t>(bytes[15]);
  if (!has_form(value.zone_seconds)) value.zone_seconds = WallTime::kExplicitUtc;
  return true;
}

bool decode_timestamp(ByteView bytes, WallTime& value) {
  value = {};
  if (bytes.size() == 4) {
    set(value, big_endian(bytes), 0);
  } else if (bytes.size() == 8) {
    const std::uint64_t both = big_endian(bytes);  // 30 bits of nanoseconds, 34 of seconds
    set(value, both & 0x3ffffffff, both >> 34);
  } else if (bytes.size() == kTimeBytesMax) {
    set(value, big_endian(bytes.subspan(4)), big_endian(bytes.first(4)));
  } else {
    return false;
  }
  return true;
}

BinaryTime encode_binary_time(const WallTime& time) {
  const bool is_told = time.zone_seconds != WallTime::kExplicitUtc && has_form(time.zone_seconds);
  const std::int32_t minutes = is_told ? time.zone_seconds / kSecondsPerMinute : kUtcMinutes;
  const std::int32_t seconds = is_told ? time.zone_seconds % kSecondsPerMinute : 0;
  BinaryTime encoded{.size = static_cast<std::uint8_t>(seconds == 0 ? 15 : 16)};
  std::byte* at = encoded.bytes;
  put(at, seconds == 0 ? 1 : 2, 1);
  put(at, static_cast<std::uint64_t>(time.unix_seconds) - kYearOne, 8);
  put(at, time.nanoseconds, 4);
  put(at, static_cast<std::uint64_t>(minutes), 2);
  if (seconds != 0) put(at, static_cast<std::uint64_t>(seconds), 1);
  return encoded;
}

}  // namespace proa::wire
