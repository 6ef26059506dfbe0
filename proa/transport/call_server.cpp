#include "proa/transport/call_server.hpp"

#include <utility>

#include "proa/transport/call_codec.hpp"
#include "proa/transport/detail/call_connection.hpp"
#include "proa/transport/detail/make_room.hpp"

namespace proa {

namespace {
constexpr std::size_t kUnsentBytesMax = std::size_t{1} << 20;  // answers that the caller leaves
}  // namespace

/// What the connections of a server share.
struct CallServer::Inner {
  std::shared_ptr<Runtime> runtime;
  CallOptions options;
  std::map<std::uint8_t, Handler> handlers = {};

  void log(LogLevel level, const std::string& text) const {
    if (options.logger->enabled(level)) options.logger->log(level, text);
  }
};

/// A connection that somebody opened to us. Threads: the loop.
class CallInbound final : public CallConnectionOwner,
                          public std::enable_shared_from_this<CallInbound> {
 public:
  CallInbound(std::shared_ptr<CallServer::Inner> server, std::unique_ptr<Stream> stream,
              Fn<void()> closed)
      : server_(std::move(server)),
        closed_(std::move(closed)),
        connection_(std::make_shared<CallConnection>(server_->runtime, std::move(stream),
                                                     server_->options, *this)) {}

  void start() {
    connection_->start();
    hello_timer_ = server_->runtime->start_timer(
        server_->runtime->now() + server_->options.hello_limit, [weak = weak_from_this()] {
          const auto self = weak.lock();
          if (self == nullptr || !self->connection_->is_open()) return;
          self->close();
          self->on_end({.code = Errc::deadline, .detail = "it sent no hello in time"});
        });
  }
  void close() {
    server_->runtime->cancel_timer(hello_timer_);
    connection_->close();
  }
  Instant heard_at() const { return connection_->heard_at(); }
  const std::string& remote() const { return connection_->remote(); }

  bool takes_frames() const override {
    return open_calls_ < server_->options.open_calls_max &&
           open_bytes_ < server_->options.open_bytes_max &&
           connection_->unsent_bytes() < kUnsentBytesMax;
  }

  Result<void> on_hello(const CallHello& theirs) override {
    server_->runtime->cancel_timer(hello_timer_);
    caller_ = theirs;
    connection_->send_hello();
    return {};
  }

  Result<void> on_frame(const CallFrame& frame, SharedBytes body) override {
    if (frame.type != CallFrameType::request)
      return fail(Errc::protocol_error, "it sent an answer where requests belong");
    const std::string& group = server_->options.hello.group;
    if (!caller_.group.empty() && caller_.group != group) {  // our hello has told it so
      return fail(Errc::protocol_error,
                  "it asks for group " + caller_.group + ", this port serves group " + group);
    }
    ++open_calls_;
    open_bytes_ += frame.body_bytes;
    CallRespond respond = [weak = weak_from_this(), frame](Result<SharedBytes> result) {
      if (const auto self = weak.lock()) self->answer(frame, std::move(result));
    };
    const auto handler = server_->handlers.find(frame.kind);
    if (handler != server_->handlers.end()) {
      handler->second(caller_, std::move(body), std::move(respond));
    } else {
      respond(fail(Error{.code = Errc::unsupported_protocol,
                         .outcome = Outcome::not_executed,
                         .detail = "call kind " + std::to_string(frame.kind) +
                                   " is not known here; this server may be of an older release, "
                                   "or still starting"}));
    }
    return {};
  }

  void on_end(const Error& why) override {
    const bool clean = why.code == Errc::peer_unreachable && open_calls_ == 0;
    server_->log(
        clean ? LogLevel::debug : LogLevel::warn,
        "connection of Proa's own protocol from " + remote() + " is closed: " + why.detail);
    server_->runtime->cancel_timer(hello_timer_);
    Fn<void()> closed = std::exchange(closed_, {});
    if (closed) closed();
  }

 private:
  void answer(const CallFrame& request, Result<SharedBytes> result) {
    const bool waited = !takes_frames();
    PROA_ASSERT(open_calls_ > 0);
    --open_calls_;
    open_bytes_ -= request.body_bytes;
    if (!connection_->is_open()) return;
    CallFrame frame{.type = result ? CallFrameType::answer : CallFrameType::failure,
                    .kind = request.kind,
                    .number = request.number};
    SharedBytes body;
    if (result) {
      body = std::move(*result);
    } else {
      CallWriter writer;
      encode(result.error(), writer);
      body = writer.take();
    }
    frame.body_bytes = body.size();
    connection_->send(frame, body);
    if (waited) connection_->read_on();
  }

  std::shared_ptr<CallServer::Inner> server_;
  Fn<void()> closed_;
  std::shared_ptr<CallConnection> connection_;
  CallHello caller_ = {};
  TimerId hello_timer_ = {};
  std::size_t open_calls_ = 0;
  std::size_t open_bytes_ = 0;
};

CallServer::CallServer(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
                       CallOptions options)
    : inner_(std::make_shared<Inner>(
          Inner{.runtime = std::move(runtime), .options = std::move(options)})),
      streams_(std::move(streams)) {}

// Streams belong to the loop, so they end there.
CallServer::~CallServer() {
  const auto inner = inner_;
  Fn<void()> end = [this] {
    stop();
    inner_->handlers.clear();
    streams_.reset();
  };
  inner->runtime->run_on_loop(end);
}

void CallServer::on(std::uint8_t kind, Handler handler) {
  inner_->handlers[kind] = std::move(handler);
}

Result<void> CallServer::start() {
  PROA_ASSERT(!listens_);
  PROA_TRY(streams_->listen([this](std::unique_ptr<Stream> stream) {
    if (listens_) accept(std::move(stream));
  }));
  listens_ = true;
  return {};
}

void CallServer::stop() {
  if (!std::exchange(listens_, false)) return;
  streams_->stop_listening();
  for (const auto& [number, connection] : std::exchange(inbound_, {}))
    connection->close();
}

void CallServer::accept(std::unique_ptr<Stream> stream) {
  make_room(inbound_, *inner_);
  const std::uint64_t number = accepted_++;
  auto connection = std::make_shared<CallInbound>(inner_, std::move(stream),
                                                  [this, number] { inbound_.erase(number); });
  inbound_.emplace(number, connection);
  connection->start();
}

}  // namespace proa
