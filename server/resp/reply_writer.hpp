#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/reply.hpp"

namespace proa::resp {

enum class Protocol : std::uint8_t { resp2 = 2, resp3 = 3 };

/// Appends replies to a string. What RESP2 has no type for is written in the form that Redis falls
/// back to there.
class ReplyWriter {
 public:
  ReplyWriter(Protocol protocol, std::string& into) : protocol_(protocol), into_(into) {}

  void simple(std::string_view text);  ///< one line
  /// Begins with a word like ERR. Line breaks in it become spaces.
  void error(std::string_view text);
  void integer(std::int64_t value);
  void bulk(std::string_view value);
  void nil();
  void array(std::size_t count);         ///< that many replies follow
  void map(std::size_t count);           ///< that many pairs of replies follow
  void set(std::size_t count);           ///< that many replies follow
  void verbatim(std::string_view text);  ///< text for people
  void reply(const kv::Reply& reply);

 private:
  void head(char type, std::uint64_t number);

  Protocol protocol_;
  std::string& into_;
};

}  // namespace proa::resp
