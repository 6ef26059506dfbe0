#include <utility>

#include "proa/transport/detail/call_connection.hpp"

namespace proa {

namespace {
constexpr std::size_t kChunkBytes = std::size_t{16} << 10;
}  // namespace

CallConnection::CallConnection(std::shared_ptr<Runtime> runtime, std::unique_ptr<Stream> stream,
                               const CallOptions& options, CallConnectionOwner& owner)
    : runtime_(std::move(runtime)),
      stream_(std::move(stream)),
      options_(options),
      owner_(&owner),
      remote_(stream_->remote()),
      heard_at_(runtime_->now()),
      received_(kChunkBytes) {}

void CallConnection::await_bytes() {
  stream_.await_bytes<&CallConnection::on_readable>(weak_from_this());
}

void CallConnection::close() {
  owner_ = nullptr;
  stream_.close();
}

// ---- Sending ----

void CallConnection::send_hello() {
  unsent_.push(encode(options_.hello));
  flush_later();
}

void CallConnection::send(const CallFrame& frame, const SharedBytes& body) {
  unsent_.push(encode(frame));
  if (!body.empty()) unsent_.push(body);
  flush_later();
}

void CallConnection::flush_later() {
  if (std::exchange(will_flush_, true)) return;
  runtime_->at_input_end([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->will_flush_ = false;
    self->flush();
  });
}

void CallConnection::flush() {
  if (!stream_.is_open() || stream_.awaits_room()) return;
  if (auto written = unsent_.write_to(*stream_); !written) {
    // Its owner may have been in the middle of something when this was called.
    return runtime_->loop().post([weak = weak_from_this(), why = std::move(written).error()] {
      if (const auto self = weak.lock()) self->end(why);
    });
  }
  if (!unsent_.empty()) return stream_.await_room<&CallConnection::flush>(weak_from_this());
  if (!stream_.awaits_bytes()) read_on();  // it may have waited for answers to leave
}

// ---- Reading ----

void CallConnection::on_readable() {
  heard_at_ = runtime_->now();
  const auto arrived = stream_->read_some(received_.space());
  if (!arrived) return end(arrived.error());
  received_.received(*arrived);
  take_all();
}

void CallConnection::read_on() {
  if (std::exchange(will_read_, true)) return;
  runtime_->loop().post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->will_read_ = false;
    if (self->stream_.is_open()) self->take_all();
  });
}

void CallConnection::take_all() {
  while (stream_.is_open() && owner_->takes_frames()) {
    const Result<bool> taken = has_hello_ ? take_one() : take_hello();
    if (!stream_.is_open()) return;
    if (!taken) return end(taken.error());
    if (!*taken) return await_bytes();
  }
}

// False, of these two: it has to wait for bytes.
Result<bool> CallConnection::take_hello() {
  PROA_TRY(const auto hello, decode_hello(received_.unread()));
  if (!hello) return false;
  PROA_TRY(common_version(options_.hello, hello->hello));
  received_.take(hello->bytes, ReceiveBuffer::Taken::copied);
  has_hello_ = true;
  PROA_TRY(owner_->on_hello(hello->hello));
  return true;
}

Result<bool> CallConnection::take_one() {
  const SharedBytes unread = received_.unread();
  PROA_TRY(const auto frame, decode_frame(unread, options_.call_bytes_max));
  if (!frame || unread.size() - kCallFrameHeaderBytes < frame->body_bytes) return false;
  received_.take(kCallFrameHeaderBytes + frame->body_bytes, ReceiveBuffer::Taken::kept);
  PROA_TRY(owner_->on_frame(*frame, unread.slice(kCallFrameHeaderBytes, frame->body_bytes)));
  return true;
}

void CallConnection::end(const Error& why) {
  CallConnectionOwner* const owner = owner_;
  close();
  if (owner != nullptr) owner->on_end(why);
}

}  // namespace proa
