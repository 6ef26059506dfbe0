#include "proa/runtime/asio_runtime.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/runtime/detail/clock.hpp"
#include "proa/runtime/detail/loop_runtime.hpp"

namespace proa::detail {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kDrainTurnsMax = 1000;

thread_local const void* loop_of_this_thread = nullptr;

/// The io_context, constructed before what uses it.
struct OwnContext {
  asio::io_context io{1};
};

/// A loop on a thread of its own. Threads: as Runtime says.
class ThreadRuntime final : private OwnContext, public LoopRuntime {
 public:
  explicit ThreadRuntime(const RuntimeOptions& options)
      : LoopRuntime(OwnContext::io, options), work_(asio::make_work_guard(OwnContext::io)) {}

  Result<void> start();
  bool on_loop() const override { return loop_of_this_thread == this; }
  bool may_block() const override {
    return loop_of_this_thread == nullptr && LoopRuntime::may_block();
  }

  /// The last owner is gone. It may have been a callback on the loop or a task of a lane; the loop
  /// then ends its turn first.
  static void release(ThreadRuntime* runtime);

 private:
  void wake_loop() override {
    asio::post(OwnContext::io, [] {});
  }
  void run();
  void turn();
  void drain();

  asio::executor_work_guard<asio::io_context::executor_type> work_;
  bool stopping_ = false;  ///< on the loop only
  bool orphaned_ = false;  ///< on the loop only: it deletes itself when it has stopped
  OsThread thread_;
};

Result<void> ThreadRuntime::start() {
  if (!watchdog_->start() || !thread_.start("proa-loop", [this] { run(); })) {
    return fail(Errc::io_error,
                "cannot start a thread: the system has none left; raise the limit of processes of "
                "this user (ulimit -u)");
  }
  return {};
}

void ThreadRuntime::release(ThreadRuntime* runtime) {
  if (runtime->on_loop()) {
    runtime->stopping_ = true;
    runtime->orphaned_ = true;
    return;
  }
  if (LanePool::on_lane_thread()) {
    return runtime->loop().post([runtime] { release(runtime); });
  }
  runtime->loop().post([runtime] { runtime->stopping_ = true; });
  runtime->thread_.join();
  runtime->lanes_.reset();
  delete runtime;
}

void ThreadRuntime::run() {
  loop_of_this_thread = this;
  while (!stopping_)
    turn();
  drain();
  if (orphaned_) {
    lanes_.reset();  // its threads still use the rest
    delete this;
  }
  loop_of_this_thread = nullptr;
}

void ThreadRuntime::turn() {
  const bool wait = !turn_.must_go_on();
  if (wait) arm_timer();
  std::size_t handlers = wait ? OwnContext::io.run_one() : 0;
  turns_->begin();
  const Instant before = now();
  constexpr std::size_t kSocketsMax = Turn::kHandlersMax - Turn::kPostsMin;
  while (handlers < kSocketsMax && OwnContext::io.poll_one() == 1)
    ++handlers;
  Turn::Sockets sockets{.handlers = handlers};
  if (handlers < kSocketsMax) sockets.drained_at = before;
  turn_.run(sockets);
  turns_->end();
}

/// What was posted before the last owner went still runs; timers and sockets do not.
void ThreadRuntime::drain() {
  for (std::size_t turns = 0; !turn_.idle() && turns < kDrainTurnsMax; ++turns)
    turn_.run({});
}

struct ReleaseRuntime {
  void operator()(ThreadRuntime* runtime) const { ThreadRuntime::release(runtime); }
};

}  // namespace
}  // namespace proa::detail

namespace proa {

Result<std::shared_ptr<AsioRuntime>> make_runtime(const RuntimeOptions& options) {
  try {
    auto runtime = std::make_unique<detail::ThreadRuntime>(options);
    PROA_TRY(runtime->start());
    return std::shared_ptr<AsioRuntime>(runtime.release(), detail::ReleaseRuntime{});
  } catch (const boost::system::system_error& error) {
    return fail(Errc::io_error, std::string("cannot make an event loop: ") + error.what() +
                                    "; raise the limit of open files (ulimit -n)");
  }
}

}  // namespace proa
