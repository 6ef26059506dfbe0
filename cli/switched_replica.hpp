#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "proa/port/runtime.hpp"
#include "server/replica.hpp"

namespace proa::cli {

/// What clients talk to from the start of the process on: refuses, with the reason, until there is
/// a node to take what they ask. Threads: the loop.
class SwitchedReplica final : public server::Replica {
 public:
  /// @param reason  what this server waits for
  SwitchedReplica(std::shared_ptr<Runtime> runtime, ServerId self,
                  std::function<std::string()> reason)
      : runtime_(std::move(runtime)), self_(std::move(self)), reason_(std::move(reason)) {}

  void switch_to(std::shared_ptr<server::Replica> actual) { actual_ = std::move(actual); }

  void write(std::vector<server::Write> batch) override {
    if (actual_ != nullptr) return actual_->write(std::move(batch));
    refuse(std::move(batch));
  }
  void read(std::vector<server::Read> batch) override {
    if (actual_ != nullptr) return actual_->read(std::move(batch));
    refuse(std::move(batch));
  }
  server::ReplicaStatus status() const override {
    return actual_ != nullptr ? actual_->status() : server::ReplicaStatus{.self = self_};
  }

 private:
  template <class Asked>
  void refuse(std::vector<Asked> batch) {
    runtime_->loop().post([batch = std::move(batch), why = reason_()]() mutable {
      for (Asked& asked : batch)
        asked.done(
            fail(Error{.code = Errc::not_leader, .outcome = Outcome::not_executed, .detail = why}));
    });
  }

  std::shared_ptr<Runtime> runtime_;
  ServerId self_;
  std::function<std::string()> reason_;
  std::shared_ptr<server::Replica> actual_ = {};
};

}  // namespace proa::cli
