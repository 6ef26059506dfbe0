#pragma once

#include <memory>

#include "proa/base/result.hpp"
#include "proa/port/transport.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/tcp.hpp"
#include "proa/transport/net_options.hpp"

namespace proa {

struct TcpTransportOptions {
  TcpOptions tcp = {};
  NetOptions net = {};
};

/// hashicorp/raft's protocol over plain TCP. The port is bound when this returns. Errors: those of
/// tcp_stream_layer.
Result<std::shared_ptr<Transport>> tcp_transport(std::shared_ptr<AsioRuntime> runtime,
                                                 TcpTransportOptions options);

}  // namespace proa
