#include "server/detail/data_commands.hpp"

#include <algorithm>
#include <string>

#include "kv/integer.hpp"
#include "kv/limits.hpp"

namespace proa::server {
namespace {

const kv::Refusal kSyntaxError{"ERR syntax error"};
const kv::Refusal kNoInteger{"ERR value is not an integer or out of range"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

kv::Refusal key_too_long() {
  return {"ERR a key has at most " + std::to_string(kv::kKeyBytesMax) + " bytes here"};
}

/// The refusal, if one of the keys is too long.
bool keys_fit(Arguments keys) {
  return std::ranges::all_of(keys,
                             [](const SharedBytes& key) { return key.size() <= kv::kKeyBytesMax; });
}

DataRequest query_of_keys(kv::QueryKind kind, Arguments keys) {
  if (!keys_fit(keys)) return key_too_long();
  return kv::Query{.kind = kind, .keys = {keys.begin(), keys.end()}};
}

DataRequest add(ByteView key, std::int64_t by) {
  if (key.size() > kv::kKeyBytesMax) return key_too_long();
  return kv::Command{kv::AddCommand{.key = key, .by = by}};
}

bool is_expiry_option(ByteView option) {
  return same_word(option, "EX") || same_word(option, "PX") || same_word(option, "EXAT") ||
         same_word(option, "PXAT");
}

/// One option of SET; false: it is none, or contradicts an earlier one.
bool take_option(ByteView option, kv::SetCommand& into) {
  if (same_word(option, "NX") && into.when != kv::SetWhen::present) {
    into.when = kv::SetWhen::missing;
    return true;
  }
  if (same_word(option, "XX") && into.when != kv::SetWhen::missing) {
    into.when = kv::SetWhen::present;
    return true;
  }
  if (same_word(option, "GET")) {
    into.reply_old_value = true;
    return true;
  }
  return same_word(option, "KEEPTTL");  // keys have no expiry here, so there is nothing to lose
}

}  // namespace

bool same_word(ByteView argument, std::string_view word) {
  return std::ranges::equal(text_of(argument), word,
                            [](char a, char b) { return lower(a) == lower(b); });
}

DataRequest parse_get(Arguments arguments) {
  return query_of_keys(kv::QueryKind::value, arguments.subspan(1));
}

DataRequest parse_set(Arguments arguments) {
  kv::SetCommand command{.key = arguments[1], .value = arguments[2]};
  if (!keys_fit(arguments.subspan(1, 1))) return key_too_long();
  for (const SharedBytes& option : arguments.subspan(3)) {
    if (is_expiry_option(option)) return kv::Refusal{"ERR keys do not expire on this server"};
    if (!take_option(option, command)) return kSyntaxError;
  }
  return kv::Command{command};
}

DataRequest parse_getset(Arguments arguments) {
  if (!keys_fit(arguments.subspan(1, 1))) return key_too_long();
  return kv::Command{
      kv::SetCommand{.key = arguments[1], .value = arguments[2], .reply_old_value = true}};
}

DataRequest parse_del(Arguments arguments) {
  const Arguments keys = arguments.subspan(1);
  if (!keys_fit(keys)) return key_too_long();
  return kv::Command{kv::DeleteCommand{.keys = {keys.begin(), keys.end()}}};
}

DataRequest parse_exists(Arguments arguments) {
  return query_of_keys(kv::QueryKind::exists, arguments.subspan(1));
}

DataRequest parse_incr(Arguments arguments) { return add(arguments[1], 1); }
DataRequest parse_decr(Arguments arguments) { return add(arguments[1], -1); }

DataRequest parse_incrby(Arguments arguments) {
  const auto by = kv::parse_integer(text_of(arguments[2]));
  if (!by) return kNoInteger;
  return add(arguments[1], *by);
}

DataRequest parse_decrby(Arguments arguments) {
  const auto by = kv::parse_integer(text_of(arguments[2]));
  if (!by) return kNoInteger;
  if (*by == INT64_MIN) return kv::Refusal{"ERR decrement would overflow"};
  return add(arguments[1], -*by);
}

DataRequest parse_mget(Arguments arguments) {
  return query_of_keys(kv::QueryKind::values, arguments.subspan(1));
}

DataRequest parse_mset(Arguments arguments) {
  if (arguments.size() % 2 == 0) {
    return kv::Refusal{"ERR wrong number of arguments for 'mset' command"};
  }
  kv::SetManyCommand command;
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    if (arguments[i].size() > kv::kKeyBytesMax) return key_too_long();
    command.pairs.emplace_back(arguments[i], arguments[i + 1]);
  }
  return kv::Command{std::move(command)};
}

DataRequest parse_append(Arguments arguments) {
  if (!keys_fit(arguments.subspan(1, 1))) return key_too_long();
  return kv::Command{kv::AppendCommand{.key = arguments[1], .value = arguments[2]}};
}

DataRequest parse_strlen(Arguments arguments) {
  return query_of_keys(kv::QueryKind::length, arguments.subspan(1));
}

DataRequest parse_dbsize(Arguments) { return kv::Query{.kind = kv::QueryKind::key_count}; }

}  // namespace proa::server
