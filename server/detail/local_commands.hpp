#pragma once

#include <string>

#include "server/detail/data_commands.hpp"

namespace proa::server {

struct Session;

// Commands that need no other server. Each puts its answer into the session.
void run_auth(Session& session, Arguments arguments);
void run_client(Session& session, Arguments arguments);
void run_command(Session& session, Arguments arguments);
void run_config(Session& session, Arguments arguments);
void run_echo(Session& session, Arguments arguments);
void run_hello(Session& session, Arguments arguments);
void run_info(Session& session, Arguments arguments);
void run_ping(Session& session, Arguments arguments);
void run_quit(Session& session, Arguments arguments);
void run_reset(Session& session, Arguments arguments);
void run_role(Session& session, Arguments arguments);
void run_select(Session& session, Arguments arguments);

// Redis's texts.
std::string unknown_command_text(Arguments arguments);
std::string wrong_arity_text(std::string_view command);
std::string unknown_subcommand_text(std::string_view command, ByteView subcommand);

/// host and port of an address; the whole and 0, if it is none.
std::pair<std::string, int> host_and_port(const std::string& address);

}  // namespace proa::server
