#pragma once

#include <map>
#include <memory>
#include <vector>

#include "proa/port/query.hpp"
#include "proa/port/runtime.hpp"

namespace proa::driver {

/// Threads: the loop.
class QueryEvents {
 public:
  virtual ~QueryEvents() = default;
  virtual void on_queried(std::vector<std::shared_ptr<Query>> done) = 0;
};

/// Queries that wait until the state machine is far enough, and their runs on the fsm lane: never
/// beside apply, one batch at a time, whatever became ready meanwhile in the next. Threads: the
/// loop.
class Queries {
 public:
  static constexpr std::size_t kBatchMax = 1024;
  using All = std::vector<std::shared_ptr<Query>>;

  Queries(std::shared_ptr<Runtime> runtime, LaneExecutor& fsm_lane, QueryEvents& events)
      : runtime_(std::move(runtime)), lane_(fsm_lane), events_(events) {}
  ~Queries() { *alive_ = false; }
  Queries(const Queries&) = delete;
  Queries& operator=(const Queries&) = delete;

  std::size_t open() const { return waiting_.size() + running_.size(); }
  std::size_t running() const { return running_.size(); }
  /// To run once everything up to `index` is applied.
  void add(LogIndex index, std::shared_ptr<Query> query) {
    waiting_.emplace(index, std::move(query));
  }
  /// Begins the next batch, if there is one and none is on its way; perhaps right here, on the
  /// loop. Step 7 of the turn, after apply.
  void go_on(LogIndex applied);
  All take_waiting();
  /// They may still run, but nobody waits for them any more.
  All take_running() { return std::exchange(running_, {}); }

 private:
  void finished();

  std::shared_ptr<Runtime> runtime_;
  LaneExecutor& lane_;
  QueryEvents& events_;
  std::multimap<LogIndex, std::shared_ptr<Query>> waiting_;
  All running_;
  bool busy_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace proa::driver
