#pragma once

#include <memory>

#include "proa/base/result.hpp"
#include "proa/port/runtime.hpp"
#include "proa/runtime/runtime_options.hpp"

namespace proa {

namespace detail {
struct AsioContext;
}  // namespace detail

/// A runtime whose loop is Boost.Asio's: sockets of tcp_transport live on it. Let go of it on any
/// thread, after the node and the transport that run on it.
class AsioRuntime : public Runtime {
 public:
  /// For the stream layers; a name of Asio appears in no public header but asio.hpp.
  virtual detail::AsioContext& context() = 0;
};

/// One thread of its own for the loop, more for the lanes, and one that watches. Errors: io_error
/// when the system has no thread or descriptor left.
Result<std::shared_ptr<AsioRuntime>> make_runtime(const RuntimeOptions& options = {});

}  // namespace proa
