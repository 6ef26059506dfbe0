#include "proa/transport/detail/net_channel.hpp"

#include <utility>

namespace proa {

namespace {
constexpr std::size_t kReplyChunkBytes = std::size_t{4} << 10;
constexpr std::size_t kFramingBytes = 256;  // about what a request has beside its entries

std::size_t size_to_expect(const Request& request) {
  const auto* append = std::get_if<AppendEntriesRequest>(&request);
  return kFramingBytes + (append == nullptr ? 0 : append->entries.encoded_bytes());
}
}  // namespace

NetChannel::NetChannel(std::shared_ptr<NetContext> net, Options options)
    : net_(std::move(net)),
      options_(std::move(options)),
      backoff_(net_->options.redial_first, net_->options.redial_last, net_->random.split()),
      received_(kReplyChunkBytes) {}

NetChannel::~NetChannel() { PROA_ASSERT(cancelled_); }

// ---- Sending ----

// What does not fit into an empty window goes all the same, or it would never go.
bool NetChannel::window_is_open(std::size_t more) const {
  return open_.empty() || open_bytes_ + more <= net_->options.window_bytes;
}

bool NetChannel::send(const Request& request, Respond& done) {
  PROA_ASSERT(!cancelled_);
  if (!window_is_open(size_to_expect(request))) return false;
  wire::EncodedMessage message = wire::encode(request);
  const std::size_t bytes = message.bytes;
  unsent_.push(std::move(message));
  open_bytes_ += bytes;
  open_.push_back({.kind = wire::kind_of(request),
                   .sent_at = net_->runtime->now(),
                   .bytes = bytes,
                   .done = std::move(done)});
  watch_limit();
  connect();
  net_->to_flush.add(shared_from_this());
  return true;
}

void NetChannel::when_writable(Fn<void()> callback) {
  PROA_ASSERT(!when_writable_);
  when_writable_ = std::move(callback);
  wake_sender();
}

// Later, never inside the call that opened the window.
void NetChannel::wake_sender() {
  if (!when_writable_ || !window_is_open(1)) return;
  net_->runtime->loop().post([weak = weak()] {
    const auto self = weak.lock();
    if (self == nullptr || !self->when_writable_) return;
    std::exchange(self->when_writable_, {})();
  });
}

void NetChannel::flush() {
  if (stream_.is_open() && !stream_.awaits_room()) write();
}

void NetChannel::write() {
  if (auto written = unsent_.write_to(*stream_); !written) return fail(std::move(written).error());
  if (!unsent_.empty()) stream_.await_room<&NetChannel::write>(weak());
}

// ---- The connection ----

void NetChannel::connect() {
  if (stream_.is_open() || dialing_ != nullptr || redial_timer_ != TimerId{}) return;
  if (net_->runtime->now() >= redial_at_) return dial();
  redial_timer_ = net_->runtime->start_timer(redial_at_, [weak = weak()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->redial_timer_ = {};
    if (!self->open_.empty()) self->dial();
  });
}

void NetChannel::dial() {
  dialing_ = net_->streams->dial(options_.address, net_->options.dial_limit,
                                 [weak = weak()](Result<std::unique_ptr<Stream>> stream) {
                                   if (const auto self = weak.lock())
                                     self->on_dialled(std::move(stream));
                                 });
}

void NetChannel::on_dialled(Result<std::unique_ptr<Stream>> stream) {
  if (cancelled_) return;
  dialing_.reset();
  if (!stream) return fail(std::move(stream).error());
  stream_.open(std::move(stream).value());
  stream_.await_bytes<&NetChannel::on_readable>(weak());
  write();
}

// ---- Replies ----

void NetChannel::on_readable() {
  auto arrived = stream_->read_some(received_.space());
  if (!arrived) return fail(std::move(arrived).error());
  received_.received(*arrived);
  deliver_replies();
  if (!stream_.is_open()) return;
  stream_.await_bytes<&NetChannel::on_readable>(weak());
  wake_sender();
}

// A callback may send, and it may destroy the peer.
void NetChannel::deliver_replies() {
  while (stream_.is_open() && received_.unread_bytes() > 0) {
    if (open_.empty()) {
      return fail({.code = Errc::protocol_error, .detail = "a reply that nobody asked for"});
    }
    auto decoded = decoder_.next(open_.front().kind, received_.unread());
    if (!decoded) return fail(std::move(decoded).error());
    if (!decoded->has_value()) return;  // the rest is still on its way
    received_.take((*decoded)->bytes, ReceiveBuffer::Taken::copied);
    backoff_.succeeded();
    Open answered = std::move(open_.front());
    open_.pop_front();
    open_bytes_ -= answered.bytes;
    Result<Reply>& reply = (*decoded)->reply;
    if (!reply) reply.error().detail = options_.name + ": " + reply.error().detail;
    answered.done(std::move(reply));
  }
}

// ---- The end of a connection ----

// One timer watches whichever request is the oldest; it is moved when it fires, not with each
// reply.
void NetChannel::watch_limit() {
  if (limit_timer_ != TimerId{} || open_.empty()) return;
  limit_timer_ =
      net_->runtime->start_timer(open_.front().sent_at + options_.limit, [weak = weak()] {
        const auto self = weak.lock();
        if (self == nullptr) return;
        self->limit_timer_ = {};
        self->on_limit();
      });
}

void NetChannel::on_limit() {
  if (open_.empty()) return;
  if (net_->runtime->now() < open_.front().sent_at + options_.limit) return watch_limit();
  fail({.code = Errc::peer_unreachable,
        .detail = "no reply within " + to_string(options_.limit) + "; the connection is given up"});
}

// What was not answered will not be: a reply belongs to its connection. The callbacks run later,
// because a failed write is noticed inside flush.
void NetChannel::fail(Error error) {
  error.detail = options_.name + ": " + error.detail;
  net_->log(backoff_.failing() || open_.empty() ? LogLevel::debug : LogLevel::warn,
            error.detail + " (" + std::to_string(open_.size()) + " open requests fail)");
  disconnect();
  redial_at_ = net_->runtime->now() + backoff_.failed();
  if (open_.empty()) return;
  give_up_open(error);
  net_->runtime->loop().post([weak = weak()] {
    if (const auto self = weak.lock()) self->report_failed();
  });
}

void NetChannel::disconnect() {
  stream_.close();
  dialing_.reset();
  unsent_.clear();
  received_ = ReceiveBuffer{kReplyChunkBytes};
  decoder_ = {};
  net_->runtime->cancel_timer(std::exchange(limit_timer_, {}));
}

void NetChannel::give_up_open(const Error& error) {
  for (Open& request : open_)
    failed_.push_back({.error = error, .done = std::move(request.done)});
  open_.clear();
  open_bytes_ = 0;
}

void NetChannel::report_failed() {
  while (!failed_.empty()) {
    Failed request = std::move(failed_.front());
    failed_.pop_front();
    request.done(proa::fail(std::move(request.error)));
  }
  wake_sender();
}

void NetChannel::cancel() {
  if (std::exchange(cancelled_, true)) return;
  const auto self = shared_from_this();  // a callback may let go of the peer
  disconnect();
  net_->runtime->cancel_timer(std::exchange(redial_timer_, {}));
  when_writable_ = {};
  give_up_open({.code = Errc::peer_unreachable, .detail = options_.name + ": the peer was let go"});
  report_failed();
}

}  // namespace proa
