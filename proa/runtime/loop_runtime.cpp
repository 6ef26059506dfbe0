#include "proa/runtime/detail/loop_runtime.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/runtime/detail/clock.hpp"

namespace proa::detail {
namespace {

/// Asio's clock stops while the machine sleeps, ours goes on: look at ours at least this often.
constexpr Duration kRingMax = std::chrono::seconds{1};

std::string name_of(Lane lane) {
  switch (lane) {
    case Lane::log:
      return "the log lane";
    case Lane::reader:
      return "the reader lane";
    case Lane::fsm:
      return "the state machine's lane";
    case Lane::snapshot:
      return "the snapshot lane";
  }
  return "a lane";
}

}  // namespace

LoopRuntime::LoopRuntime(boost::asio::io_context& io, const RuntimeOptions& options)
    : context_{.io = io,
               .logger = options.logger ? options.logger : std::make_shared<NullLogger>()},
      timer_(io) {
  watchdog_ = std::make_unique<Watchdog>(context_.logger, options.stall_reported_after);
  turns_ = watchdog_->watch("the loop");
  lanes_ = std::make_unique<LanePool>(static_cast<LoopPort&>(*this),
                                      std::max<std::size_t>(options.lane_threads_max, 1));
}

Instant LoopRuntime::now() const { return boot_time(); }
WallTime LoopRuntime::wall_clock() const { return wall_time(); }
std::uint64_t LoopRuntime::seed() { return system_seed(); }

std::unique_ptr<LaneExecutor> LoopRuntime::make_lane(Lane lane) {
  return lanes_->make_lane(lane, watchdog_->watch(name_of(lane)));
}

void LoopRuntime::run_on_loop(Fn<void()>& task) {
  if (on_loop()) return task();
  PROA_ASSERT(!LanePool::on_lane_thread());
  std::mutex mutex;  // guards done
  std::condition_variable ended;
  bool done = false;
  post([&] {
    task();
    const std::lock_guard lock(mutex);  // held while notifying: the waiter then leaves this frame
    done = true;
    ended.notify_one();
  });
  std::unique_lock lock(mutex);
  ended.wait(lock, [&] { return done; });
}

bool LoopRuntime::may_block() const { return !on_loop() && !LanePool::on_lane_thread(); }

TimerId LoopRuntime::start_timer(Instant due, Fn<void()> task) {
  PROA_ASSERT(on_loop());
  const TimerId timer = turn_.timers().start(due, std::move(task));
  if (due < rings_at_) note_work();
  return timer;
}

void LoopRuntime::cancel_timer(TimerId timer) {
  PROA_ASSERT(on_loop());
  turn_.timers().cancel(timer);
}

void LoopRuntime::at_input_end(Fn<void()> task) {
  PROA_ASSERT(on_loop());
  turn_.at_input_end(std::move(task));
  note_work();
}

void LoopRuntime::at_turn_end(Fn<void()> task) {
  PROA_ASSERT(on_loop());
  turn_.at_turn_end(std::move(task));
  note_work();
}

void LoopRuntime::post(Fn<void()> task) {
  if (lanes_->defer_to_task_end(task)) return;
  if (turn_.posts().push(std::move(task))) wake_loop();
}

bool LoopRuntime::queue_on_loop(std::vector<Fn<void()>>& tasks) {
  return turn_.posts().push_all(tasks);
}

/// Starting a later timer and cancelling cost nothing here: the timer rings in vain once.
void LoopRuntime::arm_timer() {
  const Instant earliest = turn_.timers().earliest();
  if (earliest >= rings_at_) return;
  const Instant at = now();
  rings_at_ = std::min(earliest, at + kRingMax);
  timer_.expires_after(std::max(rings_at_ - at, Duration{}));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = error ? nullptr : weak.lock();
    if (self == nullptr) return;  // armed anew, or the runtime is gone
    self->rings_at_ = Instant::never();
    self->on_ring();
  });
}

}  // namespace proa::detail
