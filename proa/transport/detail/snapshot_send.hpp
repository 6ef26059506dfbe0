#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proa/port/transport.hpp"
#include "proa/transport/detail/net_context.hpp"
#include "proa/transport/detail/receive_buffer.hpp"
#include "proa/transport/detail/send_queue.hpp"
#include "proa/wire/frame_decoder.hpp"

namespace proa {

/// One InstallSnapshot: a connection of its own, the request, the state from a pipe, the reply.
/// Threads: the loop.
class SnapshotSend : public std::enable_shared_from_this<SnapshotSend> {
 public:
  struct Target {
    std::string name = {};  ///< for errors: `the snapshot channel to n2 (10.0.0.2:7000)`
    ServerAddress address = {};
  };

  SnapshotSend(std::shared_ptr<NetContext> net, Target target,
               const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
               Respond done);

  void start();
  void cancel(const std::string& why);  ///< `done` runs with an error, unless it has run
  bool finished() const { return !done_; }

 private:
  void on_dialled(Result<std::unique_ptr<Stream>> stream);
  void on_limit();
  void schedule_pump();
  void pump();
  bool pull();
  bool end_of_state(const BytePipe::End& end);
  void await_reply();
  void on_readable();
  void fail(Error error);
  void finish(Result<Reply> reply);

  std::shared_ptr<NetContext> net_;
  Target target_;
  std::shared_ptr<BytePipe> state_;
  Respond done_;
  std::uint64_t to_pull_;  ///< bytes of the state that have not come out of the pipe
  bool pulled_all_ = false;
  SharedBytes last_chunk_ = {};  ///< held back until the pipe has ended well
  Duration limit_;
  TimerId timer_ = {};
  std::unique_ptr<Dialing> dialing_ = {};
  std::unique_ptr<Stream> stream_ = {};
  SendQueue unsent_ = {};
  ReceiveBuffer received_;
  wire::ReplyDecoder decoder_ = {};
};

}  // namespace proa
