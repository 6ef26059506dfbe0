#include <benchmark/benchmark.h>
#include <sys/epoll.h>

#include <array>
#include <future>
#include <memory>

#include "bench/floor/system.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/tcp.hpp"

// What the loop adds to the system calls that have to be. All of it on one thread, so that no time
// of a thread that wakes is in the figures.
namespace proa::bench {
namespace {

constexpr std::int64_t kBatch = 10'000;

void on_loop(Runtime& runtime, Fn<void()> task) { runtime.run_on_loop(task); }

/// One message over a loopback connection whose two ends live on one epoll: wait, read, write.
void raw_epoll_hop(benchmark::State& state) {
  const Connection connection = loopback_connection();
  Epoll epoll;
  epoll.add(connection.here.get(), EPOLLIN);
  epoll.add(connection.there.get(), EPOLLIN);
  std::array<std::byte, 4096> buffer = {};
  const auto message = std::span<const std::byte>{buffer}.first(64);
  try_write(connection.here.get(), message);
  while (state.KeepRunningBatch(kBatch)) {
    for (std::int64_t hops = 0; hops < kBatch;) {
      for (const int fd : epoll.wait()) {
        try_read(fd, buffer);
        try_write(fd, message);
        ++hops;
      }
    }
  }
}
BENCHMARK(raw_epoll_hop)->MeasureProcessCPUTime()->UseRealTime();

/// Both ends of a connection of the runtime; each answers every message until told to stop.
class Echo {
 public:
  Echo() {
    std::promise<void> both;
    on_loop(*runtime_, [&] {
      const auto have = [this, &both] {
        if (ends_[0] && ends_[1]) both.set_value();
      };
      const auto listening = layer_->listen([this, have](std::unique_ptr<Stream> stream) {
        ends_[0] = std::move(stream);
        have();
      });
      require(listening.has_value(), "listen");
      dialing_ = layer_->dial(layer_->local_address(), std::chrono::seconds{10},
                              [this, have](Result<std::unique_ptr<Stream>> stream) {
                                ends_[1] = std::move(stream).value();
                                have();
                              });
    });
    both.get_future().wait();
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  ~Echo() {
    on_loop(*runtime_, [this] {
      ends_ = {};
      dialing_.reset();
      layer_.reset();
    });
  }

  void run(std::int64_t hops) {
    std::promise<void> done;
    on_loop(*runtime_, [&] {
      left_ = hops;
      done_ = &done;
      if (!armed_) arm(*ends_[0]);
      if (!std::exchange(armed_, true)) arm(*ends_[1]);
      send(*ends_[0]);
    });
    done.get_future().wait();
  }

 private:
  void arm(Stream& end) {
    end.when_readable([this, &end] {
      const auto got = end.read_some(buffer_);
      benchmark::DoNotOptimize(got.has_value());
      if (--left_ == 0) {
        done_->set_value();
      } else {
        send(end);
      }
      arm(end);
    });
  }
  void send(Stream& end) {
    const std::array<ByteView, 1> message{ByteView{buffer_}.first(64)};
    require(end.write_some(message).value() == 64, "write a message");
  }

  std::array<std::byte, 4096> buffer_ = {};
  std::int64_t left_ = 0;
  std::promise<void>* done_ = nullptr;
  bool armed_ = false;
  std::shared_ptr<AsioRuntime> runtime_ = make_runtime().value();
  std::unique_ptr<StreamLayer> layer_ = tcp_stream_layer(runtime_, {}).value();
  std::unique_ptr<Dialing> dialing_;
  std::array<std::unique_ptr<Stream>, 2> ends_;
};

void runtime_hop(benchmark::State& state) {
  Echo echo;
  echo.run(kBatch);
  while (state.KeepRunningBatch(kBatch))
    echo.run(kBatch);
}
BENCHMARK(runtime_hop)->MeasureProcessCPUTime()->UseRealTime();

/// A turn with an input, its end and the end of the turn, and nothing on a socket.
class Turns {
 public:
  explicit Turns(Runtime& runtime) : runtime_(runtime) {}
  void run(std::int64_t turns) {
    std::promise<void> done;
    left_ = turns;
    done_ = &done;
    runtime_.loop().post([this] { turn(); });
    done.get_future().wait();
  }

 private:
  void turn() {
    runtime_.at_input_end([] {});
    runtime_.at_turn_end([this] {
      if (--left_ == 0) return done_->set_value();
      runtime_.loop().post([this] { turn(); });
    });
  }

  Runtime& runtime_;
  std::int64_t left_ = 0;
  std::promise<void>* done_ = nullptr;
};

void turn_without_sockets(benchmark::State& state) {
  const auto runtime = make_runtime().value();
  Turns turns(*runtime);
  while (state.KeepRunningBatch(kBatch))
    turns.run(kBatch);
}
BENCHMARK(turn_without_sockets)->MeasureProcessCPUTime()->UseRealTime();

/// There and back between two threads: two wakes.
void run_on_loop_from_another_thread(benchmark::State& state) {
  const auto runtime = make_runtime().value();
  for (auto _ : state)
    on_loop(*runtime, [] {});
}
BENCHMARK(run_on_loop_from_another_thread)->MeasureProcessCPUTime()->UseRealTime();

void inline_task_of_a_lane(benchmark::State& state) {
  const auto runtime = make_runtime().value();
  on_loop(*runtime, [&] {
    const auto lane = runtime->make_lane(Lane::log);
    Fn<void()> task = [] {};
    for (auto _ : state)
      benchmark::DoNotOptimize(lane->run_inline(task));
  });
}
BENCHMARK(inline_task_of_a_lane);

void timer_started_and_cancelled(benchmark::State& state) {
  const auto runtime = make_runtime().value();
  on_loop(*runtime, [&] {
    const Instant due = runtime->now() + std::chrono::hours{1};
    for (auto _ : state)
      runtime->cancel_timer(runtime->start_timer(due, [] {}));
  });
}
BENCHMARK(timer_started_and_cancelled);

void clock_read(benchmark::State& state) {
  const auto runtime = make_runtime().value();
  for (auto _ : state)
    benchmark::DoNotOptimize(runtime->now());
}
BENCHMARK(clock_read);

}  // namespace
}  // namespace proa::bench

BENCHMARK_MAIN();
