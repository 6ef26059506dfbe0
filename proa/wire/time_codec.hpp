#pragma once

#include <cstddef>
#include <cstdint>

#include "proa/base/bytes.hpp"
#include "proa/base/time.hpp"

namespace proa::wire {

inline constexpr std::uint8_t kTimeExtension = 0xff;
inline constexpr std::size_t kTimeBytesMax = 12;  ///< of a msgpack timestamp

constexpr bool is_timestamp_size(std::uint64_t bytes) {
  return bytes == 4 || bytes == 8 || bytes == kTimeBytesMax;
}

inline std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes)
    value = value << 8 | static_cast<std::uint64_t>(byte);
  return value;
}

/// Go's binary form of a time, 15 or 16 bytes (reference §6.3). False: it is none.
bool decode_binary_time(ByteView bytes, WallTime& value);

/// A msgpack timestamp of 4, 8 or 12 bytes, always UTC. False: it is none.
bool decode_timestamp(ByteView bytes, WallTime& value);

/// A time in Go's binary form. What lies outside its zones is told in UTC.
struct BinaryTime {
  std::byte bytes[16] = {};
  std::uint8_t size = 0;
};
BinaryTime encode_binary_time(const WallTime& time);

}  // namespace proa::wire
