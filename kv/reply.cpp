#include "kv/reply.hpp"

#include <type_traits>
#include <utility>

#include "kv/detail/byte_reader.hpp"
#include "kv/detail/byte_writer.hpp"
#include "kv/limits.hpp"
#include "proa/base/assert.hpp"

namespace proa::kv {
namespace {

constexpr std::size_t kRefusalBytesMax = 4096;

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
    PROA_ASSERT(!std::holds_alternative<Replies>(step.reply));
    into.byte(static_cast<std::uint8_t>(step.reply.index()));
    std::visit(
        [&](const auto& one) {
          if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(one)>, Replies>) {
            put(into, one);
          }
        },
        step.reply);
  }
}

Result<Reply> get_values(ByteReader& from, const SharedBytes& whole) {
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
  return Reply{std::move(values)};
}

Result<Reply> get_one(ByteReader& from, std::uint8_t kind, const SharedBytes& whole) {
  switch (static_cast<Kind>(kind)) {
    case Kind::ok:
      return Reply{Ok{}};
    case Kind::nil:
      return Reply{Nil{}};
    case Kind::integer: {
      PROA_TRY(const std::uint64_t value, from.fixed64());
      return Reply{static_cast<std::int64_t>(value)};
    }
    case Kind::value: {
      PROA_TRY(const ByteView value, from.string(kValueBytesMax));
      return Reply{SharedBytes{whole.owner(), value}};
    }
    case Kind::refusal: {
      PROA_TRY(const ByteView text, from.string(kRefusalBytesMax));
      return Reply{Refusal{std::string{text_of(text)}}};
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
    PROA_TRY(Reply reply, get_one(from, kind, whole));
    replies.all.push_back({.reply = std::move(reply)});
  }
  return Reply{std::move(replies)};
}

}  // namespace

std::size_t encoded_bytes(const Reply& reply) {
  std::size_t bytes = 16;
  if (const auto* const value = std::get_if<SharedBytes>(&reply)) bytes += value->size();
  if (const auto* const values = std::get_if<Values>(&reply)) {
    for (const auto& value : *values)
      bytes += 6 + (value ? value->size() : 0);
  }
  if (const auto* const replies = std::get_if<Replies>(&reply)) {
    for (const StepReply& step : replies->all)
      bytes += encoded_bytes(step.reply);
  }
  return bytes;
}

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
  PROA_TRY(Reply reply, of_steps ? get_replies(from, bytes) : get_one(from, kind, bytes));
  PROA_TRY(from.expect_end());
  return reply;
}

}  // namespace proa::kv
