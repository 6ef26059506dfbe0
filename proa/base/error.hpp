#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proa/base/ids.hpp"

namespace proa {

/// What the caller may conclude about the effect of what failed.
enum class Outcome : std::uint8_t { unknown, not_executed };

enum class Errc : std::uint8_t {
  // Refused; nothing happened. `Error::leader` is filled when known.
  not_leader,
  leadership_transfer_in_progress,
  busy,
  cannot_bootstrap,
  configuration_changed,
  nothing_new_to_snapshot,
  invalid_config,
  command_too_large,
  unsupported_by_leader,
  // The outcome may be unknown: `Error::outcome` says so.
  leadership_lost,
  shutdown,
  deadline,
  // No effect: a restored snapshot replaced the state it would have changed.
  aborted_by_restore,
  log_not_found,
  snapshot_not_found,
  io_error,
  corrupt,
  peer_unreachable,
  protocol_error,
  unsupported_protocol,
};

/// Why something failed. Programs decide by `outcome` and `code`; `detail` is for people.
struct Error {
  Errc code = Errc::io_error;
  Outcome outcome = Outcome::unknown;  ///< unknown unless whoever made it can promise more
  std::optional<Server> leader = {};   ///< whom to ask instead
  std::string detail = {};             ///< what failed, where, why, what to do; never parsed
  friend bool operator==(const Error&, const Error&) = default;
};

/// The enumerator's name, e.g. `not_leader`.
const char* to_string(Errc code);

/// `not_leader: ...detail...`, for logs and terminals.
std::string to_string(const Error& error);

}  // namespace proa
