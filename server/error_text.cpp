#include "server/detail/error_text.hpp"

#include "proa/base/mutant.hpp"

namespace proa::server {
namespace {

std::string with_leader(const Error& error) {
  std::string text = error.detail;
  if (error.leader) text += " (leader: " + to_string(*error.leader) + ")";
  return text;
}

std::string text_of_refusal(const Error& error) {
  const std::string detail = with_leader(error);
  switch (error.code) {
    case Errc::busy:
    case Errc::leadership_transfer_in_progress:
    case Errc::leadership_lost:
    case Errc::deadline:
    case Errc::aborted_by_restore:
      return "TRYAGAIN not executed: " + detail;
    case Errc::command_too_large:
    case Errc::invalid_config:
      return "ERR " + detail;
    case Errc::unsupported_by_leader:
    case Errc::unsupported_protocol:
      return "ERR unsupported by the leader: " + detail;
    case Errc::io_error:
    case Errc::corrupt:
      return "MISCONF " + detail;
    default:
      return "CLUSTERDOWN not executed: " + detail;
  }
}

}  // namespace

std::string error_text_of_write(const Error& error) {
  const bool lied = mutant("unknown outcome told as refusal");
  if (error.outcome == Outcome::not_executed || lied) return text_of_refusal(error);
  return "TIMEOUT outcome unknown: the write may or may not have happened: " + error.detail;
}

std::string error_text_of_read(const Error& error) { return text_of_refusal(error); }

}  // namespace proa::server
