#include "server/detail/command_table.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "server/detail/local_commands.hpp"

namespace proa::server {
namespace {

constexpr CommandSpec data(std::string_view name, int arity, DataCommand run) {
  return {.name = name, .arity = arity, .run = run, .first_key = 1, .last_key = 1, .key_step = 1};
}

constexpr CommandSpec local(std::string_view name, int arity, LocalCommand run,
                            std::string_view summary) {
  return {.name = name, .arity = arity, .run = run, .summary = summary};
}

constexpr CommandSpec read(std::string_view name, int arity, DataCommand run,
                           std::string_view summary) {
  CommandSpec spec = data(name, arity, run);
  spec.summary = summary;
  return spec;
}

constexpr CommandSpec write(std::string_view name, int arity, DataCommand run,
                            std::string_view summary) {
  CommandSpec spec = read(name, arity, run, summary);
  spec.writes = true;
  return spec;
}

constexpr CommandSpec transaction(std::string_view name, TransactionControl run,
                                  std::string_view summary) {
  return {.name = name, .arity = 1, .run = run, .summary = summary};
}

/// All arguments are keys.
constexpr CommandSpec of_keys(CommandSpec spec) {
  spec.last_key = -1;
  return spec;
}

constexpr CommandSpec of_pairs(CommandSpec spec) {
  spec.last_key = -1;
  spec.key_step = 2;
  return spec;
}

constexpr CommandSpec of_no_key(CommandSpec spec) {
  spec.first_key = spec.last_key = spec.key_step = 0;
  return spec;
}

constexpr std::array kCommands = {
    write("append", 3, &parse_append, "Appends a string to the value of a key."),
    local("auth", -2, &run_auth, "Authenticates the connection."),
    local("client", -2, &run_client, "Tells about this connection."),
    local("command", -1, &run_command, "Describes the commands of this server."),
    local("config", -2, &run_config, "Tells settings of this server."),
    of_no_key(read("dbsize", 1, &parse_dbsize, "Returns the number of keys.")),
    write("decr", 2, &parse_decr, "Subtracts one from the integer value of a key."),
    write("decrby", 3, &parse_decrby, "Subtracts a number from the integer value of a key."),
    of_keys(write("del", -2, &parse_del, "Deletes keys.")),
    transaction("discard", TransactionControl::discard, "Gives up a transaction."),
    local("echo", 2, &run_echo, "Returns the given string."),
    transaction("exec", TransactionControl::execute, "Carries out a transaction."),
    of_keys(read("exists", -2, &parse_exists, "Returns how many of the keys exist.")),
    read("get", 2, &parse_get, "Returns the value of a key."),
    write("getset", 3, &parse_getset, "Sets a key and returns its old value."),
    local("hello", -1, &run_hello, "Chooses the protocol of the connection."),
    write("incr", 2, &parse_incr, "Adds one to the integer value of a key."),
    write("incrby", 3, &parse_incrby, "Adds a number to the integer value of a key."),
    local("info", -1, &run_info, "Returns facts about this server."),
    of_keys(read("mget", -2, &parse_mget, "Returns the values of several keys.")),
    of_pairs(write("mset", -3, &parse_mset, "Sets several keys at once.")),
    transaction("multi", TransactionControl::begin, "Begins a transaction."),
    local("ping", -1, &run_ping, "Returns PONG, or the given string."),
    local("quit", -1, &run_quit, "Closes the connection."),
    local("reset", 1, &run_reset, "Makes the connection as new."),
    local("role", 1, &run_role, "Returns whether this server leads."),
    local("select", 2, &run_select, "Selects the one database there is."),
    write("set", -3, &parse_set, "Sets the value of a key."),
    read("strlen", 2, &parse_strlen, "Returns the length of the value of a key."),
    of_keys(read("touch", -2, &parse_exists, "Returns how many of the keys exist.")),
    of_keys(write("unlink", -2, &parse_del, "Deletes keys.")),
};

constexpr std::size_t kNameBytesMax = 32;

}  // namespace

std::span<const CommandSpec> all_commands() { return kCommands; }

const CommandSpec* find_command(ByteView name) {
  if (name.size() > kNameBytesMax) return nullptr;
  std::array<char, kNameBytesMax> buffer = {};
  std::ranges::transform(text_of(name), buffer.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::string_view lower{buffer.data(), name.size()};
  const auto* const found = std::ranges::lower_bound(kCommands, lower, {}, &CommandSpec::name);
  return found != kCommands.end() && found->name == lower ? &*found : nullptr;
}

bool arity_fits(const CommandSpec& command, std::size_t arguments) {
  const auto given = static_cast<std::int64_t>(arguments);
  return command.arity >= 0 ? given == command.arity : given >= -command.arity;
}

}  // namespace proa::server
