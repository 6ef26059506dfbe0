#pragma once

#include <memory>

#include "proa/base/logger.hpp"
#include "proa/node/raft.hpp"
#include "server/admin/leader_calls.hpp"

namespace proa::server {

/// Asks for a vote for this server as soon as it has all that the leader has committed: a voter
/// that still lags would only make commits wait for it. Threads: the loop.
class Promotion : public std::enable_shared_from_this<Promotion> {
 public:
  Promotion(std::shared_ptr<Runtime> runtime, Raft& raft, std::shared_ptr<LeaderCalls> calls,
            Server self)
      : runtime_(std::move(runtime)),
        raft_(raft),
        calls_(std::move(calls)),
        self_(std::move(self)) {}

  /// `done` runs once, on the loop: this server is a voter.
  void start(Fn<void()> done);
  void stop();  ///< `done` will not run

 private:
  void look();
  void on_leader_status(const ServerAddress& leader, const Result<SharedBytes>& answer);
  void again_later();

  std::shared_ptr<Runtime> runtime_;
  Raft& raft_;
  std::shared_ptr<LeaderCalls> calls_;
  Server self_;
  Fn<void()> done_ = {};
  TimerId timer_ = {};
};

}  // namespace proa::server
