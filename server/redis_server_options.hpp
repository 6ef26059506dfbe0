#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "proa/base/logger.hpp"
#include "server/resp/request_parser.hpp"

namespace proa::server {

/// Settings of a RedisServer. Each limit is per connection, but for clients_max.
struct RedisServerOptions {
  std::size_t clients_max = 10000;
  std::size_t commands_in_flight_max = 4096;  ///< taken and not yet answered
  std::size_t bytes_in_flight_max = std::size_t{64} << 20;
  std::size_t unsent_bytes_max = std::size_t{1} << 20;  ///< answers that the client does not read
  resp::RequestLimits request = {};
  std::string version = "0.1.0";
  std::shared_ptr<Logger> logger = std::make_shared<NullLogger>();
};

}  // namespace proa::server
