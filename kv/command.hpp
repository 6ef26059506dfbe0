#pragma once

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "kv/query.hpp"
#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa::kv {

enum class SetWhen : std::uint8_t { always = 0, missing = 1, present = 2 };

/// Views of somebody else's bytes: those of a request, or of the log's entry.
struct SetCommand {
  ByteView key = {};
  ByteView value = {};
  SetWhen when = SetWhen::always;
  bool reply_old_value = false;
};
struct DeleteCommand {
  std::vector<ByteView> keys = {};
};
struct AddCommand {
  ByteView key = {};
  std::int64_t by = 0;
};
struct AppendCommand {
  ByteView key = {};
  ByteView value = {};
};
struct SetManyCommand {
  std::vector<std::pair<ByteView, ByteView>> pairs = {};
};

/// A question among the steps of a transaction.
struct QueryStep {
  QueryKind kind = QueryKind::value;
  std::vector<ByteView> keys = {};
};
using Step =
    std::variant<SetCommand, DeleteCommand, AddCommand, AppendCommand, SetManyCommand, QueryStep>;
/// All of it happens at one point of the log, with nothing in between.
struct TransactionCommand {
  std::vector<Step> steps = {};
};

/// What goes through the log.
using Command = std::variant<SetCommand, DeleteCommand, AddCommand, AppendCommand, SetManyCommand,
                             TransactionCommand>;

/// One entry of the log:
///
///     byte 0   version of this encoding, 1
///     byte 1   which command: its position in `Command`
///     set          flags (bits 0-1 when, bit 2 reply_old_value), key, value
///     delete       number of keys, each key
///     add          key, the number added: 8 bytes little endian, two's complement
///     append       key, value
///     set many     number of pairs, each key and value
///     transaction  number of steps; each step which command, in one byte, and what it has above,
///                  or 128 + QueryKind, number of keys, each key
///
/// Keys and values stand behind their lengths; lengths and counts are LEB128. Asserts that the
/// limits of limits.hpp hold, but for kCommandBytesMax: whoever parses a request checks them.
SharedBytes encode_command(const Command& command);

/// Errors: unsupported_protocol, a newer version wrote it; corrupt. Both name the place.
Result<Command> decode_command(ByteView bytes);

}  // namespace proa::kv
