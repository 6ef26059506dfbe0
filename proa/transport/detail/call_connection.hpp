#pragma once

#include <memory>
#include <optional>
#include <string>

#include "proa/port/runtime.hpp"
#include "proa/port/stream_layer.hpp"
#include "proa/transport/call_options.hpp"
#include "proa/transport/detail/awaited_stream.hpp"
#include "proa/transport/detail/receive_buffer.hpp"
#include "proa/transport/detail/send_queue.hpp"

namespace proa {

/// Who owns a CallConnection: one end of calls. Each of these is called on the loop, never inside
/// a call of the owner; close() and letting go of the connection are allowed in all of them.
class CallConnectionOwner {
 public:
  virtual ~CallConnectionOwner() = default;
  virtual bool takes_frames() const = 0;  ///< false: reads on after read_on()
  virtual Result<void> on_hello(const CallHello& theirs) = 0;
  virtual Result<void> on_frame(const CallFrame& frame, SharedBytes body) = 0;
  virtual void on_end(const Error& why) = 0;  ///< the connection is closed already
};

/// A stream that speaks Proa's own protocol: a hello each way, then frames. What is sent in one
/// turn leaves together at the end of its input. Threads: the loop.
class CallConnection : public std::enable_shared_from_this<CallConnection> {
 public:
  CallConnection(std::shared_ptr<Runtime> runtime, std::unique_ptr<Stream> stream,
                 const CallOptions& options, CallConnectionOwner& owner);

  void start() { await_bytes(); }
  void send_hello();
  void send(const CallFrame& frame, const SharedBytes& body);
  void read_on();  ///< later; the owner takes frames again
  void close();    ///< the owner is not called again
  bool is_open() const { return stream_.is_open(); }
  std::size_t unsent_bytes() const { return unsent_.bytes(); }
  Instant heard_at() const { return heard_at_; }
  const std::string& remote() const { return remote_; }

 private:
  void await_bytes();
  void on_readable();
  void take_all();
  Result<bool> take_one();
  Result<bool> take_hello();
  void flush_later();
  void flush();
  void end(const Error& why);

  std::shared_ptr<Runtime> runtime_;
  AwaitedStream stream_;
  const CallOptions& options_;
  CallConnectionOwner* owner_;
  std::string remote_;
  Instant heard_at_ = {};

  ReceiveBuffer received_;
  SendQueue unsent_ = {};
  bool has_hello_ = false;
  bool will_flush_ = false;
  bool will_read_ = false;
};

}  // namespace proa
