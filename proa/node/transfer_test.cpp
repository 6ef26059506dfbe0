#include "proa/node/detail/cluster_fixture_test.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

/// Leadership that is handed over (thesis §3.10).
struct LeadershipTransfer : SimulatedServers {};
INSTANTIATE_TEST_SUITE_P(LanesInlineAndNot, LeadershipTransfer,
                         ::testing::Range<std::uint64_t>(1, 7));

TEST_P(LeadershipTransfer, GoesToTheServerThatIsNamed) {
  found({.servers = 5, .founders = 5});
  const std::size_t leader = wait_for_leader();
  add(leader, 10);
  const std::size_t target = leader == 4 ? 3 : 4;
  const Result<void> done = await(raft(leader).leadership_transfer(server(target).id));
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_TRUE(run_until([&] { return cluster->leader() == target; }, 1s));
  add(wait_for_leader(), 1);
  EXPECT_EQ(total(target), 11);
}

TEST_P(LeadershipTransfer, GoesToAnotherVoterIfNobodyIsNamed) {
  found({});
  const std::size_t leader = wait_for_leader();
  ASSERT_TRUE(await(raft(leader).leadership_transfer()));
  EXPECT_TRUE(run_until([&] { return cluster->leader() != leader; }, 1s));
  EXPECT_NE(wait_for_leader(), leader);
}

TEST_P(LeadershipTransfer, RefusesProposalsAndChangesMeanwhileAndLeadsOnAfterATimeout) {
  found({});
  const std::size_t leader = wait_for_leader();
  const std::size_t target = follower(leader);
  cut_off(target);
  add(leader, 1);  // which the target does not get
  const auto transfer = watch(raft(leader).leadership_transfer(server(target).id));
  run_for(10ms);
  ASSERT_FALSE(transfer->has_value());
  const Result<Applied> refused = await(raft(leader).apply(bytes_of(std::int64_t{1})));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::leadership_transfer_in_progress);
  EXPECT_EQ(refused.error().outcome, Outcome::not_executed);
  const Result<LogIndex> change = await(raft(leader).remove_server(server(target).id, {}));
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().code, Errc::leadership_transfer_in_progress);
  const Result<void> second = await(raft(leader).leadership_transfer());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::leadership_transfer_in_progress);

  ASSERT_TRUE(run_until([&] { return transfer->has_value(); }, 3s));
  ASSERT_FALSE(**transfer);
  EXPECT_EQ((*transfer)->error().code, Errc::deadline);
  EXPECT_EQ((*transfer)->error().outcome, Outcome::not_executed);
  EXPECT_EQ(status(leader).role, Role::leader);
  add(leader, 1);
}

TEST_P(LeadershipTransfer, ToAServerThatIsDownFailsAndTheLeaderLeadsOn) {
  found({});
  const std::size_t leader = wait_for_leader();
  const std::size_t target = follower(leader);
  cluster->crash(target, testing::Crash::process);
  const Result<void> done = await(raft(leader).leadership_transfer(server(target).id));
  ASSERT_FALSE(done);
  EXPECT_EQ(status(leader).role, Role::leader);
  add(leader, 1);
}

TEST_P(LeadershipTransfer, RefusesTargetsThatCannotBeElected) {
  found({.servers = 4, .founders = 3});
  const std::size_t leader = wait_for_leader();
  ASSERT_TRUE(await(raft(leader).add_nonvoter(server(3), {})));
  for (const ServerId& target : {server(leader).id, server(3).id, ServerId{"nobody"}}) {
    const Result<void> done = await(raft(leader).leadership_transfer(target));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::invalid_config);
  }
  const Result<void> not_there = await(raft(follower(leader)).leadership_transfer());
  ASSERT_FALSE(not_there);
  EXPECT_EQ(not_there.error().code, Errc::not_leader);
}

TEST_P(LeadershipTransfer, ComesBeforeAShutdown) {
  found({});
  const std::size_t leader = wait_for_leader();
  add(leader, 10);
  const auto last = watch(raft(leader).apply(bytes_of(std::int64_t{1})));
  const Result<void> down = await(raft(leader).shutdown());
  EXPECT_TRUE(down);
  EXPECT_TRUE(last->has_value());
  EXPECT_EQ(status(leader).role, Role::shutdown);
  EXPECT_TRUE(
      run_until([&] { return cluster->leader() != leader; }, 300ms));  // no election timeout
  add(wait_for_leader(), 1);
}

TEST_P(LeadershipTransfer, DoesNotHoldUpAShutdownForEver) {
  found({});
  const std::size_t leader = wait_for_leader();
  for (std::size_t other = 0; other < 3; ++other) {
    if (other != leader) cluster->crash(other, testing::Crash::process);
  }
  const auto open = watch(raft(leader).apply(bytes_of(std::int64_t{1})));
  const auto down = watch(raft(leader).shutdown());
  EXPECT_TRUE(run_until([&] { return down->has_value(); }, 5s));
  EXPECT_TRUE(open->has_value());
}

TEST_P(LeadershipTransfer, OfASingleServerIsNoReasonNotToShutDown) {
  found({.servers = 1, .founders = 1});
  const std::size_t leader = wait_for_leader();
  add(leader, 1);
  EXPECT_TRUE(await(raft(leader).shutdown()));
  EXPECT_TRUE(await(raft(leader).shutdown()));
  EXPECT_EQ(await(raft(leader).apply(bytes_of(std::int64_t{1}))).error().code, Errc::shutdown);
}

}  // namespace
}  // namespace proa
