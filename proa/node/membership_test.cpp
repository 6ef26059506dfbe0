#include "proa/node/detail/cluster_fixture_test.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

struct Membership : SimulatedServers {};
INSTANTIATE_TEST_SUITE_P(LanesInlineAndNot, Membership, ::testing::Range<std::uint64_t>(1, 7));

TEST_P(Membership, AServerAddedToALiveClusterCatchesUpAndVotes) {
  found({.servers = 4, .founders = 3});
  const std::size_t leader = wait_for_leader();
  add(leader, 50);
  const Result<LogIndex> index = await(raft(leader).add_voter(server(3), {}));
  ASSERT_TRUE(index) << to_string(index.error());
  EXPECT_EQ(status(leader).committed_configuration.index, *index);
  EXPECT_TRUE(run_until([this] { return total(3) == 50; }));
  EXPECT_TRUE(is_voter(status(3), server(3)));

  cluster->crash(follower(leader), testing::Crash::process);
  add(wait_for_leader(), 1);  // three of four voters
  EXPECT_TRUE(run_until([this] { return total(3) == 51; }));
}

TEST_P(Membership, ANonvoterFollowsButIsNotCounted) {
  found({.servers = 4, .founders = 3});
  const std::size_t leader = wait_for_leader();
  ASSERT_TRUE(await(raft(leader).add_nonvoter(server(3), {})));
  EXPECT_FALSE(is_voter(status(leader), server(3)));
  cluster->crash(follower(leader), testing::Crash::process);
  const std::size_t now = wait_for_leader();
  add(now, 10);
  EXPECT_TRUE(run_until([this] { return total(3) == 10; }));
  cluster->crash(3, testing::Crash::process);
  add(wait_for_leader(), 1);
}

// As in the model: there is no catching up before it counts.
TEST_P(Membership, AVoterThatIsDownCountsAtOnce) {
  found({.servers = 4, .founders = 3});
  const std::size_t leader = wait_for_leader();
  cluster->crash(3, testing::Crash::process);
  cluster->crash(follower(leader), testing::Crash::process);
  const Result<LogIndex> added = await(raft(leader).add_voter(server(3), {}));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Errc::leadership_lost);
  EXPECT_EQ(added.error().outcome, Outcome::unknown);
}

TEST_P(Membership, ARemovedFollowerIsNeitherCountedNorDisturbs) {
  found({});
  const std::size_t leader = wait_for_leader();
  const std::size_t removed = follower(leader);
  ASSERT_TRUE(await(raft(leader).remove_server(server(removed).id, {})));
  const Term term = status(leader).term;
  run_for(10s);
  EXPECT_EQ(status(leader).term, term);
  EXPECT_EQ(cluster->leader(), leader);
  EXPECT_FALSE(is_member(status(leader), server(removed)));
  add(leader, 5);
  EXPECT_EQ(total(removed), 0);
}

// Paper §6: it manages the cluster until its own removal is committed, then it steps down.
TEST_P(Membership, ALeaderThatIsRemovedStepsDownAndItsCallersHearOfIt) {
  found({.slow_fsm = true});
  const std::size_t removed = wait_for_leader();
  add(removed, 1);
  const LogIndex before = status(removed).commit_index;
  const std::vector<SharedBytes> commands(4, bytes_of(std::int64_t{1}));
  std::vector<Future<Applied>> futures = raft(removed).apply_all(commands);
  const auto last = watch(std::move(futures.back()));
  ASSERT_TRUE(run_until([&] { return before < status(removed).commit_index; }));
  const Result<LogIndex> index = await(raft(removed).remove_server(server(removed).id, {}));
  EXPECT_TRUE(index) << to_string(index.error());
  EXPECT_TRUE(last->has_value() && (*last)->has_value());
  EXPECT_TRUE(run_until([&] { return status(removed).role == Role::shutdown; }));
  EXPECT_TRUE(run_until([&] { return cluster->leader() != removed; }));
  const std::size_t now = wait_for_leader();
  EXPECT_FALSE(is_member(status(now), server(removed)));
  add(now, 5);
  EXPECT_EQ(total(now), 10);
}

TEST_P(Membership, ALeaderThatIsRemovedStaysAsAFollowerIfItIsToldTo) {
  found({.shutdown_on_remove = false});
  const std::size_t removed = wait_for_leader();
  ASSERT_TRUE(await(raft(removed).remove_server(server(removed).id, {})));
  EXPECT_TRUE(run_until([&] { return cluster->leader() != removed; }));
  EXPECT_EQ(status(removed).role, Role::follower);
}

TEST_P(Membership, ADemotedVoterFollowsOnAndIsNotCounted) {
  found({});
  const std::size_t leader = wait_for_leader();
  const std::size_t demoted = follower(leader);
  ASSERT_TRUE(await(raft(leader).demote_voter(server(demoted).id, {})));
  EXPECT_TRUE(is_member(status(leader), server(demoted)));
  EXPECT_FALSE(is_voter(status(leader), server(demoted)));
  add(leader, 5);
  EXPECT_TRUE(run_until([&] { return total(demoted) == 5; }));
}

// Thesis §4.1: two at once could have majorities that do not meet.
TEST_P(Membership, OneChangeAtATimeIsNotCommitted) {
  found({.servers = 5, .founders = 3});
  const std::size_t leader = wait_for_leader();
  const auto first = watch(raft(leader).add_voter(server(3), {}));
  const auto second = watch(raft(leader).add_voter(server(4), {}));
  ASSERT_TRUE(run_until([&] {
    const Status now = status(leader);
    const Configuration& committed = now.committed_configuration.configuration;
    if (is_member(now, server(4))) {
      EXPECT_TRUE(committed.is_member(server(3).id));
    }
    return first->has_value() && second->has_value();
  }));
  ASSERT_TRUE(**first && **second);
  EXPECT_LT(***first, ***second);
}

TEST_P(Membership, AChangeBasedOnAnOlderConfigurationIsRefused) {
  found({.servers = 5, .founders = 3});
  const std::size_t leader = wait_for_leader();
  const LogIndex seen = status(leader).latest_configuration.index;
  ASSERT_TRUE(await(raft(leader).add_voter(server(3), seen)));
  const Result<LogIndex> late = await(raft(leader).add_voter(server(4), seen));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::configuration_changed);
  EXPECT_EQ(late.error().outcome, Outcome::not_executed);
  EXPECT_FALSE(is_member(status(leader), server(4)));
}

TEST_P(Membership, WhatIsNotValidIsRefused) {
  found({});
  const std::size_t leader = wait_for_leader();
  const Result<LogIndex> same_address =
      await(raft(leader).add_voter({.id = {"other"}, .address = server(0).address}, {}));
  ASSERT_FALSE(same_address);
  EXPECT_EQ(same_address.error().code, Errc::invalid_config);
  const std::size_t elsewhere = follower(leader);
  const Result<LogIndex> not_there = await(raft(elsewhere).remove_server(server(2).id, {}));
  ASSERT_FALSE(not_there);
  EXPECT_EQ(not_there.error().code, Errc::not_leader);
  ASSERT_TRUE(not_there.error().leader);
  EXPECT_EQ(not_there.error().leader->id, server(leader).id);
}

TEST_P(Membership, AChangeThatANewLeaderReplacesIsRolledBack) {
  found({.servers = 4, .founders = 3});
  const std::size_t old_leader = wait_for_leader();
  cut_off(old_leader);
  const auto change = watch(raft(old_leader).add_voter(server(3), {}));
  ASSERT_TRUE(run_until([&] { return is_member(status(old_leader), server(3)); }));
  ASSERT_TRUE(run_until([&] { return change->has_value(); }));  // no quorum: it steps down
  ASSERT_FALSE(**change);
  EXPECT_EQ((*change)->error().code, Errc::leadership_lost);
  EXPECT_EQ((*change)->error().outcome, Outcome::unknown);

  ASSERT_TRUE(run_until([&] { return cluster->leader() != old_leader; }));
  add(wait_for_leader(), 1);
  cluster->heal_links();
  EXPECT_TRUE(run_until([&] { return total(old_leader) == 1; }));
  EXPECT_FALSE(is_member(status(old_leader), server(3)));
}

// The servers that are added and removed again and again have their connections anew.
TEST_P(Membership, AServerMayLeaveAndComeBackManyTimes) {
  found({.servers = 4, .founders = 3});
  const std::size_t leader = wait_for_leader();
  for (int round = 1; round <= 5; ++round) {
    ASSERT_TRUE(await(raft(leader).add_voter(server(3), {})));
    add(leader, 1);
    ASSERT_TRUE(run_until([&] { return total(3) == round; }));
    ASSERT_TRUE(await(raft(leader).remove_server(server(3).id, {})));
    run_for(1s);
  }
}

}  // namespace
}  // namespace proa
