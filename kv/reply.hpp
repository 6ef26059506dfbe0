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

/// What a command or a query answers.
using StepReply = std::variant<Ok, Nil, std::int64_t, SharedBytes, Values, Refusal>;
/// What the steps of a transaction have answered.
struct Replies {
  std::vector<StepReply> all = {};
  friend bool operator==(const Replies&, const Replies&) = default;
};

/// What the store answers: the same on every server. The first six are those of StepReply.
using Reply = std::variant<Ok, Nil, std::int64_t, SharedBytes, Values, Refusal, Replies>;

Reply reply_of(StepReply reply);

/// About as many bytes as encode_reply makes of it; for limits.
std::size_t encoded_bytes(const Reply& reply);
/// For another server: its position in `Reply`, then what it holds.
SharedBytes encode_reply(const Reply& reply);
/// Errors: corrupt. Byte strings point into `bytes`.
Result<Reply> decode_reply(const SharedBytes& bytes);

}  // namespace proa::kv
