#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "proa/transport/direct_transport.hpp"

namespace proa {

/// What a transport sends, kept until it is flushed. Threads: the loop.
class DirectOutbox {
 public:
  explicit DirectOutbox(std::shared_ptr<Courier> courier) : courier_(std::move(courier)) {}
  void add(Parcel parcel) { waiting_.push_back(std::move(parcel)); }
  void flush() {
    for (Parcel& parcel : std::exchange(waiting_, {}))
      courier_->carry(std::move(parcel));
  }

 private:
  std::shared_ptr<Courier> courier_;
  std::vector<Parcel> waiting_;
};

/// Who listens at an address. Threads: `runtime` any, the rest its loop.
struct DirectReceiver {
  std::weak_ptr<Runtime> runtime = {};
  TransportEvents* events = nullptr;  ///< nullptr: stopped
  std::shared_ptr<DirectOutbox> outbox = {};
};

/// One channel to one peer: what was asked and not answered yet. Answers come back in the order of
/// the requests. Threads: the loop of the sender.
class DirectConnection : public std::enable_shared_from_this<DirectConnection> {
 public:
  DirectConnection(std::shared_ptr<Runtime> runtime, DirectTransportOptions options)
      : runtime_(std::move(runtime)), options_(std::move(options)) {}

  bool full() const { return waiting_.size() >= options_.window_requests; }
  /// The number under which the answer comes back.
  std::uint64_t expect(Respond done);
  void when_writable(Fn<void()> callback);
  void answer(std::uint64_t number, Result<Reply> reply);
  void fail_all(const std::string& why);
  void close();  ///< fails what is outstanding and takes nothing any more

 private:
  struct Waiting {
    Respond done = {};
    std::optional<Result<Reply>> reply = {};
    Instant sent_at = {};
  };
  void arm_limit();
  void limit_reached();
  void tell_writable();

  std::shared_ptr<Runtime> runtime_;
  DirectTransportOptions options_;
  std::deque<Waiting> waiting_;
  std::uint64_t first_number_ = 1;  ///< of waiting_.front(); answers to earlier ones are ignored
  Fn<void()> writable_;
  TimerId limit_ = {};
  bool answering_ = false;
};

/// Moves the bytes of a snapshot from the sender's pipe into the receiver's. Threads: the loop of
/// the sender.
class DirectPump : public std::enable_shared_from_this<DirectPump> {
 public:
  DirectPump(std::shared_ptr<Runtime> runtime, std::shared_ptr<BytePipe> from)
      : runtime_(std::move(runtime)), from_(std::move(from)) {}
  ~DirectPump() { stop("the sender is gone"); }

  const std::shared_ptr<BytePipe>& to() const { return to_; }
  void run();
  void stop(const std::string& why);

 private:
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<BytePipe> from_;
  std::shared_ptr<BytePipe> to_ = std::make_shared<BytePipe>();
  SharedBytes chunk_;  ///< pulled and not yet pushed
  bool ended_ = false;
};

}  // namespace proa
