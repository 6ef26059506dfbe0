#include "proa/transport/detail/net_inbound.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "proa/transport/call_frames.hpp"

namespace proa {

namespace {
constexpr std::size_t kRequestChunkBytes = std::size_t{64} << 10;
constexpr std::size_t kUnsentBytesMax = std::size_t{64}
                                        << 10;  // replies that the peer does not read
}  // namespace

NetInbound::NetInbound(std::shared_ptr<NetContext> net, std::unique_ptr<Stream> stream,
                       TransportEvents& events, Fn<void()> closed)
    : net_(std::move(net)),
      stream_(std::move(stream)),
      events_(events),
      closed_(std::move(closed)),
      remote_(stream_->remote()),
      heard_at_(net_->runtime->now()),
      received_(kRequestChunkBytes),
      decoder_({.bytes = net_->options.request_bytes_max}) {}

void NetInbound::start() { await_bytes(); }

void NetInbound::await_bytes() { stream_.await_bytes<&NetInbound::on_readable>(weak_from_this()); }

void NetInbound::close() {
  stream_.close();
  body_.reset();
  closed_ = {};
}

// ---- Reading ----

void NetInbound::on_readable() {
  heard_at_ = net_->runtime->now();
  const bool of_body = body_.has_value();
  const std::span<std::byte> space = of_body ? body_->space() : received_.space();
  if (space.empty()) return read_on();
  const auto arrived = stream_->read_some(space);
  if (!arrived) return end_of_stream(arrived.error());
  if (of_body) {
    body_->received(*arrived);
  } else {
    received_.received(*arrived);
  }
  read_on();
}

// Takes what has arrived as far as the bounds allow and arranges to be called again. May be called
// at any time.
void NetInbound::read_on() {
  while (stream_.is_open() && (body_.has_value() ? take_body() : take_request())) {
  }
  flush();
}

bool NetInbound::reads_ahead() const {
  return !refused_ && open_.size() < net_->options.read_ahead_requests &&
         open_bytes_ < net_->options.read_ahead_bytes && unsent_.bytes() < kUnsentBytesMax;
}

void NetInbound::read_on_later() {
  net_->runtime->loop().post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read_on();
  });
}

// ---- Requests ----

// False: it has to wait for bytes, or for replies to leave.
bool NetInbound::take_request() {
  stalled_ = !reads_ahead();
  if (stalled_) return false;
  const SharedBytes unread = received_.unread();
  if (unread.empty()) {
    await_bytes();
    return false;
  }
  if (unread.data()[0] == kCallFirstByte) return refuse("Proa's own protocol is not spoken here");
  auto decoded = decoder_.next(unread);
  if (!decoded) return refuse(decoded.error().detail);
  if (!decoded->has_value()) {
    await_bytes();
    return false;
  }
  accept(std::move(**decoded));
  return stream_.is_open();
}

// Nothing can be made of what comes, nor of anything behind it. What came before is still answered.
bool NetInbound::refuse(const std::string& why) {
  net_->log(LogLevel::warn, "connection from " + remote_ + " is closed: " + why);
  refused_ = true;  // and with the last reply, flush ends the connection
  return false;
}

void NetInbound::accept(wire::ArrivedRequest&& arrived) {
  received_.take(arrived.bytes,
                 arrived.keeps_bytes ? ReceiveBuffer::Taken::kept : ReceiveBuffer::Taken::copied);
  const std::uint64_t number = first_open_ + open_.size();
  open_.push_back({.kind = arrived.kind, .bytes = arrived.bytes});
  open_bytes_ += arrived.bytes;
  const bool has_body = arrived.kind == wire::RpcKind::install_snapshot;
  const auto pipe = has_body && arrived.message ? std::make_shared<BytePipe>() : nullptr;
  if (has_body) body_.emplace(pipe, arrived.body_bytes);
  if (!arrived.message) return respond(number, proa::fail(std::move(arrived.message).error()));

  Respond later = [weak = weak_from_this(), number](Result<Reply> reply) {
    if (const auto self = weak.lock()) self->respond(number, std::move(reply));
  };
  if (pipe != nullptr) {
    auto& request = std::get<InstallSnapshotRequest>(*arrived.message);
    events_.on_snapshot(std::move(request), pipe, std::move(later));
  } else {
    events_.on_request(std::move(std::get<Request>(*arrived.message)), std::move(later));
  }
}

// ---- The state of a snapshot ----

// False: it has to wait for bytes, or for room in the pipe.
bool NetInbound::take_body() {
  while (received_.unread_bytes() > 0) {  // what came together with the request
    const std::span<std::byte> space = body_->space();
    if (space.empty()) break;
    const std::size_t size = std::min(space.size(), received_.unread_bytes());
    std::memcpy(space.data(), received_.unread().data(), size);
    body_->received(size);
    received_.take(size, ReceiveBuffer::Taken::copied);
  }
  if (body_->complete()) {
    body_.reset();
    release_replies();
    return true;
  }
  if (!body_->space().empty()) {
    await_bytes();
    return false;
  }
  body_->when_room(net_->runtime->loop(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->read_on();
  });
  return false;
}

// ---- Replies ----

void NetInbound::respond(std::uint64_t number, Result<Reply> reply) {
  if (!stream_.is_open()) return;
  PROA_ASSERT(number >= first_open_);
  PROA_ASSERT(number - first_open_ < open_.size());
  Open& request = open_[static_cast<std::size_t>(number - first_open_)];
  PROA_ASSERT(!request.reply.has_value());
  request.reply = wire::encode_reply(request.kind, reply, net_->local);
  if (body_.has_value() && &request == &open_.back()) {
    body_->drop_rest();
    read_on_later();
  }
  release_replies();
}

// In the order of the wire. Nobody is told that a snapshot has arrived before all of it has.
void NetInbound::release_replies() {
  while (!open_.empty() && open_.front().reply.has_value()) {
    if (body_.has_value() && open_.size() == 1) break;
    unsent_.push(std::move(*open_.front().reply));
    open_bytes_ -= open_.front().bytes;
    open_.pop_front();
    ++first_open_;
  }
  if (!unsent_.empty()) net_->to_flush.add(shared_from_this());
}

void NetInbound::flush() {
  if (!stream_.is_open()) return;
  if (!stream_.awaits_room()) {
    if (auto written = unsent_.write_to(*stream_); !written) return end_of_stream(written.error());
    if (!unsent_.empty()) stream_.await_room<&NetInbound::flush>(weak_from_this());
  }
  if (refused_ && open_.empty() && unsent_.empty()) return end();
  if (stalled_ && reads_ahead()) read_on_later();
}

// ---- The end ----

void NetInbound::end_of_stream(const Error& error) {
  const bool clean = open_.empty() && received_.unread_bytes() == 0 && !body_.has_value();
  net_->log(clean ? LogLevel::debug : LogLevel::info,
            "connection from " + remote_ + " has ended: " + error.detail);
  end();
}

void NetInbound::end() {
  Fn<void()> closed = std::exchange(closed_, {});
  close();
  if (closed) closed();
}

}  // namespace proa
