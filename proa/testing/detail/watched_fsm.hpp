#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proa/testing/detail/ledger.hpp"
#include "proa/testing/detail/replicas.hpp"

namespace proa::testing {

/// A user's state machine in a cluster: shows the ledger what it applies and the replicas what it
/// has become. The attempts come as extensions, which the state machine inside does not see.
/// Threads: as the one inside.
class WatchedFsm final : public Fsm {
 public:
  struct Watch {
    std::size_t server = 0;
    Ledger& ledger;
    Replicas& replicas;
    std::function<LogIndex()> opened;  ///< the end of the snapshot that was opened last
    std::function<void(std::string)> violated;
  };
  WatchedFsm(std::shared_ptr<Fsm> inner, Watch watch)
      : inner_(std::move(inner)), watch_(std::move(watch)), last_(inner_->durable_index()) {}

  void apply(std::span<const Committed> batch, Responses& responses) override;
  Result<std::unique_ptr<Snapshot>> snapshot() override;
  Result<void> restore(ByteSource& source) override;
  void configuration_committed(LogIndex index, const Configuration& configuration) override {
    inner_->configuration_committed(index, configuration);
  }
  LogIndex durable_index() const override { return inner_->durable_index(); }

  const Fsm& inner() const { return *inner_; }
  LogIndex last_command() const { return last_; }
  std::uint64_t restores() const { return restores_; }
  void compare(const std::string& how) {
    watch_.replicas.compare(watch_.server, last_, *inner_, how);
  }

 private:
  class WatchedSnapshot;

  void apply_some(std::span<const Committed> batch, Responses& responses, std::size_t offset);
  std::string history() const;

  std::shared_ptr<Fsm> inner_;
  Watch watch_;
  LogIndex last_;           ///< the last command applied
  LogIndex restored_ = {};  ///< where this process's state machine began
  std::uint64_t restores_ = 0;
};

/// The attempt as it travels beside its command.
SharedBytes extensions_of(AttemptId attempt);

}  // namespace proa::testing
