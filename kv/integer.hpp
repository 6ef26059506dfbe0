#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace proa::kv {

/// The integer that a value is, if it is one in Redis's sense: decimal, in the range of 64 bits,
/// exactly as it would be printed (no sign `+`, no leading zeros, no spaces).
std::optional<std::int64_t> parse_integer(std::string_view text);

/// The sum, if it fits.
std::optional<std::int64_t> add(std::int64_t a, std::int64_t b);

}  // namespace proa::kv
