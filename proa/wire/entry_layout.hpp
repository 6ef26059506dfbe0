#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace proa::wire {

// The fixed parts of an entry as the model writes it, in their order (reference §6.3):
//
//   86 AppendedAt af 01 seconds(8) nanoseconds(4) zone(2)
//   Data c0|string  Extensions c0|string  Index number  Term number  Type number
//
// Each key comes with its head.
inline constexpr std::string_view kEntryStart =
    "\x86\xaa"
    "AppendedAt\xaf";
inline constexpr std::string_view kDataKey =
    "\xa4"
    "Data";
inline constexpr std::string_view kExtensionsKey =
    "\xaa"
    "Extensions";
inline constexpr std::string_view kIndexKey =
    "\xa5"
    "Index";
inline constexpr std::string_view kTermKey =
    "\xa4"
    "Term";
inline constexpr std::string_view kTypeKey =
    "\xa4"
    "Type";

template <class T>
T swap_bytes(T value) {
  if constexpr (sizeof(T) == 8) {
    return __builtin_bswap64(value);
  } else if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(value);
  } else if constexpr (sizeof(T) == 2) {
    return __builtin_bswap16(value);
  } else {
    return value;
  }
}

template <class T>
T load_big_endian(const std::byte* from) {
  T value = 0;
  std::memcpy(&value, from, sizeof(T));
  return std::endian::native == std::endian::little ? swap_bytes(value) : value;
}

template <class T>
void store_big_endian(std::byte* to, T value) {
  if (std::endian::native == std::endian::little) value = swap_bytes(value);
  std::memcpy(to, &value, sizeof(T));
}

}  // namespace proa::wire
