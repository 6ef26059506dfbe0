#include "proa/transport/detail/snapshot_send.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/mutant.hpp"

namespace proa {

namespace {
constexpr std::size_t kReplyChunkBytes = std::size_t{4} << 10;
constexpr std::uint64_t kBytesPerLimit = 262144;  // the model's TimeoutScale
}  // namespace

SnapshotSend::SnapshotSend(std::shared_ptr<NetContext> net, Target target,
                           const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                           Respond done)
    : net_(std::move(net)),
      target_(std::move(target)),
      state_(std::move(state)),
      done_(std::move(done)),
      to_pull_(request.snapshot.size),
      limit_(net_->options.snapshot_limit *
             (mutant("transfer of a snapshot limited whatever its size")
                  ? 1
                  : std::max<std::uint64_t>(1, request.snapshot.size / kBytesPerLimit))),
      received_(kReplyChunkBytes) {
  unsent_.push(wire::encode(request));
}

void SnapshotSend::start() {
  dialing_ = net_->streams->dial(target_.address, net_->options.dial_limit,
                                 [weak = weak_from_this()](Result<std::unique_ptr<Stream>> stream) {
                                   if (const auto self = weak.lock())
                                     self->on_dialled(std::move(stream));
                                 });
}

void SnapshotSend::cancel(const std::string& why) {
  fail({.code = Errc::peer_unreachable, .detail = why});
}

void SnapshotSend::on_dialled(Result<std::unique_ptr<Stream>> stream) {
  if (finished()) return;
  dialing_.reset();
  if (!stream) return fail(std::move(stream).error());
  stream_ = std::move(stream).value();
  timer_ = net_->runtime->start_timer(net_->runtime->now() + limit_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self != nullptr && !self->finished()) self->on_limit();
  });
  await_reply();
  pump();
}

void SnapshotSend::on_limit() {
  fail({.code = Errc::peer_unreachable,
        .detail = "not done within " + to_string(limit_) + "; the connection is given up"});
}

// ---- The state ----

void SnapshotSend::schedule_pump() {
  net_->runtime->loop().post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
}

// One chunk, then others have a turn. Each way out but the end arranges for exactly one more call.
void SnapshotSend::pump() {
  if (finished()) return;
  if (unsent_.empty() && !pull()) return;
  if (auto written = unsent_.write_to(*stream_); !written) return fail(std::move(written).error());
  if (unsent_.empty()) {
    if (!pulled_all_) schedule_pump();
    return;
  }
  stream_->when_writable([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
}

// False: nothing to write now. The last chunk waits for the end of the pipe: a state that turns out
// to be damaged must not arrive whole.
bool SnapshotSend::pull() {
  BytePipe::Pulled pulled = state_->try_pull();
  if (pulled.end.has_value()) return end_of_state(*pulled.end);
  if (pulled.chunk.data() == nullptr) {
    state_->when_pullable(net_->runtime->loop(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->pump();
    });
    return false;
  }
  if (pulled.chunk.empty()) return pull();
  if (pulled.chunk.size() > to_pull_) {
    fail({.code = Errc::corrupt, .detail = "the state is longer than its description says"});
    return false;
  }
  to_pull_ -= pulled.chunk.size();
  if (to_pull_ == 0) {
    last_chunk_ = std::move(pulled.chunk);
    return pull();
  }
  unsent_.push(std::move(pulled.chunk));
  return true;
}

bool SnapshotSend::end_of_state(const BytePipe::End& end) {
  if (end.error.has_value()) {
    fail(*end.error);
    return false;
  }
  if (to_pull_ > 0) {
    fail({.code = Errc::corrupt,
          .detail =
              "the state ends " + std::to_string(to_pull_) + " bytes before its description says"});
    return false;
  }
  pulled_all_ = true;
  unsent_.push(std::move(last_chunk_));
  return !unsent_.empty();
}

// ---- The reply ----

void SnapshotSend::await_reply() {
  stream_->when_readable([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self != nullptr && !self->finished()) self->on_readable();
  });
}

// A refusal may come before the state has left; the rest of it then need not.
void SnapshotSend::on_readable() {
  auto arrived = stream_->read_some(received_.space());
  if (!arrived) return fail(std::move(arrived).error());
  received_.received(*arrived);
  auto decoded = decoder_.next(wire::RpcKind::install_snapshot, received_.unread());
  if (!decoded) return fail(std::move(decoded).error());
  if (!decoded->has_value()) return await_reply();
  Result<Reply>& reply = (*decoded)->reply;
  if (!reply) return fail(std::move(reply).error());
  finish(std::move(reply));
}

void SnapshotSend::fail(Error error) {
  error.detail = target_.name + ": " + error.detail;
  finish(proa::fail(std::move(error)));
}

void SnapshotSend::finish(Result<Reply> reply) {
  if (finished()) return;
  Respond done = std::exchange(done_, {});
  stream_.reset();
  dialing_.reset();
  net_->runtime->cancel_timer(timer_);
  state_->stop(
      {.code = Errc::peer_unreachable, .detail = target_.name + ": the transfer has ended"});
  done(std::move(reply));
}

}  // namespace proa
