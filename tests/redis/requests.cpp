#include "tests/redis/requests.hpp"

namespace proa::redis {

using resp::ReplyType;
using testing::Operation;
using Kind = Operation::Kind;

Request read_of(const std::string& key) {
  return {.words = {"GET", key}, .operation = {.kind = Kind::read, .key = key}};
}

Request draw_request(Random& random, KeyUse use, const std::string& key, const std::string& value) {
  const std::uint64_t kind = random.below(100);
  if (kind < 45) return read_of(key);
  if (kind < 50 && use == KeyUse::value) {
    return {.words = {"DEL", key}, .operation = {.kind = Kind::remove, .key = key}};
  }
  if (use == KeyUse::number) {
    return {.words = {"INCR", key}, .operation = {.kind = Kind::increment, .key = key}};
  }
  if (kind < 65 && use == KeyUse::value) {  // to set what is not there: compared with nothing
    return {.words = {"SET", key, value, "NX"},
            .operation = {.kind = Kind::compare_and_set, .key = key, .input = value}};
  }
  return {.words = {"SET", key, value},
          .operation = {.kind = Kind::write, .key = key, .input = value}};
}

testing::Value answer_to(Kind kind, const resp::ClientReply& reply) {
  switch (kind) {
    case Kind::write:
      return std::nullopt;
    case Kind::compare_and_set:
      return reply.type == ReplyType::nil ? "no" : "yes";
    case Kind::remove:
      return reply.text == "0" ? "no" : "yes";
    case Kind::read:
    case Kind::increment:
      break;
  }
  if (reply.type == ReplyType::nil) return std::nullopt;
  return reply.text;
}

}  // namespace proa::redis
