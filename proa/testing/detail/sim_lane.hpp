#pragma once

#include <deque>
#include <vector>

#include "proa/testing/sim_runtime.hpp"

namespace proa::testing {

/// A serial queue of one simulated process, which must outlive it.
class SimLane final : public LaneExecutor {
 public:
  SimLane(SimRuntime& runtime, Lane lane);
  ~SimLane() override;

  void post(Fn<void()> task) override;
  bool run_inline(Fn<void()>& task) override;

 private:
  friend class SimRuntime;

  bool busy() const { return running_ || end_ != EventId{}; }
  void enqueue(Fn<void()> task);
  void begin_later(Instant earliest);
  void begin();
  void end();
  void deliver_posted();
  void drop_all();

  SimRuntime& runtime_;
  const Lane lane_;
  std::deque<Fn<void()>> queue_;
  std::vector<SimRuntime::Posted> posted_;  ///< by the task that has run and not yet ended
  std::size_t undelivered_ = 0;             ///< completions that the loop has not taken yet
  EventId begin_ = {};
  EventId end_ = {};
  bool running_ = false;
};

}  // namespace proa::testing
