#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/runtime/asio.hpp"
#include "proa/runtime/detail/loop_runtime.hpp"

namespace proa::detail {
namespace {

namespace asio = boost::asio;

/// A loop that somebody else runs. Threads: as Runtime says.
class EmbeddedRuntime final : public LoopRuntime {
 public:
  EmbeddedRuntime(asio::io_context& io, const RuntimeOptions& options)
      : LoopRuntime(io, options), io_(io) {
    const bool nothing_waits = !turn_.must_go_on();
    PROA_ASSERT(nothing_waits);  // from now on a post asks for a wake
  }
  /// What was posted and has not run is dropped: only the io_context's thread could run it.
  ~EmbeddedRuntime() override {
    PROA_ASSERT(!LanePool::on_lane_thread());
    lanes_.reset();
  }

  Result<void> start() {
    if (watchdog_->start()) return {};
    return fail(Errc::io_error, "cannot start a thread: the system has none left");
  }
  bool on_loop() const override { return io_.get_executor().running_in_this_thread(); }

 private:
  /// The io_context may outlive us: what it is given asks first whether we are still there.
  void post_to_io(void (EmbeddedRuntime::*step)()) {
    asio::post(io_, [weak = weak_from_this(), step] {
      const auto self = std::static_pointer_cast<EmbeddedRuntime>(weak.lock());
      if (self != nullptr) ((*self).*step)();
    });
  }

  void wake_loop() override { post_to_io(&EmbeddedRuntime::schedule); }
  void note_work() override { schedule(); }
  void on_ring() override { schedule(); }

  /// What is ready now is found by the io_context between the two posts, and stands before the
  /// second one in its queue.
  void schedule() {
    if (std::exchange(scheduled_, true)) return;
    scheduled_at_ = now();
    post_to_io(&EmbeddedRuntime::post_turn);
  }
  void post_turn() { post_to_io(&EmbeddedRuntime::turn); }

  void turn() {
    scheduled_ = false;
    turns_->begin();
    turn_.run({.handlers = 0, .drained_at = scheduled_at_});
    turns_->end();
    if (turn_.must_go_on()) return schedule();
    arm_timer();
  }

  asio::io_context& io_;
  bool scheduled_ = false;  ///< on the loop only
  Instant scheduled_at_ = {};
};

}  // namespace
}  // namespace proa::detail

namespace proa {

Result<std::shared_ptr<AsioRuntime>> make_runtime(boost::asio::io_context& io,
                                                  const RuntimeOptions& options) {
  try {
    auto runtime = std::make_shared<detail::EmbeddedRuntime>(io, options);
    PROA_TRY(runtime->start());
    return runtime;
  } catch (const boost::system::system_error& error) {
    return fail(Errc::io_error, std::string("cannot use this event loop: ") + error.what());
  }
}

}  // namespace proa
