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

struct StepReply;
/// What the steps of a transaction have answered.
struct Replies {
  std::vector<StepReply> all = {};
  friend bool operator==(const Replies& a, const Replies& b);
};

/// What the store answers to a command or a query: the same on every server.
using Reply = std::variant<Ok, Nil, std::int64_t, SharedBytes, Values, Refusal, Replies>;

/// Not Replies.
struct StepReply {
  Reply reply = {};
  friend bool operator==(const StepReply&, const StepReply&) = default;
};
inline bool operator==(const Replies& a, const Replies& b) { return a.all == b.all; }

/// About as many bytes as encode_reply makes of it; for limits.
std::size_t encoded_bytes(const Reply& reply);
/// For another server: its position in `Reply`, then what it holds.
SharedBytes encode_reply(const Reply& reply);
/// Errors: corrupt. Byte strings point into `bytes`.
Result<Reply> decode_reply(const SharedBytes& bytes);

}  // namespace proa::kv
