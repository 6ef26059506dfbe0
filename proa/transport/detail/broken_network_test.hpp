#pragma once

#include <chrono>
#include <memory>

#include "proa/testing/sim_runtime.hpp"
#include "proa/testing/sim_streams.hpp"

namespace proa {

/// Two machines, a and b, and between them streams that are slow, cut, half-open, reset, and read
/// and written in pieces.
struct BrokenNetwork {
  explicit BrokenNetwork(std::uint64_t seed) : scheduler(seed) {}

  void cut_or_heal() {
    auto& random = scheduler.random();
    if (random.percent(2)) {
      const auto mode = static_cast<testing::StreamCut>(random.below(3));
      random.percent(50) ? streams.cut({"a"}, {"b"}, mode) : streams.cut({"b"}, {"a"}, mode);
    }
    if (random.percent(5)) streams.heal_all();
  }
  void run_until(Instant until) {
    bool reached = false;
    scheduler.at(until, 1, [&reached] { reached = true; });
    while (!reached && scheduler.run_next()) {
    }
  }
  /// Four hundred times `act`, on a's loop; then everything is healed, and stays so for a while.
  template <class Act>
  void disturb(Act act, Duration calm) {
    for (int step = 0; step < 400; ++step) {
      runtime_a->loop().post([act] { act(); });
      run_until(scheduler.now() +
                Duration{static_cast<std::int64_t>(1 + scheduler.random().below(40'000'000))});
    }
    streams.heal_all();
    streams.options().reset_permille = 0;
    run_until(scheduler.now() + calm);
  }

  testing::Scheduler scheduler;
  testing::SimStreams streams{scheduler,
                              {.stall_permille = 5,
                               .reset_permille = 3,
                               .short_write_percent = 20,
                               .short_read_percent = 20},
                              scheduler.random().next()};
  std::shared_ptr<testing::SimRuntime> runtime_a =
      std::make_shared<testing::SimRuntime>(scheduler, testing::SimRuntimeOptions{}, 1);
  std::shared_ptr<testing::SimRuntime> runtime_b =
      std::make_shared<testing::SimRuntime>(scheduler, testing::SimRuntimeOptions{.server = 1}, 2);
};

}  // namespace proa
