#include "server/detail/forwarded.hpp"

#include "kv/limits.hpp"
#include "proa/transport/call_codec.hpp"

namespace proa::server {
namespace {

SharedBytes part_of(const SharedBytes& body, ByteView part) { return {body.owner(), part}; }

Failure makes_no_sense(const char* what) {
  return fail(Error{.code = Errc::protocol_error,
                    .outcome = Outcome::not_executed,
                    .detail = std::string{what} + " makes no sense"});
}

Result<kv::Query> read_query(CallReader& reader, const SharedBytes& body) {
  const std::uint8_t kind = reader.u8();
  const std::uint32_t keys = reader.u32();
  const bool known = kind <= static_cast<std::uint8_t>(kv::QueryKind::key_count);
  if (!known || keys > kv::kKeysPerCommandMax) return makes_no_sense("a forwarded query");
  kv::Query query{.kind = static_cast<kv::QueryKind>(kind)};
  for (std::uint32_t i = 0; i < keys && !reader.failed(); ++i)
    query.keys.push_back(part_of(body, reader.bytes()));
  const bool of_one = query.kind == kv::QueryKind::value || query.kind == kv::QueryKind::length;
  if (of_one && keys != 1) return makes_no_sense("a forwarded query");
  return query;
}

}  // namespace

SharedBytes encode_forwarded_write(Term term, ByteView command) {
  CallWriter writer;
  return writer.u64(term.value).bytes(command).take();
}

Result<ForwardedWrite> decode_forwarded_write(const SharedBytes& body) {
  CallReader reader{body};
  const Term term{reader.u64()};
  const ByteView command = reader.bytes();
  PROA_TRY(reader.finish("a forwarded write"));
  return ForwardedWrite{.term = term, .command = part_of(body, command)};
}

SharedBytes encode_forwarded_read(LogIndex applied, const std::vector<Read>& batch) {
  CallWriter writer;
  writer.u64(applied.value).u32(static_cast<std::uint32_t>(batch.size()));
  for (const Read& one : batch) {
    writer.u8(static_cast<std::uint8_t>(one.query.kind));
    writer.u32(static_cast<std::uint32_t>(one.query.keys.size()));
    for (const SharedBytes& key : one.query.keys)
      writer.bytes(key);
  }
  return writer.take();
}

Result<ForwardedRead> decode_forwarded_read(const SharedBytes& body) {
  CallReader reader{body};
  ForwardedRead read{.applied = LogIndex{reader.u64()}};
  const std::uint32_t count = reader.u32();
  for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
    PROA_TRY(kv::Query query, read_query(reader, body));
    read.queries.push_back(std::move(query));
  }
  PROA_TRY(reader.finish("a forwarded read"));
  return read;
}

SharedBytes encode(const ForwardedAnswer& answer) {
  CallWriter writer;
  writer.u64(answer.index.value).flag(answer.replies.has_value());
  if (!answer.replies) return writer.take();
  writer.u32(static_cast<std::uint32_t>(answer.replies->size()));
  for (const kv::Reply& reply : *answer.replies)
    writer.bytes(kv::encode_reply(reply));
  return writer.take();
}

Result<ForwardedAnswer> decode_forwarded_answer(const SharedBytes& body) {
  CallReader reader{body};
  ForwardedAnswer answer{.index = LogIndex{reader.u64()}};
  if (!reader.flag()) {
    PROA_TRY(reader.finish("the leader's answer"));
    return answer;
  }
  const std::uint32_t count = reader.u32();
  answer.replies.emplace();
  for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
    PROA_TRY(kv::Reply reply, kv::decode_reply(part_of(body, reader.bytes())));
    answer.replies->push_back(std::move(reply));
  }
  PROA_TRY(reader.finish("the leader's answer"));
  return answer;
}

}  // namespace proa::server
