#include "proa/driver/snapshot_receiver.hpp"

#include <utility>

#include "proa/base/guarded.hpp"

namespace proa::driver {

/// What happens on the snapshot lane: one chunk in a task, so that others get their turn.
class SnapshotReceiver::Storing : public std::enable_shared_from_this<Storing> {
 public:
  using Ended = Fn<void(Result<std::string>)>;

  Storing(LaneExecutor& lane, std::shared_ptr<SnapshotStore> store, IncomingSnapshot incoming)
      : lane_(lane), store_(std::move(store)), incoming_(std::move(incoming)) {}

  void start(Ended ended) {
    ended_ = std::move(ended);
    next_later();
  }
  /// Any thread.
  std::uint64_t received() const { return received_.copy(); }

 private:
  const SnapshotMeta& meta() const { return incoming_.request.snapshot; }
  BytePipe& pipe() { return *incoming_.state; }

  void next_later() {
    lane_.post([self = shared_from_this()] { self->next(); });
  }

  void next() {
    Result<bool> more = take_chunk();
    if (!more) return end(fail(std::move(more).error()));
    if (!*more) return end(close());
  }

  /// False: all of it is there. Otherwise it has arranged for the next call.
  Result<bool> take_chunk() {
    if (const auto why = pipe().stopped()) return fail(*why);
    if (sink_ == nullptr) {
      PROA_TRY(sink_, create());
    }
    const BytePipe::Pulled pulled = pipe().try_pull();
    if (pulled.end.has_value()) {
      if (pulled.end->error.has_value()) return fail(*pulled.end->error);
      return false;
    }
    if (pulled.chunk.data() == nullptr) {
      pipe().when_pullable(lane_, [self = shared_from_this()] { self->next(); });
      return true;
    }
    PROA_TRY(sink_->write(pulled.chunk));
    received_.with([&](std::uint64_t& bytes) { bytes += pulled.chunk.size(); });
    next_later();
    return true;
  }

  Result<std::unique_ptr<SnapshotSink>> create() {
    SnapshotMeta ours = meta();
    ours.version = SnapshotMeta::kVersion;
    return store_->create(ours);
  }

  Result<std::string> close() {
    if (received() != meta().size) {
      return fail(Errc::protocol_error, "the snapshot of " + incoming_.request.leader.id.value +
                                            " ended after " + std::to_string(received()) + " of " +
                                            std::to_string(meta().size) + " bytes");
    }
    PROA_TRY(sink_->close());
    return sink_->id();
  }

  void end(Result<std::string> result) {
    if (!result) pipe().stop(result.error());
    sink_.reset();  // unless it is closed, what was written goes with it
    if (ended_) std::exchange(ended_, {})(std::move(result));
  }

  LaneExecutor& lane_;
  std::shared_ptr<SnapshotStore> store_;
  IncomingSnapshot incoming_;
  std::unique_ptr<SnapshotSink> sink_;
  Guarded<std::uint64_t> received_;
  Ended ended_ = {};
};

SnapshotReceiver::SnapshotReceiver(SnapshotReceiverParts parts, LaneExecutor& lane,
                                   IncomingSnapshot incoming)
    : parts_(std::move(parts)),
      incoming_(std::move(incoming)),
      storing_(std::make_shared<Storing>(lane, parts_.snapshots, incoming_)),
      timer_(parts_.runtime, [this] { look(); }) {}

SnapshotReceiver::~SnapshotReceiver() {
  *alive_ = false;
  stop({.code = Errc::shutdown, .detail = "the snapshot is not wanted any more"});
}

void SnapshotReceiver::start(Fn<void(Result<std::string>)> stored) {
  auto callback = std::make_shared<Fn<void(Result<std::string>)>>(std::move(stored));
  storing_->start([runtime = parts_.runtime, callback, alive = alive_](Result<std::string> result) {
    runtime->loop().post([callback, alive, result = std::move(result)]() mutable {
      if (*alive) (*callback)(std::move(result));
    });
  });
  timer_.arm(parts_.runtime->now() + kSilenceMax);
}

void SnapshotReceiver::look() {
  const std::uint64_t received = storing_->received();
  const std::string how_far = std::to_string(received) + " of " +
                              std::to_string(incoming_.request.snapshot.size) +
                              " bytes of the snapshot of " + incoming_.request.leader.id.value;
  if (received == seen_) {
    return stop({.code = Errc::peer_unreachable,
                 .detail = how_far + ", and nothing more in " + to_string(kSilenceMax)});
  }
  if (parts_.logger->enabled(LogLevel::info)) {
    parts_.logger->log(LogLevel::info, "raft: received " + how_far);
  }
  seen_ = received;
  timer_.arm(parts_.runtime->now() + kSilenceMax);
}

void SnapshotReceiver::stop(Error why) {
  timer_.disarm();
  incoming_.state->stop(std::move(why));
}

}  // namespace proa::driver
