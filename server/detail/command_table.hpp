#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "server/detail/data_commands.hpp"

namespace proa::server {

struct Session;

/// Asks or changes something of the store.
using DataCommand = DataRequest (*)(Arguments arguments);
/// Is answered by this server alone, at once.
using LocalCommand = void (*)(Session& session, Arguments arguments);

/// Begins a transaction, gives it up, or carries it out.
enum class TransactionControl : std::uint8_t { begin, discard, execute };

/// A command that clients may send, as the COMMAND command describes it.
struct CommandSpec {
  std::string_view name = {};  ///< lower case
  int arity = 0;               ///< arguments with the name; -n: at least n
  bool writes = false;
  std::variant<DataCommand, LocalCommand, TransactionControl> run = DataCommand{nullptr};
  int first_key = 0;  ///< position of the keys among the arguments; 0: there are none
  int last_key = 0;   ///< -1: the last argument
  int key_step = 0;
  std::string_view summary = {};
};

std::span<const CommandSpec> all_commands();     ///< in alphabetical order
const CommandSpec* find_command(ByteView name);  ///< nullptr: unknown

bool arity_fits(const CommandSpec& command, std::size_t arguments);

}  // namespace proa::server
