#pragma once

#include <cstdint>
#include <memory>

#include "proa/base/fn.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"
#include "proa/model/messages.hpp"
#include "proa/port/byte_pipe.hpp"
#include "proa/port/runtime.hpp"

namespace proa {

/// A connection each: a heartbeat must not queue behind an append, nor an append behind a snapshot.
enum class Channel : std::uint8_t { control, append, snapshot };

using Respond = Fn<void(Result<Reply>)>;

/// What arrives from other servers. Threads: the loop.
class TransportEvents {
 public:
  virtual ~TransportEvents() = default;
  /// `respond` is called exactly once, later than this call returns or inside it, in any order
  /// among requests; the transport restores the order of the wire.
  virtual void on_request(Request&& request, Respond respond) = 0;
  /// The state comes through the pipe: `request.snapshot.size` bytes, or an error in its End.
  virtual void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                           Respond respond) = 0;
};

/// Another server, seen from here. Requests on one channel are answered in their order. Threads:
/// the loop. No callback runs inside send.
class Peer {
 public:
  virtual ~Peer() = default;  ///< cancels: every outstanding callback runs once, with an Error
  /// False: the window of the channel is full; nothing was taken, `done` will not run. Otherwise
  /// `done` runs exactly once. Errors: peer_unreachable, protocol_error, unsupported_protocol.
  virtual bool send(Channel channel, const Request& request, Respond& done) = 0;
  virtual void when_writable(Channel channel, Fn<void()> callback) = 0;  ///< once, later
  virtual void send_snapshot(const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                             Respond done) = 0;
};

/// Carries messages between the servers. Owns the runtime that the node runs on. Threads: the
/// loop, but for runtime() and local_address().
class Transport {
 public:
  virtual ~Transport() = default;
  virtual std::shared_ptr<Runtime> runtime() = 0;
  virtual Result<void> start(TransportEvents& events) = 0;
  virtual void
  stop() = 0;  ///< the events are not called again; open `respond`s may still be called
  virtual ServerAddress local_address() const = 0;
  /// What was given to send and to `respond` leaves now, in as few system calls as possible;
  /// nothing is sure to leave earlier. The driver calls it at the end of step 4 of the turn
  /// (design.md §4), before what may block.
  virtual void flush() {}
  virtual std::unique_ptr<Peer> connect(const Server& server) = 0;
};

}  // namespace proa
