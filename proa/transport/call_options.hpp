#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "proa/base/logger.hpp"
#include "proa/base/time.hpp"
#include "proa/transport/call_frames.hpp"

namespace proa {

/// Settings of both ends of Proa's own protocol.
struct CallOptions {
  CallHello hello = {};  ///< who we are

  Duration dial_limit = std::chrono::seconds{3};
  Duration hello_limit = std::chrono::seconds{5};  ///< from the connection to the other's hello
  /// Pause before a server that failed is dialled again; a server that closed without a hello is
  /// left alone for longer each time.
  Duration redial_first = std::chrono::milliseconds{10};
  Duration redial_last = std::chrono::milliseconds{500};
  Duration silent_first = std::chrono::milliseconds{100};
  Duration silent_last = std::chrono::seconds{60};

  std::size_t call_bytes_max = std::size_t{65} << 20;  ///< of one body, either way
  std::size_t open_calls_max = 8192;                   ///< per connection, not yet answered
  std::size_t open_bytes_max = std::size_t{128} << 20;
  std::size_t connections_max = 256;  ///< accepted; the one silent longest gives way to a new one

  std::shared_ptr<Logger> logger = std::make_shared<NullLogger>();
};

}  // namespace proa
