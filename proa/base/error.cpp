#include "proa/base/error.hpp"

namespace proa {

const char* to_string(Errc code) {
  switch (code) {
    case Errc::not_leader:
      return "not_leader";
    case Errc::leadership_transfer_in_progress:
      return "leadership_transfer_in_progress";
    case Errc::busy:
      return "busy";
    case Errc::cannot_bootstrap:
      return "cannot_bootstrap";
    case Errc::configuration_changed:
      return "configuration_changed";
    case Errc::nothing_new_to_snapshot:
      return "nothing_new_to_snapshot";
    case Errc::invalid_config:
      return "invalid_config";
    case Errc::command_too_large:
      return "command_too_large";
    case Errc::unsupported_by_leader:
      return "unsupported_by_leader";
    case Errc::leadership_lost:
      return "leadership_lost";
    case Errc::shutdown:
      return "shutdown";
    case Errc::deadline:
      return "deadline";
    case Errc::aborted_by_restore:
      return "aborted_by_restore";
    case Errc::log_not_found:
      return "log_not_found";
    case Errc::snapshot_not_found:
      return "snapshot_not_found";
    case Errc::io_error:
      return "io_error";
    case Errc::corrupt:
      return "corrupt";
    case Errc::peer_unreachable:
      return "peer_unreachable";
    case Errc::protocol_error:
      return "protocol_error";
    case Errc::unsupported_protocol:
      return "unsupported_protocol";
  }
  return "unknown";
}

std::string to_string(const Error& error) {
  std::string text = to_string(error.code);
  if (!error.detail.empty()) text += ": " + error.detail;
  return text;
}

}  // namespace proa
