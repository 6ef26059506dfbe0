#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proa/base/random.hpp"
#include "proa/testing/linearizability.hpp"
#include "server/resp/reply_parser.hpp"

namespace proa::redis {

/// What a client of the campaign asks a server for, in Redis's words and in those of the judge.
struct Request {
  std::vector<std::string> words = {};
  testing::Operation operation = {};  ///< without client and times
};

/// What clients do with a key.
enum class KeyUse : std::uint8_t {
  plain,   ///< GET, SET
  value,   ///< GET, SET, SET NX, DEL
  number,  ///< GET, INCR
};

/// `value` is one that nobody has written.
Request draw_request(Random& random, KeyUse use, const std::string& key, const std::string& value);
Request read_of(const std::string& key);

/// What the judge is to hear of the answer. Not for errors.
testing::Value answer_to(testing::Operation::Kind kind, const resp::ClientReply& reply);

}  // namespace proa::redis
