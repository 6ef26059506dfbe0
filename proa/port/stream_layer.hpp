#pragma once

#include <memory>
#include <span>
#include <string>

#include "proa/base/bytes.hpp"
#include "proa/base/fn.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"
#include "proa/base/time.hpp"

namespace proa {

/// A connection: bytes both ways, in order. Never blocks. Threads: the loop. Errors of all calls:
/// peer_unreachable once the connection is gone; everything after that fails the same way.
class Stream {
 public:
  virtual ~Stream() = default;  ///< closes; no callback runs afterwards
  /// What is there now, at most buffer.size() bytes; 0 if nothing is there yet. The end of the
  /// stream is an error.
  virtual Result<std::size_t> read_some(std::span<std::byte> buffer) = 0;
  /// Takes as much of the pieces, one behind the other, as fits now; 0 if nothing does.
  virtual Result<std::size_t> write_some(std::span<const ByteView> pieces) = 0;
  /// Each calls back once, later: at the next chance to read (or the end) or to write. One of each
  /// may be outstanding.
  virtual void when_readable(Fn<void()> callback) = 0;
  virtual void when_writable(Fn<void()> callback) = 0;
  virtual std::string remote() const = 0;  ///< the other end, for log lines
};

/// A connection attempt. Threads: the loop.
class Dialing {
 public:
  virtual ~Dialing() = default;  ///< gives up; the callback does not run afterwards
};

/// Where streams come from: TCP, TLS, a multiplexer that writes its own first byte, or a simulated
/// network. Threads: the loop.
class StreamLayer {
 public:
  virtual ~StreamLayer() = default;
  /// Calls back for each stream that somebody opens to us.
  virtual Result<void> listen(Fn<void(std::unique_ptr<Stream>)> accepted) = 0;
  virtual void stop_listening() = 0;
  virtual ServerAddress local_address() const = 0;
  /// Calls back once, never inside the call, if the Dialing still lives. Errors: peer_unreachable.
  virtual std::unique_ptr<Dialing> dial(const ServerAddress& address, Duration limit,
                                        Fn<void(Result<std::unique_ptr<Stream>>)> done) = 0;
};

}  // namespace proa
