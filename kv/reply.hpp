#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa::kv {

struct Ok {
  friend bool operator==(const Ok&, const Ok&) = default;
};
/// There is no such key, or a condition was not met.
struct Nil {
  friend bool operator==(const Nil&, const Nil&) = default;
};
/// The command was understood and changed nothing. The text begins with Redis's word for the kind
/// of error, mostly `ERR`.
struct Refusal {
  std::string text = {};
  friend bool operator==(const Refusal&, const Refusal&) = default;
};
using Values = std::vector<std::optional<SharedBytes>>;

/// What the store answers to a command or a query: the same on every server.
using Reply = std::variant<Ok, Nil, std::int64_t, SharedBytes, Values, Refusal>;

/// For another server: its position in `Reply`, then what it holds.
SharedBytes encode_reply(const Reply& reply);
/// Errors: corrupt. Byte strings point into `bytes`.
Result<Reply> decode_reply(const SharedBytes& bytes);

}  // namespace proa::kv
