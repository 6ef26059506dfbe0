#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proa/port/runtime.hpp"
#include "proa/port/stream_layer.hpp"
#include "proa/transport/call_options.hpp"

namespace proa {

class CallOutbound;

/// Calls one server in Proa's own protocol (call_frames.hpp) over one connection, which is dialled
/// when there is something to call and again after it broke. Answers come in any order. After a
/// failure the server is left alone for a moment; until then calls fail at once, with its reason.
///
/// Errors of a call, beside the server's own: busy (too many are open), peer_unreachable,
/// unsupported_protocol (the server closes without a hello, as a hashicorp/raft one does, or
/// speaks none of our versions), protocol_error, deadline. Error::outcome is not_executed as long
/// as the request had not begun to leave. Threads: the loop.
class CallClient {
 public:
  using Done = Fn<void(Result<SharedBytes>)>;

  CallClient(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
             ServerAddress to, CallOptions options);
  ~CallClient();  ///< every open call ends now, with an Error
  CallClient(const CallClient&) = delete;
  CallClient& operator=(const CallClient&) = delete;

  /// `done` runs exactly once, on the loop, never inside this call; after `limit` with deadline.
  void call(std::uint8_t kind, SharedBytes body, Duration limit, Done done);
  /// What the server said of itself; nothing while no connection stands.
  std::optional<CallHello> hello() const;

 private:
  std::shared_ptr<CallOutbound> outbound_;
};

}  // namespace proa
