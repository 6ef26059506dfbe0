#include "proa/node/raft.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "proa/node/bootstrap.hpp"
#include "proa/node/detail/fsms_test.hpp"
#include "proa/store/memory_log_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/store/memory_stable_store.hpp"
#include "proa/testing/sim_runtime.hpp"
#include "proa/transport/direct_transport.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

struct Machine {
  std::shared_ptr<MemoryLogStore> logs = std::make_shared<MemoryLogStore>();
  std::shared_ptr<MemoryStableStore> stable = std::make_shared<MemoryStableStore>();
  std::shared_ptr<MemorySnapshotStore> snapshots = std::make_shared<MemorySnapshotStore>();
  std::shared_ptr<testing::SimRuntime> runtime;
  std::shared_ptr<DirectTransport> transport;
  std::shared_ptr<AddingFsm> counter;
  std::unique_ptr<Raft> raft;
};

struct Cluster : ::testing::TestWithParam<std::uint64_t> {
  Config config_of(const std::string& name) const {
    Config config;
    config.local_id = {name};
    return config;
  }

  Machine& start(const std::string& name) {
    Machine& machine = machines[name];
    auto raft = create(name, machine);
    EXPECT_TRUE(raft) << to_string(raft.error());
    machine.raft = *std::move(raft);
    return machine;
  }
  Result<std::unique_ptr<Raft>> create(const std::string& name, Machine& machine) {
    testing::SimRuntimeOptions options{.server = static_cast<std::uint32_t>(name[0])};
    options.inline_percent.fill(inline_percent);
    options.task_max.fill(200us);
    machine.runtime = std::make_shared<testing::SimRuntime>(scheduler, options, ++seeds);
    machine.transport = std::make_shared<DirectTransport>(
        network, machine.runtime, DirectTransportOptions{.address = {name}});
    machine.counter = std::make_shared<AddingFsm>();
    return Raft::create(config_of(name), machine.counter, machine.logs, machine.stable,
                        machine.snapshots, machine.transport);
  }

  void found(const std::string& names) {
    Configuration configuration;
    for (const char name : names) {
      const std::string text{name};
      configuration.servers.push_back({.id = {text}, .address = {text}});
    }
    for (const char name : names) {
      Machine& machine = machines[std::string{name}];
      const auto done =
          bootstrap_cluster(config_of(std::string{name}),
                            {*machine.logs, *machine.stable, *machine.snapshots}, configuration);
      ASSERT_TRUE(done) << to_string(done.error());
      start(std::string{name});
    }
  }

  void kill(const std::string& name) {
    Machine& machine = machines[name];
    machine.runtime->kill();
    machine.raft.reset();
    machine.transport.reset();
  }

  template <class Condition>
  bool run_until(Condition condition, Duration limit = 60s) {
    const Instant until = scheduler.now() + limit;
    while (!condition() && scheduler.now() < until && scheduler.run_next()) {
    }
    return condition();
  }
  void run_for(Duration time) {
    run_until([] { return false; }, time);
  }

  Machine* leader() {
    for (auto& [name, machine] : machines) {
      if (machine.raft != nullptr && machine.raft->status().role == Role::leader) return &machine;
    }
    return nullptr;
  }
  Machine& wait_for_leader() {
    EXPECT_TRUE(run_until([this] { return leader() != nullptr; }));
    return *leader();
  }

  testing::Scheduler scheduler{1};
  std::shared_ptr<DirectNetwork> network =
      std::make_shared<DirectNetwork>(std::make_shared<PromptCourier>());
  std::map<std::string, Machine> machines;
  std::uint64_t seeds = 0;
  std::uint64_t inline_percent = GetParam();
};

TEST_P(Cluster, OfOneAppliesACommandAndAnswersWithTheIndex) {
  found("a");
  Raft& raft = *wait_for_leader().raft;
  std::optional<Result<Applied>> applied;
  raft.apply(bytes_of(std::int64_t{7})).then([&](Result<Applied> result) { applied = result; });
  ASSERT_TRUE(run_until([&] { return applied.has_value(); }));
  ASSERT_TRUE(*applied) << to_string(applied->error());
  EXPECT_EQ(std::any_cast<std::int64_t>((*applied)->response), 7);
  EXPECT_LT(LogIndex{1}, (*applied)->index);
}

TEST_P(Cluster, OfThreeAppliesEveryCommandOnEveryServer) {
  found("abc");
  Raft& raft = *wait_for_leader().raft;
  std::size_t answered = 0;
  for (int i = 0; i < 100; ++i) {
    raft.apply(bytes_of(std::int64_t{1})).then([&](Result<Applied> result) {
      EXPECT_TRUE(result) << to_string(result.error());
      ++answered;
    });
  }
  EXPECT_TRUE(run_until([&] { return answered == 100; }));
  EXPECT_TRUE(run_until([&] {
    for (const auto& [name, machine] : machines) {
      if (machine.counter->total != 100) return false;
    }
    return true;
  }));
}

TEST_P(Cluster, GoesOnAfterItsLeaderHasDied) {
  found("abc");
  Machine& first = wait_for_leader();
  std::size_t acknowledged = 0;
  for (int i = 0; i < 10; ++i) {
    first.raft->apply(bytes_of(std::int64_t{1})).then([&](Result<Applied> result) {
      if (result) ++acknowledged;
    });
  }
  ASSERT_TRUE(run_until([&] { return acknowledged == 10; }));
  std::string name;
  for (auto& [at, machine] : machines)
    if (&machine == &first) name = at;
  kill(name);

  Machine& second = wait_for_leader();
  std::optional<std::int64_t> total;
  second.raft->apply(bytes_of(std::int64_t{1})).then([&](Result<Applied> result) {
    ASSERT_TRUE(result) << to_string(result.error());
    total = std::any_cast<std::int64_t>(result->response);
  });
  ASSERT_TRUE(run_until([&] { return total.has_value(); }));
  EXPECT_EQ(*total, 11);

  Machine& back = start(name);
  EXPECT_TRUE(run_until([&] { return back.counter->total == 11; }));
}

// It would vote for a leader that misses what it has acknowledged.
TEST_P(Cluster, RefusesToStartAServerWhoseLogIsMissing) {
  found("abc");
  wait_for_leader();
  kill("b");
  machines["b"].logs = std::make_shared<MemoryLogStore>();
  const auto started = create("b", machines["b"]);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::corrupt);
  EXPECT_NE(started.error().detail.find("the log of this server is missing"), std::string::npos);
}

// Nor one that has got its log only from a leader.
TEST_P(Cluster, KnowsOfAServerThatJoinedThatItHadALog) {
  found("a");
  wait_for_leader();
  start("d");
  kill("d");
  machines["d"].logs = std::make_shared<MemoryLogStore>();
  start("d");  // it never had one
  Raft& raft = *wait_for_leader().raft;
  raft.add_voter({.id = {"d"}, .address = {"d"}}, {}).then([](const Result<LogIndex>&) {});
  EXPECT_TRUE(
      run_until([this] { return machines["d"].raft->status().commit_index > LogIndex{1}; }));
  kill("d");
  machines["d"].logs = std::make_shared<MemoryLogStore>();
  EXPECT_FALSE(create("d", machines["d"]));
}

INSTANTIATE_TEST_SUITE_P(LanesInlineAndNot, Cluster, ::testing::Values(0, 50, 100));

}  // namespace
}  // namespace proa
