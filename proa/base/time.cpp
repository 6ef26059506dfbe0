#include "proa/base/time.hpp"

namespace proa {
namespace {

// A decimal fraction of `unit` without trailing zeros: (1500, 1000) is "1.5".
std::string decimal(std::uint64_t value, std::uint64_t unit) {
  std::string text = std::to_string(value / unit);
  std::uint64_t rest = value % unit;
  if (rest == 0) return text;
  std::string digits = std::to_string(unit + rest).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + "." + digits;
}

}  // namespace

std::string to_string(Duration duration) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (duration.count() == 0) return "0s";
  const bool negative = duration.count() < 0;
  std::uint64_t left = static_cast<std::uint64_t>(duration.count());
  if (negative) left = ~left + 1;
  const std::string sign = negative ? "-" : "";
  if (left < 1'000) return sign + std::to_string(left) + "ns";
  if (left < 1'000'000) return sign + decimal(left, 1'000) + "\u00b5s";
  if (left < kSecond) return sign + decimal(left, 1'000'000) + "ms";
  const std::uint64_t hours = left / (3600 * kSecond);
  const std::uint64_t minutes = left / (60 * kSecond) % 60;
  std::string text = sign;
  if (hours > 0) text += std::to_string(hours) + "h";
  if (hours > 0 || minutes > 0) text += std::to_string(minutes) + "m";
  return text + decimal(left % (60 * kSecond), kSecond) + "s";
}

}  // namespace proa
