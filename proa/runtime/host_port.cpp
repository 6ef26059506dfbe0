#include "proa/runtime/detail/host_port.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace proa::detail {
namespace {

Failure malformed(std::string_view text, std::string_view why) {
  std::string detail = "address '";
  detail.append(text).append("' ").append(why).append("; write host:port or [ipv6]:port");
  return fail(Error{
      .code = Errc::invalid_config, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(text, "has no port");
  std::string_view host = text.substr(0, colon);
  const std::string digits{text.substr(colon + 1)};
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find_first_of(":[]") != std::string_view::npos) {
    return malformed(text, "has several colons without brackets around the host");
  }
  HostPort parsed{.host = std::string{host}};
  const char* end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, parsed.port);
  if (digits.empty() || error != std::errc{} || stopped != end) {
    return malformed(text, "has no port between 0 and 65535 behind the colon");
  }
  return parsed;
}

std::string to_string(const HostPort& address) {
  const bool brackets = address.host.find(':') != std::string::npos;
  std::string text = brackets ? "[" + address.host + "]" : address.host;
  return text.append(":").append(std::to_string(address.port));
}

bool is_unspecified(std::string_view host) {
  if (host.empty()) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string{host}, error);
  return !error && address.is_unspecified();
}

}  // namespace proa::detail
