#include "kv/integer.hpp"

#include <charconv>
#include <system_error>

namespace proa::kv {

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto parsed = std::from_chars(begin, end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  const bool negative = text.front() == '-';
  const char first_digit = text[negative ? 1 : 0];
  if (first_digit == '0' && text.size() > 1) return std::nullopt;  // 007, -0
  return value;
}

std::optional<std::int64_t> add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

}  // namespace proa::kv
