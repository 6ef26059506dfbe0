#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "proa/base/result.hpp"
#include "proa/port/stream_layer.hpp"
#include "proa/runtime/asio_runtime.hpp"

namespace proa {

struct TcpOptions {
  /// Where to listen: `host:port`. Port 0: any free one; an empty host: every interface.
  std::string bind = "127.0.0.1:0";
  /// What others are told to reach us at. Empty: what is bound, which must then not be every
  /// interface, since nobody could dial that. Port 0 stands for the bound one.
  std::string advertise = {};
  /// Accepted connections open at a time; more are closed at once, and the log says so.
  std::size_t connections_max = 1024;
};

/// Plain TCP. The port is bound when this returns, so that a port in use stops the start; who
/// connects waits until listen(). Threads: open it and let go of it on any but a lane.
/// Errors: invalid_config (an address that cannot be), io_error (the port cannot be had).
Result<std::unique_ptr<StreamLayer>> tcp_stream_layer(std::shared_ptr<AsioRuntime> runtime,
                                                      const TcpOptions& options);

}  // namespace proa
