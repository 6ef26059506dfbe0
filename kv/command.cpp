#include "kv/command.hpp"

#include <string>
#include <utility>

#include "kv/detail/byte_reader.hpp"
#include "kv/detail/byte_writer.hpp"
#include "kv/limits.hpp"
#include "proa/base/assert.hpp"

namespace proa::kv {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kWhenMask = 0x03;
constexpr std::uint8_t kReplyOldValue = 0x04;

/// The position in `Command` is what stands in the log.
enum class Kind : std::uint8_t { set, remove, add, append, set_many, transaction };
constexpr std::uint8_t kQueryStep = 128;  // and the QueryKind

void put_key(ByteWriter& into, ByteView key) {
  PROA_ASSERT(key.size() <= kKeyBytesMax);
  into.string(key);
}

void put_value(ByteWriter& into, ByteView value) {
  PROA_ASSERT(value.size() <= kValueBytesMax);
  into.string(value);
}

void put_count(ByteWriter& into, std::size_t count) {
  PROA_ASSERT(count > 0);
  PROA_ASSERT(count <= kKeysPerCommandMax);
  into.number(count);
}

void put(ByteWriter& into, const SetCommand& command) {
  into.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(command.when) |
                                      (command.reply_old_value ? kReplyOldValue : 0)));
  put_key(into, command.key);
  put_value(into, command.value);
}

void put(ByteWriter& into, const DeleteCommand& command) {
  put_count(into, command.keys.size());
  for (const ByteView key : command.keys)
    put_key(into, key);
}

void put(ByteWriter& into, const AddCommand& command) {
  put_key(into, command.key);
  into.fixed64(static_cast<std::uint64_t>(command.by));
}

void put(ByteWriter& into, const AppendCommand& command) {
  put_key(into, command.key);
  put_value(into, command.value);
}

void put(ByteWriter& into, const SetManyCommand& command) {
  put_count(into, command.pairs.size());
  for (const auto& [key, value] : command.pairs) {
    put_key(into, key);
    put_value(into, value);
  }
}

void put(ByteWriter& into, const QueryStep& query) {
  into.number(query.keys.size());
  for (const ByteView key : query.keys)
    put_key(into, key);
}

void put(ByteWriter& into, const TransactionCommand& command) {
  PROA_ASSERT(command.steps.size() <= kStepsPerTransactionMax);
  into.number(command.steps.size());
  for (const Step& step : command.steps) {
    const auto* const query = std::get_if<QueryStep>(&step);
    into.byte(query == nullptr
                  ? static_cast<std::uint8_t>(step.index())
                  : static_cast<std::uint8_t>(kQueryStep + static_cast<std::uint8_t>(query->kind)));
    std::visit([&](const auto& one) { put(into, one); }, step);
  }
}

Result<SetCommand> get_set(ByteReader& from) {
  PROA_TRY(const std::uint8_t flags, from.byte());
  const std::uint8_t when = flags & kWhenMask;
  const bool known = (flags & ~(kWhenMask | kReplyOldValue)) == 0 &&
                     when <= static_cast<std::uint8_t>(SetWhen::present);
  if (!known) return fail(Errc::corrupt, "SET with the flags " + std::to_string(flags));
  PROA_TRY(const ByteView key, from.string(kKeyBytesMax));
  PROA_TRY(const ByteView value, from.string(kValueBytesMax));
  return SetCommand{.key = key,
                    .value = value,
                    .when = static_cast<SetWhen>(when),
                    .reply_old_value = (flags & kReplyOldValue) != 0};
}

Result<DeleteCommand> get_delete(ByteReader& from) {
  PROA_TRY(const std::uint64_t count, from.number(kKeysPerCommandMax));
  DeleteCommand command;
  for (std::uint64_t i = 0; i < count; ++i) {
    PROA_TRY(const ByteView key, from.string(kKeyBytesMax));
    command.keys.push_back(key);
  }
  return command;
}

Result<AddCommand> get_add(ByteReader& from) {
  PROA_TRY(const ByteView key, from.string(kKeyBytesMax));
  PROA_TRY(const std::uint64_t by, from.fixed64());
  return AddCommand{.key = key, .by = static_cast<std::int64_t>(by)};
}

Result<AppendCommand> get_append(ByteReader& from) {
  PROA_TRY(const ByteView key, from.string(kKeyBytesMax));
  PROA_TRY(const ByteView value, from.string(kValueBytesMax));
  return AppendCommand{.key = key, .value = value};
}

Result<SetManyCommand> get_set_many(ByteReader& from) {
  PROA_TRY(const std::uint64_t count, from.number(kKeysPerCommandMax));
  SetManyCommand command;
  for (std::uint64_t i = 0; i < count; ++i) {
    PROA_TRY(const ByteView key, from.string(kKeyBytesMax));
    PROA_TRY(const ByteView value, from.string(kValueBytesMax));
    command.pairs.emplace_back(key, value);
  }
  return command;
}

template <class Any, class One>
Result<Any> widened(Result<One> one) {
  if (!one) return fail(std::move(one).error());
  return Any{std::move(*one)};
}

Failure unknown_command(std::uint8_t kind) {
  return fail(Errc::unsupported_protocol, "command " + std::to_string(kind) +
                                              " is not known to this version; a newer server wrote "
                                              "it: install that version here too");
}

Result<QueryStep> get_query(ByteReader& from, std::uint8_t kind) {
  if (kind > static_cast<std::uint8_t>(QueryKind::key_count)) {
    return unknown_command(static_cast<std::uint8_t>(kQueryStep + kind));
  }
  QueryStep query{.kind = static_cast<QueryKind>(kind)};
  PROA_TRY(const std::uint64_t count, from.number(kKeysPerCommandMax));
  for (std::uint64_t i = 0; i < count; ++i) {
    PROA_TRY(const ByteView key, from.string(kKeyBytesMax));
    query.keys.push_back(key);
  }
  const bool of_one = query.kind == QueryKind::value || query.kind == QueryKind::length;
  if (of_one && count != 1)
    return fail(Errc::corrupt, "a query of one key that names another number");
  return query;
}

/// One command that is no transaction, as a Command or a Step.
template <class Any>
Result<Any> get_simple(ByteReader& from, std::uint8_t kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::set:
      return widened<Any>(get_set(from));
    case Kind::remove:
      return widened<Any>(get_delete(from));
    case Kind::add:
      return widened<Any>(get_add(from));
    case Kind::append:
      return widened<Any>(get_append(from));
    case Kind::set_many:
      return widened<Any>(get_set_many(from));
    case Kind::transaction:
      break;
  }
  return unknown_command(kind);
}

Result<Command> get_transaction(ByteReader& from) {
  PROA_TRY(const std::uint64_t count, from.number(kStepsPerTransactionMax));
  TransactionCommand command;
  for (std::uint64_t i = 0; i < count; ++i) {
    PROA_TRY(const std::uint8_t kind, from.byte());
    if (kind >= kQueryStep) {
      PROA_TRY(QueryStep query, get_query(from, static_cast<std::uint8_t>(kind - kQueryStep)));
      command.steps.emplace_back(std::move(query));
    } else {
      PROA_TRY(Step step, get_simple<Step>(from, kind));
      command.steps.push_back(std::move(step));
    }
  }
  return Command{std::move(command)};
}

}  // namespace

SharedBytes encode_command(const Command& command) {
  ByteWriter bytes;
  bytes.byte(kVersion);
  bytes.byte(static_cast<std::uint8_t>(command.index()));
  std::visit([&](const auto& one) { put(bytes, one); }, command);
  return bytes.take();
}

Result<Command> decode_command(ByteView bytes) {
  ByteReader from{bytes};
  PROA_TRY(const std::uint8_t version, from.byte());
  if (version == 0) return fail(Errc::corrupt, "a command of encoding version 0");
  if (version > kVersion) {
    return fail(Errc::unsupported_protocol,
                "a command in version " + std::to_string(version) +
                    " of its encoding, this server knows up to " + std::to_string(kVersion) +
                    "; a newer server wrote it: install that version here too");
  }
  PROA_TRY(const std::uint8_t kind, from.byte());
  const bool is_transaction = kind == static_cast<std::uint8_t>(Kind::transaction);
  PROA_TRY(Command command,
           is_transaction ? get_transaction(from) : get_simple<Command>(from, kind));
  PROA_TRY(from.expect_end());
  return command;
}

}  // namespace proa::kv
