// Snapshots on whole clusters of the real Raft, with WAL and snapshot directories on simulated
// disks. Every invariant is on, at every event.

#include <gtest/gtest.h>

#include "proa/testing/sim_file_system.hpp"
#include "tests/sim/oracle.hpp"

#include "proa/testing/sim_cluster.hpp"

namespace proa::sim {
namespace {

using namespace std::chrono_literals;
using testing::Crash;
using testing::CutMode;

constexpr std::size_t kBallast = 600'000;  // several chunks, more than a pipe holds at the far end

struct Setting {
  std::uint64_t seed = 1;
  testing::Wire wire = testing::Wire::bytes;
};

/// Three servers that keep no entries behind a snapshot, so that whoever misses some needs one.
struct Trio {
  explicit Trio(Setting setting)
      : oracle([this](std::string what) { cluster.invariants().violated(std::move(what)); }),
        cluster(options_for(setting)) {
    cluster.bootstrap_and_start();
    run_until([this] { return cluster.leader().has_value(); });
  }

  testing::SimClusterOptions options_for(Setting setting) {
    testing::SimClusterOptions options;
    options.seed = setting.seed;
    options.wire = setting.wire;
    options.config.trailing_logs = 0;
    options.config.snapshot_threshold = 20;
    options.config.snapshot_interval = 100ms;
    options.config.heartbeat_timeout = options.config.election_timeout = 200ms;
    options.config.leader_lease_timeout = 100ms;
    options.runtime.inline_percent.fill(50);
    options.runtime.task_max.fill(100us);
    options.make_fsm = [this](std::size_t) {
      return std::make_shared<AppendFsm>(oracle, kBallast);
    };
    return options;
  }

  template <class Condition>
  void run_until(Condition reached) {
    const Instant limit = cluster.scheduler().now() + 60s;
    while (!reached() && cluster.scheduler().now() < limit && cluster.step()) {
    }
    ASSERT_TRUE(reached()) << "60 s have passed" << verdict() << stands();
  }
  std::string stands() const {
    std::string text;
    for (std::size_t server = 0; server < 3; ++server) {
      const testing::ServerShadow& shadow = cluster.invariants().shadow(server);
      text += "\n  " + shadow.id.value + (cluster.leader() == server ? " leads" : "") + ": log " +
              to_string(shadow.log.first()) + ".." + to_string(shadow.log.last()) + ", snapshot " +
              to_string(shadow.snapshot) + ", applied " + to_string(shadow.applied);
    }
    return text;
  }
  std::string verdict() const {
    return cluster.invariants().violation() ? ": " + *cluster.invariants().violation() : "";
  }

  /// Gives writes to `server`, whether it leads or not.
  void write(std::size_t server, int count) {
    for (int i = 0; i < count; ++i) {
      const AttemptId attempt = oracle.new_attempt();
      const std::uint64_t process = cluster.incarnation(server);
      cluster.raft(server)->apply(command_of(attempt, 100)).then([=, this](Result<Applied> result) {
        if (!cluster.runs(server, process)) return;  // a crashed process is heard by nobody
        if (!result) return oracle.failed(attempt, result.error());
        const auto* answer = std::any_cast<Appended>(&result->response);
        oracle.acknowledged(attempt, result->index, answer == nullptr ? Appended{} : *answer);
      });
    }
  }
  /// Writes until the leader has compacted its log beyond what `server` has.
  void leave_behind(std::size_t server) {
    const LogIndex last = cluster.invariants().shadow(server).log.last();
    run_until([&] {
      const auto leader = cluster.leader();
      if (!leader || *leader == server) return false;
      if (next(last) < cluster.invariants().shadow(*leader).log.first()) return true;
      write(*leader, 1);
      return !cluster.run_for(5ms);
    });
  }
  /// A bit in the state of every snapshot it has.
  void spoil_snapshots(std::size_t server) {
    testing::SimDisk& disk = cluster.disk(server);
    testing::SimFileSystem files{std::shared_ptr<testing::SimDisk>{&disk, [](auto*) {}}};
    const auto snapshots = files.list("state/snapshots");
    ASSERT_TRUE(snapshots);
    for (const DirectoryEntry& snapshot : *snapshots)
      EXPECT_TRUE(disk.flip_bit("state/snapshots/" + snapshot.name + "/state.bin", 1000, 3));
  }
  std::size_t follower() const { return (*cluster.leader() + 1) % 3; }
  void isolate(std::size_t server) {
    for (std::size_t other = 0; other < 3; ++other) {
      if (other == server) continue;
      cluster.cut(server, other, CutMode::reset);
      cluster.cut(other, server, CutMode::reset);
    }
  }
  bool has_caught_up(std::size_t server) const {
    return cluster.invariants().shadow(server).applied >= oracle.last_applied() &&
           cluster.invariants().shadow(server).log.last() ==
               cluster.invariants().shadow(*cluster.leader()).log.last();
  }
  void all_come_to_rest() {
    run_until([this] {
      if (!cluster.leader()) return false;
      for (std::size_t server = 0; server < 3; ++server)
        if (!has_caught_up(server)) return false;
      return true;
    });
    oracle.check_nothing_is_lost(oracle.last_applied());
    EXPECT_EQ(verdict(), "");
  }
  const testing::CheckCounters& seen() const { return cluster.invariants().counters(); }

  Oracle oracle;
  testing::SimCluster cluster;
};

struct Snapshots : ::testing::TestWithParam<Setting> {};

// Paper §7: a follower that needs entries which are gone gets the leader's snapshot and goes on
// behind it.
TEST_P(Snapshots, BringAFollowerBackThatWasDownForTooLong) {
  Trio trio{GetParam()};
  const std::size_t late = trio.follower();
  trio.cluster.crash(late, Crash::power);
  trio.leave_behind(late);
  trio.cluster.start(late);
  trio.all_come_to_rest();
  EXPECT_EQ(trio.seen().snapshots_installed, 1U);
  EXPECT_EQ(trio.seen().logs_restarted, 1U);
}

// Paper Figure 13: the tail of a deposed leader, never committed, conflicts with what the snapshot
// holds; it goes, with its configuration and its callers' hopes.
TEST_P(Snapshots, ReplaceTheConflictingTailOfADeposedLeader) {
  Trio trio{GetParam()};
  const std::size_t deposed = *trio.cluster.leader();
  trio.write(deposed, 5);
  trio.run_until([&] { return trio.oracle.acknowledged_writes() == 5; });
  trio.all_come_to_rest();
  trio.isolate(deposed);
  trio.write(deposed, 7);
  const LogIndex end = trio.cluster.invariants().shadow(deposed).log.last();
  trio.run_until([&] { return end < trio.cluster.invariants().shadow(deposed).log.last(); });
  trio.run_until([&] { return trio.cluster.leader() != deposed; });
  trio.leave_behind(deposed);
  trio.cluster.heal_links();
  trio.all_come_to_rest();
  EXPECT_EQ(trio.seen().snapshots_installed, 1U);
  EXPECT_EQ(trio.seen().logs_restarted, 1U);
}

// Goal: nothing is lost wherever the power goes while a snapshot is received. Method: cut it at the
// n-th change of the disk after the follower is back, for every n until it gets through.
TEST_P(Snapshots, SurviveAPowerCutAtEveryStepOfAnInstallation) {
  std::uint64_t step = 0;
  for (bool has_crashed = true; has_crashed && !::testing::Test::HasFailure();) {
    SCOPED_TRACE("operation " + std::to_string(++step));
    Trio trio{{.seed = GetParam().seed + step, .wire = GetParam().wire}};
    const std::size_t late = trio.follower();
    trio.cluster.crash(late, Crash::power);
    trio.leave_behind(late);
    const std::uint64_t before = trio.cluster.counters().crashes;
    trio.cluster.start_and_crash_after(late, step, Crash::power);
    trio.cluster.run_for(5s);
    has_crashed = trio.cluster.counters().crashes > before;
    trio.cluster.calm(late);
    trio.cluster.start(late);
    trio.all_come_to_rest();
    EXPECT_GE(trio.seen().snapshots_installed + trio.seen().snapshots_restored_at_start, 1U);
  }
  EXPECT_GT(step, 20U);
}

// No other is due, since nothing is written any more.
TEST_P(Snapshots, AreTakenAnewWhenAFollowerNeedsOneAndNoneCanBeRead) {
  Trio trio{GetParam()};
  const std::size_t late = trio.follower();
  trio.cluster.crash(late, Crash::process);
  trio.leave_behind(late);
  trio.cluster.run_for(1s);
  trio.spoil_snapshots(*trio.cluster.leader());
  trio.cluster.start(late);
  trio.all_come_to_rest();
  EXPECT_EQ(trio.seen().snapshots_installed, 1U);
}

// Goal: a follower whose leader dies in the middle of a snapshot is not stuck with the half of it.
// Method: crash the leader at a drawn moment of the transfer, then let the others go on.
TEST_P(Snapshots, GoOnWithTheNextLeaderWhenTheSenderDies) {
  for (std::uint64_t moment = 0; moment < 20; ++moment) {
    SCOPED_TRACE("moment " + std::to_string(moment));
    Trio trio{{.seed = GetParam().seed + moment, .wire = GetParam().wire}};
    const std::size_t late = trio.follower();
    trio.cluster.crash(late, Crash::process);
    trio.leave_behind(late);
    trio.cluster.start(late);
    trio.cluster.run_for(Duration{200us} * static_cast<int>(moment * moment));
    const std::size_t sender = *trio.cluster.leader();
    trio.cluster.crash(sender, Crash::power);
    trio.run_until([&] { return trio.cluster.leader() && *trio.cluster.leader() != sender; });
    trio.cluster.start(sender);
    trio.all_come_to_rest();
    if (::testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(OverStructsAndBytes, Snapshots,
                         ::testing::Values(Setting{.seed = 1, .wire = testing::Wire::structs},
                                           Setting{.seed = 2, .wire = testing::Wire::bytes}),
                         [](const auto& setting) {
                           return setting.param.wire == testing::Wire::bytes ? "Bytes" : "Structs";
                         });

// Goal: a forced recovery that a crash interrupts loses nothing when it is done again. Method:
// interrupt it at its first change of the disk, its second and so on, until it is over before.
TEST(ForcedRecovery, LosesNothingWhenItIsInterruptedAtAnyOperationAndDoneAgain) {
  std::uint64_t operation = 0;
  for (bool interrupted = true; interrupted && operation < 500;) {
    ++operation;
    for (const Crash kind : {Crash::process, Crash::power}) {
      Trio trio{{.seed = operation}};
      const std::size_t stays = *trio.cluster.leader();
      trio.write(stays, 30);
      trio.run_until([&] { return trio.oracle.acknowledged_writes() == 30; });
      for (std::size_t server = 0; server < 3; ++server)
        trio.cluster.crash(server, Crash::process);

      trio.cluster.recover(stays, testing::RecoveryCrash{.operations = operation, .kind = kind});
      interrupted = trio.cluster.counters().recoveries_crashed == 1;
      trio.cluster.start(stays);
      trio.run_until([&] { return trio.cluster.invariants().shadow(stays).leading; });
      trio.write(stays, 1);
      trio.run_until([&] { return trio.oracle.acknowledged_writes() == 31; });

      trio.oracle.check_nothing_is_lost(trio.oracle.last_applied());
      ASSERT_EQ(trio.verdict(), "") << "interrupted at operation " << operation;
    }
  }
  EXPECT_GT(operation, 5U);
}

}  // namespace
}  // namespace proa::sim
