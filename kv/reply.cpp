#include "kv/reply.hpp"

#include <utility>

#include "kv/detail/byte_reader.hpp"
#include "kv/detail/byte_writer.hpp"
#include "kv/limits.hpp"
#include "proa/base/assert.hpp"

namespace proa::kv {
namespace {

constexpr std::size_t kRefusalBytesMax = 4096;
constexpr std::size_t kReplyBytes = 16;  // of a kind and a length or a number, at most

/// The position in `Reply` is what goes over the wire.
enum class Kind : std::uint8_t { ok, nil, integer, value, values, refusal, replies };

void put(ByteWriter&, const Ok&) {}
void put(ByteWriter&, const Nil&) {}
void put(ByteWriter& into, std::int64_t value) { into.fixed64(static_cast<std::uint64_t>(value)); }
void put(ByteWriter& into, const SharedBytes& value) { into.string(value); }
void put(ByteWriter& into, const Values& values) {
  into.number(values.size());
  for (const auto& value : values) {
    into.byte(value ? 1 : 0);
    if (value) into.string(*value);
  }
}
void put(ByteWriter& into, const Refusal& refusal) {
  PROA_ASSERT(refusal.text.size() <= kRefusalBytesMax);
  into.string(view_of(refusal.text));
}

void put(ByteWriter& into, const Replies& replies) {
  into.number(replies.all.size());
  for (const StepReply& step : replies.all) {
    into.byte(static_cast<std::uint8_t>(step.index()));
    std::visit([&](const auto& one) { put(into, one); }, step);
  }
}

Result<StepReply> get_values(ByteReader& from, const SharedBytes& whole) {
  PROA_TRY(const std::uint64_t count, from.number(kKeysPerCommandMax));
  Values values;
  for (std::uint64_t i = 0; i < count; ++i) {
    PROA_TRY(const std::uint8_t present, from.byte());
    if (present > 1) return fail(Errc::corrupt, "a value that is there " + std::to_string(present));
    if (present == 0) {
      values.emplace_back(std::nullopt);
      continue;
    }
    PROA_TRY(const ByteView value, from.string(kValueBytesMax));
    values.emplace_back(SharedBytes{whole.owner(), value});
  }
  return StepReply{std::move(values)};
}

Result<StepReply> get_one(ByteReader& from, std::uint8_t kind, const SharedBytes& whole) {
  switch (static_cast<Kind>(kind)) {
    case Kind::ok:
      return StepReply{Ok{}};
    case Kind::nil:
      return StepReply{Nil{}};
    case Kind::integer: {
      PROA_TRY(const std::uint64_t value, from.fixed64());
      return StepReply{static_cast<std::int64_t>(value)};
    }
    case Kind::value: {
      PROA_TRY(const ByteView value, from.string(kValueBytesMax));
      return StepReply{SharedBytes{whole.owner(), value}};
    }
    case Kind::refusal: {
      PROA_TRY(const ByteView text, from.string(kRefusalBytesMax));
      return StepReply{Refusal{std::string{text_of(text)}}};
    }
    case Kind::values:
      return get_values(from, whole);
    case Kind::replies:
      break;
  }
  return fail(Errc::corrupt, "a reply of kind " + std::to_string(kind));
}

Result<Reply> get_replies(ByteReader& from, const SharedBytes& whole) {
  PROA_TRY(const std::uint64_t count, from.number(kStepsPerTransactionMax));
  Replies replies;
  for (std::uint64_t i = 0; i < count; ++i) {
    PROA_TRY(const std::uint8_t kind, from.byte());
    PROA_TRY(StepReply reply, get_one(from, kind, whole));
    replies.all.push_back(std::move(reply));
  }
  return Reply{std::move(replies)};
}

/// Of one reply, about.
struct Measure {
  std::size_t operator()(const SharedBytes& value) const { return kReplyBytes + value.size(); }
  std::size_t operator()(const Refusal& refusal) const { return kReplyBytes + refusal.text.size(); }
  std::size_t operator()(const Values& values) const {
    std::size_t bytes = kReplyBytes;
    for (const auto& value : values)
      bytes += kReplyBytes + (value ? value->size() : 0);
    return bytes;
  }
  std::size_t operator()(const Replies& replies) const {
    std::size_t bytes = kReplyBytes;
    for (const StepReply& step : replies.all)
      bytes += std::visit(*this, step);
    return bytes;
  }
  std::size_t operator()(const auto&) const { return kReplyBytes; }
};

}  // namespace

Reply reply_of(StepReply reply) {
  return std::visit([](auto&& one) -> Reply { return std::move(one); }, std::move(reply));
}

std::size_t encoded_bytes(const Reply& reply) { return std::visit(Measure{}, reply); }

SharedBytes encode_reply(const Reply& reply) {
  ByteWriter bytes;
  bytes.byte(static_cast<std::uint8_t>(reply.index()));
  std::visit([&](const auto& one) { put(bytes, one); }, reply);
  return bytes.take();
}

Result<Reply> decode_reply(const SharedBytes& bytes) {
  ByteReader from{bytes};
  PROA_TRY(const std::uint8_t kind, from.byte());
  const bool of_steps = kind == static_cast<std::uint8_t>(Kind::replies);
  Reply reply;
  if (of_steps) {
    PROA_TRY(reply, get_replies(from, bytes));
  } else {
    PROA_TRY(StepReply one, get_one(from, kind, bytes));
    reply = reply_of(std::move(one));
  }
  PROA_TRY(from.expect_end());
  return reply;
}

}  // namespace proa::kv
