#include <algorithm>
#include <string>

#include "kv/integer.hpp"
#include "server/detail/local_commands.hpp"
#include "server/detail/session.hpp"

// Commands about the connection itself.

namespace proa::server {
namespace {

constexpr std::size_t kNameBytesMax = 1024;

const char* role_word(const ReplicaStatus& status) {
  return status.role == Role::leader ? "master" : "replica";
}

void answer_hello(Session& session) {
  const ReplicaStatus status = session.server->replica->status();
  resp::ReplyWriter out = session.writer();
  out.map(7);
  out.bulk("server");
  out.bulk("redis");
  out.bulk("version");
  out.bulk("7.2.4");
  out.bulk("proto");
  out.integer(static_cast<std::int64_t>(session.protocol));
  out.bulk("id");
  out.integer(static_cast<std::int64_t>(session.id));
  out.bulk("mode");
  out.bulk("standalone");
  out.bulk("role");
  out.bulk(role_word(status));
  out.bulk("modules");
  out.array(0);
}

/// Nothing, or why it cannot be a name.
std::optional<std::string> why_no_name(ByteView name) {
  const bool plain =
      std::ranges::all_of(text_of(name), [](char c) { return c >= '!' && c <= '~'; });
  if (plain && name.size() <= kNameBytesMax) return std::nullopt;
  return "ERR Client names cannot contain spaces, newlines or special characters.";
}

constexpr const char* kNoPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you "
    "sure your configuration is correct?";

/// One option of HELLO at `at`, which moves behind it. False: the session has been answered.
bool take_hello_option(Session& session, Arguments arguments, std::size_t& at) {
  const std::size_t left = arguments.size() - at;
  if (same_word(arguments[at], "AUTH") && left >= 3) {
    session.writer().error(kNoPassword);
    return false;
  }
  if (same_word(arguments[at], "SETNAME") && left >= 2) {
    if (const auto why = why_no_name(arguments[at + 1])) {
      session.writer().error(*why);
      return false;
    }
    session.name = text_of(arguments[at + 1]);
    at += 2;
    return true;
  }
  session.writer().error("ERR Syntax error in HELLO option '" +
                         std::string{text_of(arguments[at]).substr(0, 128)} + "'");
  return false;
}

std::string describe(const Session& session) {
  const Instant now = session.server->runtime->now();
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - session.began_at).count();
  return "id=" + std::to_string(session.id) + " addr=" + session.remote +
         " laddr=" + session.server->address + " name=" + session.name +
         " age=" + std::to_string(age) +
         " idle=0 flags=N db=0 sub=0 psub=0 cmd=" + std::string{session.last_command} +
         " user=default lib-name=" + session.library_name + " lib-ver=" + session.library_version +
         " resp=" + std::to_string(static_cast<int>(session.protocol)) + "\n";
}

void set_name(Session& session, ByteView name) {
  if (const auto why = why_no_name(name)) return session.writer().error(*why);
  session.name = text_of(name);
  session.writer().simple("OK");
}

void set_info(Session& session, ByteView attribute, ByteView value) {
  if (value.size() > kNameBytesMax || why_no_name(value)) {
    return session.writer().error("ERR " + std::string{text_of(attribute)} +
                                  " cannot contain spaces, newlines or special characters.");
  }
  if (same_word(attribute, "lib-name")) {
    session.library_name = text_of(value);
  } else if (same_word(attribute, "lib-ver")) {
    session.library_version = text_of(value);
  } else {
    return session.writer().error("ERR Unrecognized option '" + std::string{text_of(attribute)} +
                                  "'");
  }
  session.writer().simple("OK");
}

}  // namespace

void run_auth(Session& session, Arguments) { session.writer().error(kNoPassword); }

void run_echo(Session& session, Arguments arguments) {
  session.writer().bulk(text_of(arguments[1]));
}

void run_ping(Session& session, Arguments arguments) {
  if (arguments.size() > 2) return session.writer().error(wrong_arity_text("ping"));
  if (arguments.size() == 2) return session.writer().bulk(text_of(arguments[1]));
  session.writer().simple("PONG");
}

void run_quit(Session& session, Arguments) {
  session.quits = true;
  session.writer().simple("OK");
}

void run_reset(Session& session, Arguments) {
  session.protocol = resp::Protocol::resp2;
  session.name.clear();
  session.transaction.reset();
  session.writer().simple("RESET");
}

void run_select(Session& session, Arguments arguments) {
  const auto number = kv::parse_integer(text_of(arguments[1]));
  if (!number) return session.writer().error("ERR value is not an integer or out of range");
  if (*number != 0) return session.writer().error("ERR DB index is out of range");
  session.writer().simple("OK");
}

void run_hello(Session& session, Arguments arguments) {
  resp::Protocol wanted = session.protocol;
  if (arguments.size() > 1) {
    const auto version = kv::parse_integer(text_of(arguments[1]));
    if (!version) {
      return session.writer().error("ERR Protocol version is not an integer or out of range");
    }
    if (*version != 2 && *version != 3) {
      return session.writer().error("NOPROTO unsupported protocol version");
    }
    wanted = static_cast<resp::Protocol>(*version);
  }
  for (std::size_t at = 2; at < arguments.size();) {
    if (!take_hello_option(session, arguments, at)) return;
  }
  session.protocol = wanted;
  answer_hello(session);
}

void run_client(Session& session, Arguments arguments) {
  const ByteView what = arguments[1];
  const std::size_t count = arguments.size();
  resp::ReplyWriter out = session.writer();
  if (same_word(what, "ID") && count == 2) {
    return out.integer(static_cast<std::int64_t>(session.id));
  }
  if (same_word(what, "GETNAME") && count == 2) {
    return session.name.empty() ? out.nil() : out.bulk(session.name);
  }
  if (same_word(what, "SETNAME") && count == 3) return set_name(session, arguments[2]);
  if (same_word(what, "SETINFO") && count == 4) {
    return set_info(session, arguments[2], arguments[3]);
  }
  if (same_word(what, "INFO") && count == 2) return out.verbatim(describe(session));
  if (same_word(what, "LIST")) return out.verbatim(describe(session));
  const bool harmless = same_word(what, "NO-EVICT") || same_word(what, "NO-TOUCH") ||
                        (same_word(what, "REPLY") && same_word(arguments.back(), "ON"));
  if (harmless && count == 3) return out.simple("OK");
  out.error(unknown_subcommand_text("CLIENT", what));
}

}  // namespace proa::server
