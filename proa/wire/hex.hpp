#pragma once

#include <string>
#include <string_view>

#include "proa/base/bytes.hpp"

namespace proa::wire {

// For tests: bytes as hexadecimal digits, blanks between them ignored.

inline std::string bytes_from_hex(std::string_view hex) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string bytes;
  std::size_t digits = 0;
  for (const char c : hex) {
    if (c == ' ') continue;
    const std::size_t digit = kDigits.find(c);
    PROA_ASSERT(digit != std::string_view::npos);
    if (digits++ % 2 == 0) {
      bytes.push_back(static_cast<char>(digit << 4U));
    } else {
      bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) | digit);
    }
  }
  PROA_ASSERT(digits % 2 == 0);
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 0xfU];
  }
  return hex;
}

}  // namespace proa::wire
