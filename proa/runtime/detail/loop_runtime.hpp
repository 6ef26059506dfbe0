#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/detail/asio_context.hpp"
#include "proa/runtime/detail/lane_pool.hpp"
#include "proa/runtime/detail/turn.hpp"
#include "proa/runtime/detail/watchdog.hpp"

namespace proa::detail {

/// What a runtime on a thread of its own and one on an embedder's io_context have in common: all
/// but who runs the io_context and when a turn begins. Threads: as Runtime says.
class LoopRuntime : public AsioRuntime,
                    protected LoopPort,
                    public std::enable_shared_from_this<LoopRuntime> {
 public:
  LoopRuntime(boost::asio::io_context& io, const RuntimeOptions& options);

  Instant now() const override;
  WallTime wall_clock() const override;
  Executor& loop() override { return executor_; }
  std::unique_ptr<LaneExecutor> make_lane(Lane lane) override;
  void run_on_loop(Fn<void()>& task) override;
  bool may_block() const override;
  TimerId start_timer(Instant due, Fn<void()> task) override;
  void cancel_timer(TimerId timer) override;
  void at_input_end(Fn<void()> task) override;
  void at_turn_end(Fn<void()> task) override;
  std::uint64_t seed() override;
  AsioContext& context() override { return context_; }

 protected:
  bool on_this_loop() const override { return on_loop(); }
  bool queue_on_loop(std::vector<Fn<void()>>& tasks) override;
  /// Something for the loop came from the loop itself: the next turn must not wait for input.
  virtual void note_work() {}

  /// Lets the one Asio timer ring for the earliest of ours; on_ring runs on the loop.
  void arm_timer();
  virtual void on_ring() {}

  Turn turn_;
  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<LanePool> lanes_;
  std::shared_ptr<Activity> turns_;

 private:
  class LoopExecutor final : public Executor {
   public:
    explicit LoopExecutor(LoopRuntime& runtime) : runtime_(runtime) {}
    void post(Fn<void()> task) override { runtime_.post(std::move(task)); }

   private:
    LoopRuntime& runtime_;
  };
  void post(Fn<void()> task);

  AsioContext context_;
  LoopExecutor executor_{*this};
  boost::asio::steady_timer timer_;
  Instant rings_at_ = Instant::never();
};

}  // namespace proa::detail
