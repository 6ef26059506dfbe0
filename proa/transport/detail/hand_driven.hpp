#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proa/base/assert.hpp"
#include "proa/port/runtime.hpp"
#include "proa/port/stream_layer.hpp"

// A runtime and a network that tests drive by hand: nothing happens but in HandRuntime::settle and
// advance, in one fixed order. Only tests include this file.
namespace proa::hand {

class HandRuntime : public Runtime, private Executor {
 public:
  Instant now() const override { return now_; }
  WallTime wall_clock() const override { return {}; }
  Executor& loop() override { return *this; }
  std::unique_ptr<LaneExecutor> make_lane(Lane) override { return nullptr; }
  void run_on_loop(Fn<void()>& task) override { task(); }
  bool on_loop() const override { return true; }
  bool may_block() const override { return false; }
  TimerId start_timer(Instant due, Fn<void()> task) override {
    const TimerId id{++timers_made_};
    timers_.emplace(std::pair{due, id.value}, std::move(task));
    return id;
  }
  void cancel_timer(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer.value; });
  }
  void at_input_end(Fn<void()> task) override { input_end_.push_back(std::move(task)); }
  void at_turn_end(Fn<void()> task) override { turn_end_.push_back(std::move(task)); }
  std::uint64_t seed() override { return ++seeds_made_; }

  /// Turns until nothing is left to do at this instant.
  void settle() {
    for (int turns = 0; turn(); ++turns)
      PROA_ASSERT(turns < 1'000'000);
  }
  /// Lets time pass, timer by timer.
  void advance(Duration by) {
    const Instant until = now_ + by;
    settle();
    while (!timers_.empty() && timers_.begin()->first.first <= until) {
      now_ = std::max(now_, timers_.begin()->first.first);
      settle();
    }
    now_ = until;
  }
  std::size_t timers() const { return timers_.size(); }

 private:
  void post(Fn<void()> task) override { tasks_.push_back(std::move(task)); }

  static bool run_all(std::vector<Fn<void()>>& tasks) {
    std::vector<Fn<void()>> batch = std::exchange(tasks, {});
    for (auto& task : batch)
      task();
    return !batch.empty();
  }
  bool run_due_timers() {
    bool any = false;
    while (!timers_.empty() && timers_.begin()->first.first <= now_) {
      Fn<void()> task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
      any = true;
    }
    return any;
  }
  bool turn() {
    bool any = run_all(tasks_);
    any = run_due_timers() || any;
    std::vector<Fn<void()>> turn_end = std::exchange(turn_end_, {});
    any = run_all(input_end_) || any;
    any = run_all(turn_end) || any;
    return any;
  }

  Instant now_ = {};
  std::vector<Fn<void()>> tasks_ = {};
  std::vector<Fn<void()>> input_end_ = {};
  std::vector<Fn<void()>> turn_end_ = {};
  std::map<std::pair<Instant, std::uint64_t>, Fn<void()>> timers_ = {};
  std::uint64_t timers_made_ = 0;
  std::uint64_t seeds_made_ = 0;
};

/// One direction of a connection.
struct Flow {
  std::string bytes = {};                       ///< written and not yet read
  std::size_t capacity = std::size_t{1} << 30;  ///< more does not fit
  std::size_t cut_after = SIZE_MAX;  ///< so many bytes still pass, then the connection breaks
  bool closed = false;
  Fn<void()> reader = {};
  Fn<void()> writer = {};
  std::size_t reads = 0;   ///< calls of read_some
  std::size_t writes = 0;  ///< calls of write_some
};

/// Both directions of a connection and who opened it.
struct Wire {
  Flow request = {};     ///< from the dialer
  Flow reply = {};       ///< to the dialer
  bool stalled = false;  ///< half-open: nothing moves, nobody is told

  void wake(Runtime& runtime) {
    for (Flow* flow : {&request, &reply}) {
      if (stalled) return;
      if (flow->reader && (flow->closed || !flow->bytes.empty()))
        runtime.loop().post(std::exchange(flow->reader, {}));
      if (flow->writer && (flow->closed || flow->bytes.size() < flow->capacity))
        runtime.loop().post(std::exchange(flow->writer, {}));
    }
  }
  void close(Runtime& runtime) {
    request.closed = reply.closed = true;
    wake(runtime);
  }
};

class HandStream : public Stream {
 public:
  HandStream(std::shared_ptr<HandRuntime> runtime, std::shared_ptr<Wire> wire, bool dialer)
      : runtime_(std::move(runtime)), wire_(std::move(wire)), dialer_(dialer) {}
  ~HandStream() override {
    in().reader = {};
    out().writer = {};
    wire_->close(*runtime_);
  }
  HandStream(const HandStream&) = delete;
  HandStream& operator=(const HandStream&) = delete;

  Result<std::size_t> read_some(std::span<std::byte> buffer) override {
    Flow& flow = in();
    ++flow.reads;
    const std::size_t size = wire_->stalled ? 0 : std::min(buffer.size(), flow.bytes.size());
    if (size == 0 && flow.closed && !wire_->stalled)
      return fail(Errc::peer_unreachable, "the other end has closed the connection");
    std::memcpy(buffer.data(), flow.bytes.data(), size);
    flow.bytes.erase(0, size);
    wire_->wake(*runtime_);
    return size;
  }
  Result<std::size_t> write_some(std::span<const ByteView> pieces) override {
    Flow& flow = out();
    ++flow.writes;
    if (flow.closed) return fail(Errc::peer_unreachable, "the connection is broken");
    std::size_t taken = 0;
    for (const ByteView piece : pieces) {
      const std::size_t room = flow.capacity - std::min(flow.capacity, flow.bytes.size());
      const std::size_t size = std::min({piece.size(), room, flow.cut_after});
      flow.bytes.append(text_of(piece.first(size)));
      if (flow.cut_after != SIZE_MAX) flow.cut_after -= size;
      taken += size;
      if (size < piece.size()) break;
    }
    if (flow.cut_after == 0) wire_->request.closed = wire_->reply.closed = true;
    wire_->wake(*runtime_);
    return taken;
  }
  void when_readable(Fn<void()> callback) override {
    PROA_ASSERT(!in().reader);
    in().reader = while_alive(std::move(callback));
    wire_->wake(*runtime_);
  }
  void when_writable(Fn<void()> callback) override {
    PROA_ASSERT(!out().writer);
    out().writer = while_alive(std::move(callback));
    wire_->wake(*runtime_);
  }
  std::string remote() const override { return dialer_ ? "listener" : "dialer"; }

 private:
  /// What is posted already must not run once the stream is gone.
  Fn<void()> while_alive(Fn<void()> callback) {
    return [weak = std::weak_ptr(alive_), callback = std::move(callback)]() mutable {
      if (weak.lock() != nullptr) callback();
    };
  }
  Flow& in() { return dialer_ ? wire_->reply : wire_->request; }
  Flow& out() { return dialer_ ? wire_->request : wire_->reply; }

  std::shared_ptr<HandRuntime> runtime_;
  std::shared_ptr<Wire> wire_;
  bool dialer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// All listeners by address, and all connections in the order they were opened.
struct HandNetwork {
  std::shared_ptr<HandRuntime> runtime = std::make_shared<HandRuntime>();
  std::map<ServerAddress, Fn<void(std::unique_ptr<Stream>)>> listeners = {};
  std::vector<std::shared_ptr<Wire>> wires = {};
  std::size_t dials = 0;
  bool dials_hang = false;
  Fn<void(Wire&)> on_open = {};  ///< may limit or cut a new connection

  /// A connection that the test holds the dialer's end of; nullptr if nobody listens.
  std::unique_ptr<Stream> open(const ServerAddress& address) {
    const auto found = listeners.find(address);
    if (found == listeners.end()) return nullptr;
    auto wire = std::make_shared<Wire>();
    if (on_open) on_open(*wire);
    wires.push_back(wire);
    found->second(std::make_unique<HandStream>(runtime, wire, false));
    return std::make_unique<HandStream>(runtime, wire, true);
  }
};

class HandStreamLayer : public StreamLayer {
 public:
  HandStreamLayer(HandNetwork& network, ServerAddress address)
      : network_(network), address_(std::move(address)) {}
  ~HandStreamLayer() override { stop_listening(); }
  HandStreamLayer(const HandStreamLayer&) = delete;
  HandStreamLayer& operator=(const HandStreamLayer&) = delete;

  Result<void> listen(Fn<void(std::unique_ptr<Stream>)> accepted) override {
    if (network_.listeners.contains(address_)) return fail(Errc::io_error, "address in use");
    network_.listeners.emplace(address_, std::move(accepted));
    listening_ = true;
    return {};
  }
  void stop_listening() override {
    if (listening_) network_.listeners.erase(address_);
    listening_ = false;
  }
  ServerAddress local_address() const override { return address_; }
  std::unique_ptr<Dialing> dial(const ServerAddress& address, Duration limit,
                                Fn<void(Result<std::unique_ptr<Stream>>)> done) override {
    ++network_.dials;
    auto attempt = std::make_shared<Attempt>(std::move(done));
    const auto finish = [&network = network_, weak = std::weak_ptr(attempt), address] {
      const auto alive = weak.lock();
      if (alive == nullptr || !alive->done) return;
      auto callback = std::exchange(alive->done, {});
      auto stream = network.dials_hang ? nullptr : network.open(address);
      if (stream == nullptr) return callback(fail(Errc::peer_unreachable, "connection refused"));
      callback(std::move(stream));
    };
    if (network_.dials_hang) {
      network_.runtime->start_timer(network_.runtime->now() + limit, finish);
    } else {
      network_.runtime->loop().post(finish);
    }
    return std::make_unique<HandDialing>(std::move(attempt));
  }

 private:
  struct Attempt {
    explicit Attempt(Fn<void(Result<std::unique_ptr<Stream>>)> callback)
        : done(std::move(callback)) {}
    Fn<void(Result<std::unique_ptr<Stream>>)> done;
  };
  struct HandDialing : Dialing {
    explicit HandDialing(std::shared_ptr<Attempt> a) : attempt(std::move(a)) {}
    std::shared_ptr<Attempt> attempt;
  };

  HandNetwork& network_;
  ServerAddress address_;
  bool listening_ = false;
};

}  // namespace proa::hand
