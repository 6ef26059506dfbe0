#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proa/base/result.hpp"

namespace proa::detail {

/// `host:port`, `[ipv6]:port`, `:port`. The host is a name, an address, or empty.
struct HostPort {
  std::string host = {};
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

Result<HostPort> parse_host_port(std::string_view text);  ///< Errors: invalid_config
std::string to_string(const HostPort& address);           ///< brackets around a host with a colon

/// Nobody can be reached at it: empty, 0.0.0.0 or ::
bool is_unspecified(std::string_view host);

}  // namespace proa::detail
