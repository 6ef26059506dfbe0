#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "proa/port/transport.hpp"
#include "proa/transport/detail/awaited_stream.hpp"
#include "proa/transport/detail/backoff.hpp"
#include "proa/transport/detail/net_context.hpp"
#include "proa/transport/detail/receive_buffer.hpp"
#include "proa/transport/detail/send_queue.hpp"
#include "proa/wire/frame_decoder.hpp"

namespace proa {

/// Requests to one peer over a connection of their own, answered in their order. Connects when
/// there is something to send; loses all open requests when the connection is lost. Threads: the
/// loop.
class NetChannel : public Flushable, public std::enable_shared_from_this<NetChannel> {
 public:
  struct Options {
    std::string name = {};  ///< for errors: `the append channel to n2 (10.0.0.2:7000)`
    ServerAddress address = {};
    Duration limit = {};  ///< for the oldest open request
  };

  NetChannel(std::shared_ptr<NetContext> net, Options options);
  ~NetChannel() override;
  NetChannel(const NetChannel&) = delete;
  NetChannel& operator=(const NetChannel&) = delete;

  bool send(const Request& request, Respond& done);
  void when_writable(Fn<void()> callback);
  void flush() override;
  void cancel();  ///< runs every open callback with an error; nothing runs afterwards

 private:
  struct Open {
    wire::RpcKind kind = {};
    Instant sent_at = {};
    std::size_t bytes = 0;
    Respond done = {};
  };
  struct Failed {
    Error error = {};
    Respond done = {};
  };

  void connect();
  void dial();
  void on_dialled(Result<std::unique_ptr<Stream>> stream);
  void on_readable();
  void deliver_replies();
  void write();
  void watch_limit();
  void on_limit();
  void fail(Error error);
  void disconnect();
  void give_up_open(const Error& error);
  void report_failed();
  void wake_sender();
  bool window_is_open(std::size_t more) const;
  std::weak_ptr<NetChannel> weak() { return weak_from_this(); }

  std::shared_ptr<NetContext> net_;
  Options options_;
  Backoff backoff_;
  Instant redial_at_ = {};
  TimerId redial_timer_ = {};
  TimerId limit_timer_ = {};
  std::unique_ptr<Dialing> dialing_ = {};
  AwaitedStream stream_ = {};

  SendQueue unsent_ = {};
  ReceiveBuffer received_;
  wire::ReplyDecoder decoder_ = {};
  std::deque<Open> open_ = {};      ///< in the order of the wire
  std::deque<Failed> failed_ = {};  ///< lost, their callbacks still to run
  std::size_t open_bytes_ = 0;
  Fn<void()> when_writable_ = {};
  bool cancelled_ = false;
};

}  // namespace proa
