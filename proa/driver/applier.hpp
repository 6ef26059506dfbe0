#pragma once

#include <algorithm>
#include <any>
#include <deque>
#include <memory>
#include <vector>

#include "proa/core/effects.hpp"
#include "proa/driver/book.hpp"
#include "proa/driver/probe.hpp"
#include "proa/driver/tail.hpp"
#include "proa/port/fsm.hpp"
#include "proa/port/log_store.hpp"
#include "proa/port/runtime.hpp"

namespace proa::driver {

/// What one call of the state machine has done.
struct AppliedBatch {
  IndexRange range = {};
  std::vector<Book::Open> open = {};     ///< who waited
  std::vector<std::any> responses = {};  ///< by index, from range.first on; none if nobody waited
};

/// Threads: the loop.
class ApplierEvents {
 public:
  virtual ~ApplierEvents() = default;
  virtual void on_applied(AppliedBatch batch) = 0;
  virtual void on_apply_failed(Error error) = 0;
  virtual void want_turn() = 0;  ///< step 7 is to come again
};

struct ApplierParts {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<Fsm> fsm = {};
  std::shared_ptr<LogStore> logs = {};
  std::shared_ptr<Probe> probe = {};  ///< may be absent
  std::size_t entries_max = 1024;     ///< per call of Fsm::apply
};

/// Runs committed entries through the state machine, in order, one call at a time on the fsm lane.
/// What waits is a range of indexes, however long; entries come from the tail or, if it has let
/// them go, from the log. Threads: the loop.
class Applier {
 public:
  struct Sources {
    const Tail& tail;
    Book& book;
  };
  /// All of these must outlive the applier; its completions do nothing once it is gone.
  Applier(ApplierParts parts, Sources sources, LaneExecutor& lane, ApplierEvents& events);
  ~Applier() { *alive_ = false; }
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  /// Committed and durable, each index once; what lies at or before `applied` is skipped.
  void add(IndexRange committed) { until_ = std::max(until_, committed.last); }
  /// Begins the next call, if there is something and none is on its way; perhaps right here, on
  /// the loop. Step 7 of the turn.
  void go_on();
  /// Something else that the state machine has to do.
  struct Interlude {
    Fn<void()> on_lane = {};
    Fn<void()> done = {};  ///< on the loop, before apply is called again
  };
  /// Runs it on the fsm lane once no call of apply is on its way. Never on the loop.
  void between_calls(Interlude interlude);
  std::size_t interludes() const { return interludes_.size(); }
  /// A snapshot was restored, by an interlude or before the start: the state machine is there now.
  void restored(LogIndex applied);
  LogIndex applied() const { return applied_; }

 private:
  struct Job;
  std::shared_ptr<Job> next_job() const;
  void finished(Job& job);
  void begin_interlude();

  ApplierParts parts_;
  Sources sources_;
  LaneExecutor& lane_;
  ApplierEvents& events_;
  LogIndex applied_ = {};
  LogIndex until_ = {};
  std::deque<Interlude> interludes_;
  bool busy_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace proa::driver
