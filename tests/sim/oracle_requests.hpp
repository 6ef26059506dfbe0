#pragma once

#include "proa/testing/clients.hpp"
#include "tests/sim/oracle.hpp"

namespace proa::sim {

/// Clients ask an AppendFsm for attempts of the oracle, and tell it what they hear. Threads: one.
class OracleRequests final : public testing::Requests {
 public:
  OracleRequests(Oracle& oracle, std::size_t command_bytes_max)
      : oracle_(oracle), command_bytes_max_(command_bytes_max) {}

  AttemptId new_attempt() override { return oracle_.new_attempt(); }
  CommandWithExtensions command(AttemptId attempt, testing::Choices& random) override {
    return {.command = command_of(attempt, random.below(command_bytes_max_ + 1))};
  }
  void acknowledged(AttemptId attempt, const Applied& applied) override {
    const auto* answer = std::any_cast<Appended>(&applied.response);
    oracle_.acknowledged(attempt, applied.index, answer == nullptr ? Appended{} : *answer);
  }
  void failed(AttemptId attempt, const Error& error) override { oracle_.failed(attempt, error); }
  std::uint64_t known_by_now() const override { return oracle_.known_by_now(); }
  Future<testing::Seen> read(Raft& raft, Fsm& fsm) override {
    return raft.read(ReadLevel::linearizable, [&fsm] {
      const Appended& state = static_cast<AppendFsm&>(fsm).state();
      return testing::Seen{.up_to = state.count, .hash = state.chain};
    });
  }
  void has_read(std::uint64_t known_before, const testing::Seen& seen) override {
    oracle_.has_read(known_before, {.count = seen.up_to, .chain = seen.hash});
  }

 private:
  Oracle& oracle_;
  std::size_t command_bytes_max_;
};

}  // namespace proa::sim
