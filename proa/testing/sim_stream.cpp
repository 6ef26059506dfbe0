#include <algorithm>
#include <cstring>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/testing/detail/sim_stream.hpp"

namespace proa::testing {

SimStream::~SimStream() {
  end().open = false;
  end().readable = nullptr;
  end().writable = nullptr;
  streams_.end(connection_, side_);
}

std::string SimStream::remote() const { return connection_->ends[1 - side_].address.value; }

Failure SimStream::gone(const char* why) const {
  end().broken = true;
  return fail(Errc::peer_unreachable, remote() + ": " + why);
}

Result<std::size_t> SimStream::read_some(std::span<std::byte> buffer) {
  if (end().broken) return gone("the connection is broken");
  SimStreams::Flow& flow = inbound();
  std::size_t count = std::min(buffer.size(), flow.arrived.size() - flow.read);
  if (count == 0) {
    if (flow.end_arrived) return gone("the other side has closed");
    return std::size_t{0};
  }
  Choices& random = streams_.random_;
  random.begin("read");
  if (random.percent(streams_.options_.short_read_percent)) count = 1 + random.below(count);
  std::memcpy(buffer.data(), flow.arrived.data() + flow.read, count);
  flow.read += count;
  if (flow.read == flow.arrived.size()) {
    flow.arrived.clear();
    flow.read = 0;
  }
  flow.bytes_under_way -= count;
  SimStreams::wake_writer(connection_, 1 - side_);
  return count;
}

Result<std::size_t> SimStream::write_some(std::span<const ByteView> pieces) {
  if (end().broken) return gone("the connection is broken");
  SimStreams::Flow& flow = outbound();
  const std::size_t window = streams_.options_.window_bytes;
  std::size_t room = window - std::min(window, flow.bytes_under_way);
  Choices& random = streams_.random_;
  random.begin("write");
  if (room > 0 && random.percent(streams_.options_.short_write_percent)) {
    room = 1 + random.below(room);
  }
  std::size_t count = 0;
  for (const ByteView piece : pieces)
    count += piece.size();
  count = std::min(count, room);
  if (count == 0) return count;
  std::vector<std::byte> taken = streams_.take_buffer(count);
  for (const ByteView piece : pieces) {
    const ByteView part = piece.first(std::min(piece.size(), count - taken.size()));
    taken.insert(taken.end(), part.begin(), part.end());
  }
  streams_.send(connection_, side_, std::move(taken));
  return count;
}

void SimStream::when_readable(Fn<void()> callback) {
  PROA_ASSERT(!end().readable);
  end().readable = std::move(callback);
  const SimStreams::Flow& flow = inbound();
  if (flow.read < flow.arrived.size() || flow.end_arrived || end().broken) {
    SimStreams::wake_reader(connection_, side_);
  }
}

void SimStream::when_writable(Fn<void()> callback) {
  PROA_ASSERT(!end().writable);
  end().writable = std::move(callback);
  if (outbound().bytes_under_way < streams_.options_.window_bytes || end().broken) {
    SimStreams::wake_writer(connection_, side_);
  }
}

Result<void> SimStreamLayer::listen(Fn<void(std::unique_ptr<Stream>)> accepted) {
  if (!streams_.listening_.emplace(address_, this).second) {
    return fail(Errc::invalid_config, "somebody listens at " + address_.value + " already");
  }
  accepted_ = std::make_shared<Fn<void(std::unique_ptr<Stream>)>>(std::move(accepted));
  return {};
}

void SimStreamLayer::stop_listening() {
  if (accepted_ == nullptr) return;
  *accepted_ = nullptr;
  accepted_ = nullptr;
  streams_.listening_.erase(address_);
}

void SimStreamLayer::accept(std::unique_ptr<Stream> stream) {
  runtime_->loop().post([accepted = accepted_, stream = std::move(stream)]() mutable {
    if (*accepted) (*accepted)(std::move(stream));
  });
}

namespace {

/// Gives up when it goes.
class SimDialing final : public Dialing {
 public:
  explicit SimDialing(Fn<void()> give_up) : give_up_(std::move(give_up)) {}
  ~SimDialing() override { give_up_(); }
  SimDialing(const SimDialing&) = delete;
  SimDialing& operator=(const SimDialing&) = delete;

 private:
  Fn<void()> give_up_;
};

}  // namespace

std::unique_ptr<Dialing> SimStreamLayer::dial(const ServerAddress& address, Duration limit,
                                              Fn<void(Result<std::unique_ptr<Stream>>)> done) {
  auto dial = std::make_shared<SimStreams::Dial>();
  dial->from = address_;
  dial->to = address;
  dial->runtime = runtime_;
  dial->done = std::move(done);
  streams_.begin_dial(dial, limit);
  return std::make_unique<SimDialing>([dial, &scheduler = streams_.scheduler_] {
    dial->over = true;
    dial->done = nullptr;
    scheduler.cancel(dial->limit);
  });
}

}  // namespace proa::testing
