#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "proa/node/detail/fsms_test.hpp"
#include "proa/testing/sim_cluster.hpp"

namespace proa {

/// Servers on simulated machines; of the seed depends whether their lanes run inline.
struct SimulatedServers : ::testing::TestWithParam<std::uint64_t> {
  struct Plan {
    std::size_t servers = 3;
    std::size_t founders = 3;
    bool shutdown_on_remove = true;
    bool slow_fsm = false;  ///< it takes its entries one by one, and its time
  };

  void found(const Plan& plan) {
    testing::SimClusterOptions options;
    options.seed = GetParam();
    options.servers = plan.servers;
    options.founders = plan.founders;
    options.config.shutdown_on_remove = plan.shutdown_on_remove;
    options.runtime.inline_percent.fill(GetParam() % 3 * 50);
    options.runtime.task_max.fill(std::chrono::microseconds{200});
    if (plan.slow_fsm) {
      options.config.apply_entries_max = 1;
      options.runtime.inline_percent[static_cast<std::size_t>(Lane::fsm)] = 0;
      options.runtime.task_max[static_cast<std::size_t>(Lane::fsm)] = std::chrono::milliseconds{20};
    }
    options.make_fsm = [](std::size_t) { return std::make_shared<AddingFsm>(); };
    cluster.emplace(std::move(options));
    cluster->bootstrap_and_start();
  }
  void TearDown() override {
    if (!cluster) return;
    EXPECT_EQ(cluster->invariants().violation(), std::nullopt);
  }

  template <class Condition>
  bool run_until(Condition condition, Duration limit = std::chrono::seconds{60}) {
    const Instant until = cluster->scheduler().now() + limit;
    while (!condition() && cluster->scheduler().now() < until && cluster->step()) {
    }
    return condition();
  }
  void run_for(Duration time) { cluster->run_for(time); }

  /// Runs the cluster until the operation is complete.
  template <class T>
  Result<T> await(Future<T> future) {
    auto outcome = watch(std::move(future));
    EXPECT_TRUE(run_until([&] { return outcome->has_value(); })) << "it does not complete";
    if (!outcome->has_value()) return fail(Errc::deadline, "it does not complete");
    return std::move(**outcome);
  }
  template <class T>
  std::shared_ptr<std::optional<Result<T>>> watch(Future<T> future) {
    auto outcome = std::make_shared<std::optional<Result<T>>>();
    std::move(future).then([outcome](Result<T> result) { outcome->emplace(std::move(result)); });
    return outcome;
  }

  Raft& raft(std::size_t server) { return *cluster->raft(server); }
  Status status(std::size_t server) { return raft(server).status(); }
  Server server(std::size_t number) const { return cluster->server(number); }
  std::int64_t total(std::size_t server) {
    return static_cast<AddingFsm&>(*cluster->fsm(server)).total;
  }
  /// The one whose leadership a majority confirms.
  std::size_t wait_for_leader() {
    for (int attempt = 0; attempt < 100; ++attempt) {
      EXPECT_TRUE(run_until([this] { return cluster->leader().has_value(); }));
      const std::size_t leader = *cluster->leader();
      const auto verified = watch(raft(leader).verify_leader());
      run_until([&] { return verified->has_value(); }, std::chrono::seconds{2});
      if (verified->has_value() && (*verified)->has_value() && cluster->leader() == leader) {
        return leader;
      }
    }
    ADD_FAILURE() << "nobody leads";
    return 0;
  }
  static std::size_t follower(std::size_t leader) { return leader == 0 ? 1 : 0; }
  void add(std::size_t at, int times) {
    for (int i = 0; i < times; ++i) {
      const Result<Applied> done = await(raft(at).apply(bytes_of(std::int64_t{1})));
      ASSERT_TRUE(done) << to_string(done.error());
    }
  }
  void add_at_once(std::size_t at, int times) {
    const std::vector<SharedBytes> commands(static_cast<std::size_t>(times),
                                            bytes_of(std::int64_t{1}));
    std::vector<std::shared_ptr<std::optional<Result<Applied>>>> all;
    for (Future<Applied>& future : raft(at).apply_all(commands))
      all.push_back(watch(std::move(future)));
    for (const auto& one : all)
      ASSERT_TRUE(run_until([&] { return one->has_value(); }) && (*one)->has_value());
  }
  void cut_off(std::size_t server) {
    for (std::size_t other = 0; other < cluster->size(); ++other) {
      if (other == server) continue;
      cluster->cut(server, other, testing::CutMode::drop);
      cluster->cut(other, server, testing::CutMode::drop);
    }
  }
  static bool is_voter(const Status& status, const Server& server) {
    return status.latest_configuration.configuration.has_vote(server.id);
  }
  static bool is_member(const Status& status, const Server& server) {
    return status.latest_configuration.configuration.is_member(server.id);
  }

  std::optional<testing::SimCluster> cluster;
};

}  // namespace proa
