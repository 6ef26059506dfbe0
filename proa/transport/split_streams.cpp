#include "proa/transport/split_streams.hpp"

#include <array>
#include <map>
#include <utility>

#include "proa/transport/call_frames.hpp"

namespace proa {
namespace {

using Accepted = Fn<void(std::unique_ptr<Stream>)>;
enum Side : std::size_t { raft_side, calls_side };

/// A stream whose first byte has been read already.
class BegunStream final : public Stream {
 public:
  BegunStream(std::shared_ptr<Runtime> runtime, std::unique_ptr<Stream> stream, std::byte first)
      : runtime_(std::move(runtime)), stream_(std::move(stream)), first_(first) {}

  Result<std::size_t> read_some(std::span<std::byte> buffer) override {
    if (!unread_ || buffer.empty()) return stream_->read_some(buffer);
    unread_ = false;
    buffer[0] = first_;
    if (buffer.size() == 1) return std::size_t{1};
    const auto more = stream_->read_some(buffer.subspan(1));
    return 1 + more.value_or(0U);  // an end that comes now comes again
  }
  Result<std::size_t> write_some(std::span<const ByteView> pieces) override {
    return stream_->write_some(pieces);
  }
  void when_readable(Fn<void()> callback) override {
    if (!unread_) return stream_->when_readable(std::move(callback));
    runtime_->loop().post(
        [alive = std::weak_ptr(alive_), callback = std::move(callback)]() mutable {
          if (alive.lock() != nullptr) callback();
        });
  }
  void when_writable(Fn<void()> callback) override { stream_->when_writable(std::move(callback)); }
  std::string remote() const override { return stream_->remote(); }

 private:
  std::shared_ptr<Runtime> runtime_;
  std::unique_ptr<Stream> stream_;
  std::byte first_;
  bool unread_ = true;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

struct SplitStreams::Inner : std::enable_shared_from_this<SplitStreams::Inner> {
  Inner(std::shared_ptr<Runtime> on, std::shared_ptr<StreamLayer> shared, SplitOptions with)
      : runtime(std::move(on)), port(std::move(shared)), options(std::move(with)) {}

  struct Undecided {
    std::unique_ptr<Stream> stream = {};
    TimerId timer = {};
  };

  Result<void> listen(Side side, Accepted accepted);
  void stop_listening(Side side);
  void accept(std::unique_ptr<Stream> stream);
  void await_first_byte(std::uint64_t number);
  void on_readable(std::uint64_t number);
  std::unique_ptr<Stream> take(std::uint64_t number);
  void drop(std::uint64_t number, const std::string& why);
  bool is_listening() const { return listeners[raft_side] || listeners[calls_side]; }

  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<StreamLayer> port;
  SplitOptions options;
  std::array<Accepted, 2> listeners = {};
  std::map<std::uint64_t, Undecided> undecided = {};  ///< by order of arrival
  std::uint64_t arrived = 0;
};

Result<void> SplitStreams::Inner::listen(Side side, Accepted accepted) {
  PROA_ASSERT(!listeners[side]);
  if (!is_listening()) {
    PROA_TRY(port->listen([weak = weak_from_this()](std::unique_ptr<Stream> stream) {
      if (const auto self = weak.lock()) self->accept(std::move(stream));
    }));
  }
  listeners[side] = std::move(accepted);
  return {};
}

void SplitStreams::Inner::stop_listening(Side side) {
  if (!listeners[side]) return;
  listeners[side] = {};
  if (is_listening()) return;
  port->stop_listening();
  while (!undecided.empty())
    take(undecided.begin()->first);
}

void SplitStreams::Inner::accept(std::unique_ptr<Stream> stream) {
  if (undecided.size() >= options.undecided_max) {
    drop(undecided.begin()->first, "too many connections without a first byte");
  }
  const std::uint64_t number = arrived++;
  const TimerId timer = runtime->start_timer(runtime->now() + options.first_byte_limit,
                                             [weak = weak_from_this(), number] {
                                               if (const auto self = weak.lock())
                                                 self->drop(number, "it sent nothing in time");
                                             });
  undecided.emplace(number, Undecided{.stream = std::move(stream), .timer = timer});
  await_first_byte(number);
}

void SplitStreams::Inner::await_first_byte(std::uint64_t number) {
  undecided.at(number).stream->when_readable([weak = weak_from_this(), number] {
    if (const auto self = weak.lock()) self->on_readable(number);
  });
}

void SplitStreams::Inner::on_readable(std::uint64_t number) {
  std::array<std::byte, 1> first{};
  const auto read = undecided.at(number).stream->read_some(first);
  if (!read) return drop(number, read.error().detail);
  if (*read == 0) return await_first_byte(number);
  const Side side = first[0] == kCallFirstByte ? calls_side : raft_side;
  if (!listeners[side]) {
    return drop(number, side == raft_side ? "Raft is not running here yet"
                                          : "Proa's own protocol is not spoken here");
  }
  listeners[side](std::make_unique<BegunStream>(runtime, take(number), first[0]));
}

std::unique_ptr<Stream> SplitStreams::Inner::take(std::uint64_t number) {
  const auto found = undecided.find(number);
  runtime->cancel_timer(found->second.timer);
  std::unique_ptr<Stream> stream = std::move(found->second.stream);
  undecided.erase(found);
  return stream;
}

void SplitStreams::Inner::drop(std::uint64_t number, const std::string& why) {
  const std::unique_ptr<Stream> stream = take(number);
  if (!options.logger->enabled(LogLevel::info)) return;
  options.logger->log(LogLevel::info, "connection from " + stream->remote() + " is closed: " + why);
}

namespace {

/// One of the two protocols on the port.
template <class Inner>
class SideLayer final : public StreamLayer {
 public:
  SideLayer(std::shared_ptr<Inner> inner, Side side) : inner_(std::move(inner)), side_(side) {}
  ~SideLayer() override { stop_listening(); }
  SideLayer(const SideLayer&) = delete;
  SideLayer& operator=(const SideLayer&) = delete;

  Result<void> listen(Accepted accepted) override {
    PROA_TRY(inner_->listen(side_, std::move(accepted)));
    listens_ = true;
    return {};
  }
  void stop_listening() override {
    if (std::exchange(listens_, false)) inner_->stop_listening(side_);
  }
  ServerAddress local_address() const override { return inner_->port->local_address(); }
  std::unique_ptr<Dialing> dial(const ServerAddress& address, Duration limit,
                                Fn<void(Result<std::unique_ptr<Stream>>)> done) override {
    return inner_->port->dial(address, limit, std::move(done));
  }

 private:
  std::shared_ptr<Inner> inner_;
  Side side_;
  bool listens_ = false;
};

}  // namespace

SplitStreams::SplitStreams(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> port,
                           SplitOptions options)
    : inner_(std::make_shared<Inner>(std::move(runtime), std::move(port), std::move(options))) {}

std::shared_ptr<StreamLayer> SplitStreams::raft() const {
  return std::make_shared<SideLayer<Inner>>(inner_, raft_side);
}

std::shared_ptr<StreamLayer> SplitStreams::calls() const {
  return std::make_shared<SideLayer<Inner>>(inner_, calls_side);
}

}  // namespace proa
