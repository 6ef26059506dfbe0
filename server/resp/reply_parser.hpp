#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/result.hpp"

namespace proa::resp {

enum class ReplyType : std::uint8_t {
  simple,
  error,
  integer,
  bulk,
  nil,
  array,
  map,
  set,
  verbatim
};

/// A reply as a client sees it. `text` is what stands there, for an integer its digits; `elements`
/// of a map are key, value, key, value.
struct ClientReply {
  ReplyType type = ReplyType::nil;
  std::string text = {};
  std::vector<ClientReply> elements = {};
  friend bool operator==(const ClientReply&, const ClientReply&) = default;
};

/// The first reply in what a server has sent, and how many bytes it took; nothing, if more is
/// needed. For the program's own commands and for tests, whose replies are small: an unfinished
/// reply is parsed again from its beginning. Errors: protocol_error.
struct ParsedReply {
  std::size_t bytes = 0;
  ClientReply reply = {};
};
Result<std::optional<ParsedReply>> parse_reply(std::string_view received);

/// A request as clients send it: an array of bulk strings.
std::string encode_request(const std::vector<std::string_view>& arguments);

}  // namespace proa::resp
