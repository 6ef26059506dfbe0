#pragma once

#include <memory>
#include <string>

#include "proa/base/logger.hpp"
#include "proa/driver/deadline_timer.hpp"
#include "proa/model/messages.hpp"
#include "proa/port/byte_pipe.hpp"
#include "proa/port/snapshot_store.hpp"

namespace proa::driver {

struct SnapshotReceiverParts {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
  std::shared_ptr<Logger> logger = {};
};

/// A snapshot on its way from a leader.
struct IncomingSnapshot {
  InstallSnapshotRequest request = {};
  std::shared_ptr<BytePipe> state = {};
};

/// Stores the snapshot of a leader, chunk by chunk on the snapshot lane. What does not arrive whole
/// leaves nothing behind. Destroying it gives up. Threads: the loop.
class SnapshotReceiver {
 public:
  /// A leader that has vanished must not keep us from hearing others: the model allows as long for
  /// 256 KiB.
  static constexpr Duration kSilenceMax = std::chrono::seconds{10};

  /// `lane` outlives what happens on it.
  SnapshotReceiver(SnapshotReceiverParts parts, LaneExecutor& lane, IncomingSnapshot incoming);
  ~SnapshotReceiver();
  SnapshotReceiver(const SnapshotReceiver&) = delete;
  SnapshotReceiver& operator=(const SnapshotReceiver&) = delete;

  /// `stored` is called once, on the loop, with the id under which the snapshot is durable.
  void start(Fn<void(Result<std::string>)> stored);
  void stop(Error why);  ///< `stored` is still called

 private:
  class Storing;
  void look();

  SnapshotReceiverParts parts_;
  IncomingSnapshot incoming_;
  std::shared_ptr<Storing> storing_;
  DeadlineTimer timer_;
  std::uint64_t seen_ = 0;  ///< bytes, when the timer last looked
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace proa::driver
