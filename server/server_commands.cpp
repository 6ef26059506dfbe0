#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "server/detail/command_table.hpp"
#include "server/detail/local_commands.hpp"
#include "server/detail/session.hpp"

// Commands about this server.

namespace proa::server {
namespace {

constexpr std::size_t kShownBytesMax = 128;

std::string lower(std::string_view text) {
  std::string lowered{text};
  std::ranges::transform(lowered, lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lowered;
}

/// What a program needs to know of a command: ten facts, in Redis's order.
void describe(resp::ReplyWriter& out, const CommandSpec& command) {
  const bool data = std::holds_alternative<DataCommand>(command.run);
  out.array(10);
  out.bulk(command.name);
  out.integer(command.arity);
  out.set(1);
  out.simple(command.writes ? "write" : data ? "readonly" : "fast");
  out.integer(command.first_key);
  out.integer(command.last_key);
  out.integer(command.key_step);
  out.set(0);    // categories of access
  out.array(0);  // tips
  out.array(0);  // key specifications
  out.array(0);  // subcommands
}

void document(resp::ReplyWriter& out, const CommandSpec& command) {
  const bool data = std::holds_alternative<DataCommand>(command.run);
  out.bulk(command.name);
  out.map(3);
  out.bulk("summary");
  out.bulk(command.summary);
  out.bulk("since");
  out.bulk("1.0.0");
  out.bulk("group");
  out.bulk(data ? "string" : "connection");
}

void command_info(Session& session, Arguments names) {
  resp::ReplyWriter out = session.writer();
  if (names.empty()) {
    out.array(all_commands().size());
    for (const CommandSpec& command : all_commands())
      describe(out, command);
    return;
  }
  out.array(names.size());
  for (const SharedBytes& name : names) {
    const CommandSpec* const command = find_command(name);
    command == nullptr ? out.nil() : describe(out, *command);
  }
}

void command_docs(Session& session, Arguments names) {
  std::vector<const CommandSpec*> wanted;
  for (const SharedBytes& name : names) {
    if (const CommandSpec* const command = find_command(name)) wanted.push_back(command);
  }
  if (names.empty()) {
    for (const CommandSpec& command : all_commands())
      wanted.push_back(&command);
  }
  resp::ReplyWriter out = session.writer();
  out.map(wanted.size());
  for (const CommandSpec* const command : wanted)
    document(out, *command);
}

/// Redis's patterns, as far as * and ? go.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    const std::string_view rest = pattern.substr(1);
    for (std::size_t skipped = 0; skipped <= text.size(); ++skipped) {
      if (matches(rest, text.substr(skipped))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         matches(pattern.substr(1), text.substr(1));
}

constexpr std::size_t kPatternBytesMax = 32;

/// What clients look for, in Redis's names: durable always, one database, no expiry.
std::vector<std::pair<std::string, std::string>> settings(const ServerContext& server) {
  return {{"appendfsync", "always"},
          {"appendonly", "yes"},
          {"databases", "1"},
          {"maxclients", std::to_string(server.options.clients_max)},
          {"maxmemory", "0"},
          {"maxmemory-policy", "noeviction"},
          {"port", std::to_string(host_and_port(server.address).second)},
          {"proto-max-bulk-len", std::to_string(server.options.request.argument_bytes)},
          {"save", ""},
          {"timeout", "0"}};
}

void config_get(Session& session, Arguments patterns) {
  std::vector<std::pair<std::string, std::string>> found;
  for (auto& setting : settings(*session.server)) {
    const bool wanted = std::ranges::any_of(patterns, [&](const SharedBytes& pattern) {
      return pattern.size() <= kPatternBytesMax && matches(lower(text_of(pattern)), setting.first);
    });
    if (wanted) found.push_back(std::move(setting));
  }
  resp::ReplyWriter out = session.writer();
  out.map(found.size());
  for (const auto& [name, value] : found) {
    out.bulk(name);
    out.bulk(value);
  }
}

}  // namespace

std::pair<std::string, int> host_and_port(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {address, 0};
  int port = 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return {address.substr(0, colon), port};
}

std::string unknown_command_text(Arguments arguments) {
  std::string shown;
  for (const SharedBytes& argument : arguments.subspan(1)) {
    if (shown.size() >= kShownBytesMax) break;
    shown += "'";
    shown += text_of(argument).substr(0, kShownBytesMax - shown.size());
    shown += "' ";
  }
  return "ERR unknown command '" +
         std::string{text_of(arguments.front()).substr(0, kShownBytesMax)} +
         "', with args beginning with: " + shown;
}

std::string wrong_arity_text(std::string_view command) {
  return "ERR wrong number of arguments for '" + std::string{command} + "' command";
}

std::string unknown_subcommand_text(std::string_view command, ByteView subcommand) {
  return "ERR unknown subcommand '" + std::string{text_of(subcommand).substr(0, kShownBytesMax)} +
         "'. Try " + std::string{command} + " HELP.";
}

void run_command(Session& session, Arguments arguments) {
  if (arguments.size() == 1) return command_info(session, {});
  const ByteView what = arguments[1];
  if (same_word(what, "COUNT") && arguments.size() == 2) {
    return session.writer().integer(static_cast<std::int64_t>(all_commands().size()));
  }
  if (same_word(what, "INFO")) return command_info(session, arguments.subspan(2));
  if (same_word(what, "DOCS")) return command_docs(session, arguments.subspan(2));
  if (same_word(what, "LIST") && arguments.size() == 2) {
    resp::ReplyWriter out = session.writer();
    out.array(all_commands().size());
    for (const CommandSpec& command : all_commands())
      out.bulk(command.name);
    return;
  }
  session.writer().error(unknown_subcommand_text("COMMAND", what));
}

void run_config(Session& session, Arguments arguments) {
  if (same_word(arguments[1], "GET")) {
    if (arguments.size() < 3) return session.writer().error(wrong_arity_text("config|get"));
    return config_get(session, arguments.subspan(2));
  }
  if (same_word(arguments[1], "SET")) {
    if (arguments.size() < 4) return session.writer().error(wrong_arity_text("config|set"));
    return session.writer().error(
        "ERR CONFIG SET is not supported: settings of this server change with its configuration "
        "file");
  }
  if (same_word(arguments[1], "RESETSTAT") && arguments.size() == 2) {
    return session.writer().simple("OK");
  }
  session.writer().error(unknown_subcommand_text("CONFIG", arguments[1]));
}

/// As a Redis server with this server's leader as its master would answer.
void run_role(Session& session, Arguments) {
  const ReplicaStatus status = session.server->replica->status();
  const auto offset = static_cast<std::int64_t>(status.applied_index.value);
  resp::ReplyWriter out = session.writer();
  if (status.role == Role::leader) {
    out.array(3);
    out.bulk("master");
    out.integer(offset);
    return out.array(0);
  }
  const auto [host, port] = host_and_port(status.leader_client_address);
  out.array(5);
  out.bulk("slave");
  out.bulk(host);
  out.integer(port);
  out.bulk(status.leader ? "connected" : "connect");
  out.integer(offset);
}

}  // namespace proa::server
