#pragma once

#include <memory>

#include "proa/base/logger.hpp"
#include "proa/core/effects.hpp"
#include "proa/port/snapshot_store.hpp"
#include "proa/port/transport.hpp"

namespace proa::driver {

struct SnapshotSenderParts {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<SnapshotStore> snapshots = {};
  std::shared_ptr<Logger> logger = {};
  Sender self = {};
};

/// Sends the newest stored snapshot that can be read to one peer, once. It is read in chunks on the
/// snapshot lane, never further ahead than the pipe has room, so that neither its size nor a slow
/// peer costs the loop anything. Destroying it gives the transfer up; nothing is called any more.
/// Threads: the loop.
class SnapshotSender : public std::enable_shared_from_this<SnapshotSender> {
 public:
  /// `what` names the end of the snapshot that was sent, if one could be read; if none could, the
  /// error is snapshot_not_found.
  using Done = Fn<void(const core::Sent& what, Result<Reply> reply)>;

  /// `lane` outlives the reading, which ends when the transport stops its pipe.
  SnapshotSender(SnapshotSenderParts parts, LaneExecutor& lane)
      : parts_(std::move(parts)), lane_(lane) {}
  ~SnapshotSender();
  SnapshotSender(const SnapshotSender&) = delete;
  SnapshotSender& operator=(const SnapshotSender&) = delete;

  /// `peer` outlives this.
  void start(Peer& peer, const core::SendSnapshot& order, Done done);
  const core::Sent& what() const { return what_; }

 private:
  class Reading;
  void opened(Peer& peer, Result<SnapshotMeta> meta);
  void replied(Result<Reply> reply);

  SnapshotSenderParts parts_;
  LaneExecutor& lane_;
  core::Sent what_ = {};
  std::shared_ptr<Reading> reading_;
  Done done_ = {};
};

}  // namespace proa::driver
