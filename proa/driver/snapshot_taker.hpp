#pragma once

#include <memory>
#include <vector>

#include "proa/base/random.hpp"
#include "proa/driver/applier.hpp"
#include "proa/driver/deadline_timer.hpp"
#include "proa/model/config.hpp"
#include "proa/port/future.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa::driver {

/// What a snapshot of the state machine would be, as things are.
struct SnapshotPoint {
  LogPosition applied = {};            ///< what it would end with
  ConfigurationAt configuration = {};  ///< the committed one, perhaps of a later entry
  LogPosition newest = {};             ///< the snapshot there is
  LogIndex last_log = {};

  bool is_whole() const { return configuration.index <= applied.index; }
};

/// Threads: the loop.
class SnapshotTakerEvents {
 public:
  virtual ~SnapshotTakerEvents() = default;
  virtual SnapshotPoint snapshot_point() const = 0;
  virtual void on_snapshot_taken(const SnapshotMeta& meta) = 0;  ///< stored, and durable
  virtual void on_snapshot_failed(const Error& error) = 0;       ///< the next one may succeed
  virtual void later(Fn<void()> completion) = 0;                 ///< at the end of the turn
  virtual void want_turn() = 0;
};

struct SnapshotTakerParts {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<Fsm> fsm = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
};

/// Takes snapshots of the state machine, one at a time: when the log has grown enough since the
/// last one, looked at now and then, and when somebody asks (reference §8.15). The state machine
/// hands out a view of its state between two calls of apply; the snapshot lane writes it. Threads:
/// the loop.
class SnapshotTaker {
 public:
  /// Callers that wait beyond the inbox.
  static constexpr std::size_t kWaitingMax = 64;

  struct Surroundings {
    Applier& applier;
    LaneExecutor& lane;
    SnapshotTakerEvents& events;
  };
  /// All of these must outlive the taker; its completions do nothing once it is stopped or gone.
  SnapshotTaker(SnapshotTakerParts parts, Surroundings around, const ReloadableConfig& config);
  ~SnapshotTaker() { *alive_ = false; }
  SnapshotTaker(const SnapshotTaker&) = delete;
  SnapshotTaker& operator=(const SnapshotTaker&) = delete;

  void start() { arm(); }
  void reload(const ReloadableConfig& config) { config_ = config; }
  /// Errors: nothing_new_to_snapshot, busy, those of Fsm::snapshot and Snapshot::write_to.
  void take(Promise<SnapshotMeta> promise);
  /// The newest cannot be read: takes one even if nothing was applied since.
  void replace_newest();
  bool busy() const { return busy_; }
  /// Begins one that is due, if it may begin now. Once in every turn, and not after stop().
  void go_on();
  /// Takes no more; whoever waits is told.
  void stop(const Error& why);

 private:
  struct Job;
  void arm();
  void look();
  void begin(LogPosition newest);
  void have_view(std::shared_ptr<Job> job);
  void write(std::shared_ptr<Job> job);
  void written(const Job& job);
  void finish(Result<SnapshotMeta> result);
  void complete(std::vector<Promise<SnapshotMeta>> waiting, Result<SnapshotMeta> result);

  SnapshotTakerParts parts_;
  Surroundings around_;
  ReloadableConfig config_;
  Random random_;
  DeadlineTimer timer_;
  std::vector<Promise<SnapshotMeta>> waiting_;
  std::vector<Promise<SnapshotMeta>> served_;  ///< by the one that is being taken
  bool due_ = false;
  bool replaces_ = false;  ///< one that reaches no further than the newest will do
  bool busy_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace proa::driver
