#pragma once

#include <memory>

#include "proa/port/stream_layer.hpp"
#include "proa/runtime/asio_runtime.hpp"

namespace proa::detail {

using Dialed = Fn<void(Result<std::unique_ptr<Stream>>)>;

/// Resolves a name, connects to the first of its addresses that answers, all within `limit`.
/// Threads: the loop.
std::unique_ptr<Dialing> dial_tcp(std::shared_ptr<AsioRuntime> runtime,
                                  const ServerAddress& address, Duration limit, Dialed done);

}  // namespace proa::detail
