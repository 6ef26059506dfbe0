#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "proa/port/transport.hpp"
#include "proa/transport/detail/awaited_stream.hpp"
#include "proa/transport/detail/net_context.hpp"
#include "proa/transport/detail/receive_buffer.hpp"
#include "proa/transport/detail/send_queue.hpp"
#include "proa/transport/detail/snapshot_body.hpp"
#include "proa/wire/frame_decoder.hpp"

namespace proa {

/// A connection that somebody opened to us: requests come in, replies go out in the same order,
/// whatever the order they are given in. Reads ahead of the replies within the bounds of
/// NetOptions. Malformed bytes end this connection, after the replies to what came before them, and
/// nothing else. Threads: the loop.
class NetInbound : public Flushable, public std::enable_shared_from_this<NetInbound> {
 public:
  NetInbound(std::shared_ptr<NetContext> net, std::unique_ptr<Stream> stream,
             TransportEvents& events, Fn<void()> closed);

  void start();
  void flush() override;
  void close();  ///< the events are not called again, nor is `closed`
  Instant heard_at() const { return heard_at_; }
  const std::string& remote() const { return remote_; }

 private:
  /// A request between its arrival and its reply.
  struct Open {
    wire::RpcKind kind = {};
    std::size_t bytes = 0;
    std::optional<wire::EncodedMessage> reply = {};
  };

  void await_bytes();
  void on_readable();
  void read_on();
  void read_on_later();
  bool reads_ahead() const;
  bool take_request();
  void accept(wire::ArrivedRequest&& arrived);
  bool take_body();
  bool refuse(const std::string& why);
  void respond(std::uint64_t number, Result<Reply> reply);
  void release_replies();
  void end_of_stream(const Error& error);
  void end();

  std::shared_ptr<NetContext> net_;
  AwaitedStream stream_;
  TransportEvents& events_;
  Fn<void()> closed_;
  std::string remote_;
  Instant heard_at_ = {};

  ReceiveBuffer received_;
  wire::RequestDecoder decoder_;
  std::optional<SnapshotBody> body_ = {};  ///< of the newest open request
  std::deque<Open> open_ = {};
  std::size_t open_bytes_ = 0;
  std::uint64_t first_open_ = 0;  ///< number of the first open request
  SendQueue unsent_ = {};

  bool stalled_ = false;  ///< what has arrived waits until replies have left
  bool refused_ = false;  ///< nothing more is taken; it ends with the last reply
};

}  // namespace proa
