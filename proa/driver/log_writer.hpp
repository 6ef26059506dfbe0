#pragma once

#include <deque>
#include <memory>

#include "proa/core/effects.hpp"
#include "proa/driver/probe.hpp"
#include "proa/port/log_store.hpp"
#include "proa/port/runtime.hpp"
#include "proa/port/stable_store.hpp"

namespace proa::driver {

/// Where the completions of the lanes go. Threads: the loop.
class DiskEvents {
 public:
  virtual ~DiskEvents() = default;
  virtual void on_persisted(core::Ticket up_to) = 0;
  virtual void on_disk_failed(Error error) = 0;
};

struct DiskParts {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<LogStore> logs = {};
  std::shared_ptr<StableStore> stable = {};
  std::shared_ptr<Probe> probe = {};  ///< may be absent
  bool log_is_untouched = false;      ///< nothing was ever written to it
};

/// One FIFO of writes to the log lane: the next begins after the one before is synced. What waits
/// meanwhile and only appends is written together, with one sync. After a failure nothing more is
/// written. Threads: the loop.
class LogWriter {
 public:
  struct Lanes {
    LaneExecutor& log;
    LaneExecutor& snapshot;  ///< prepares segments ahead of need
  };
  /// All of these must outlive the writer; its completions do nothing once it is gone.
  LogWriter(DiskParts parts, Lanes lanes, DiskEvents& events);
  ~LogWriter() { *alive_ = false; }
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void add(core::Write write, EntryView entries);
  /// Begins the next write, if there is one and none is on its way; perhaps right here, on the
  /// loop. Step 5 of the turn.
  void go_on();
  /// Removes the log up to there. What it gives back is prepared for what is to be written.
  void truncate_prefix(LogIndex last_removed);
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Job;
  static bool joins(const Job& earlier, const Job& later);
  void run(std::shared_ptr<Job> job);
  void finished(const Job& job, Result<void> result);
  void failed(Error error);
  void prepare_if_needed(std::size_t written);
  void prepare();

  DiskParts parts_;
  Lanes lanes_;
  DiskEvents& events_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::size_t written_since_prepared_ = 0;
  bool busy_ = false;
  bool preparing_ = false;
  bool failed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace proa::driver
