#include <vector>

#include "proa/node/detail/cluster_fixture_test.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

/// What a node says of itself, and how long it lets one wait.
struct NodeSays : SimulatedServers {};
INSTANTIATE_TEST_SUITE_P(LanesInlineAndNot, NodeSays, ::testing::Range<std::uint64_t>(1, 4));

TEST_P(NodeSays, WhichConfigurationIsInForceAndWhichIsCommitted) {
  found({.servers = 4, .founders = 3});
  const std::size_t leader = wait_for_leader();
  add(leader, 1);
  EXPECT_EQ(status(leader).latest_configuration.index, LogIndex{1});
  EXPECT_EQ(status(leader).committed_configuration.index, LogIndex{1});
  EXPECT_EQ(status(leader).latest_configuration.configuration.servers.size(), 3U);

  const auto added = watch(raft(leader).add_voter(server(3), {}));
  ASSERT_TRUE(run_until([&] { return is_member(status(leader), server(3)); }));
  EXPECT_EQ(status(leader).committed_configuration.index, LogIndex{1});  // in force, not committed
  ASSERT_TRUE(run_until([&] { return added->has_value(); }));
  EXPECT_EQ(status(leader).committed_configuration.index, ***added);
  EXPECT_EQ(status(leader).latest_configuration, status(leader).committed_configuration);
}

TEST_P(NodeSays, HowFarItIs) {
  found({});
  const std::size_t leader = wait_for_leader();
  const Result<Applied> added = await(raft(leader).apply(bytes_of(std::int64_t{1})));
  ASSERT_TRUE(added);
  const Status now = status(leader);
  EXPECT_EQ(now.role, Role::leader);
  EXPECT_EQ(now.term, added->term);
  EXPECT_EQ(now.leader->id, server(leader).id);
  EXPECT_EQ(now.last_log, (LogPosition{.term = added->term, .index = added->index}));
  EXPECT_EQ(now.commit_index, added->index);
  EXPECT_EQ(now.applied_index, added->index);
  EXPECT_TRUE(now.last_contact.has_value());
  ASSERT_TRUE(await(raft(leader).shutdown()));
  EXPECT_EQ(status(leader).role, Role::shutdown);
  EXPECT_EQ(status(leader).leader, std::nullopt);
}

TEST_P(NodeSays, WhoLeadsAsSoonAsItKnows) {
  found({});
  for (std::size_t number = 0; number < 3; ++number) {
    const Result<Server> leader = await(raft(number).wait_leader());
    ASSERT_TRUE(leader);
    EXPECT_EQ(leader->id, server(*cluster->leader()).id);
    EXPECT_EQ(leader->address, server(*cluster->leader()).address);
  }
}

TEST_P(NodeSays, ThatAServerOutsideOfTheClusterKnowsNoLeader) {
  found({.servers = 4, .founders = 3});
  wait_for_leader();
  const Result<Server> leader = await(raft(3).wait_leader().within(5s));
  ASSERT_FALSE(leader);
  EXPECT_EQ(leader.error().code, Errc::deadline);
  EXPECT_EQ(leader.error().outcome, Outcome::unknown);
}

TEST_P(NodeSays, WhatHappensToWhoObservesUntilTheSubscriptionEnds) {
  found({.servers = 4, .founders = 3});
  std::vector<Event> seen;
  std::optional<Subscription> subscription =
      raft(0).observe([&](const Event& event) { seen.push_back(event); });
  const std::size_t leader = wait_for_leader();
  ASSERT_TRUE(await(raft(leader).add_nonvoter(server(3), {})));
  ASSERT_TRUE(run_until([&] { return is_member(status(0), server(3)); }));
  bool saw_leader = false;
  bool saw_configuration = false;
  for (const Event& event : seen) {
    const auto* changed = std::get_if<LeaderChanged>(&event);
    saw_leader |= changed != nullptr && changed->leader && changed->leader->id == server(leader).id;
    const auto* now = std::get_if<ConfigurationChanged>(&event);
    saw_configuration |= now != nullptr && now->configuration.configuration.servers.size() == 4;
  }
  EXPECT_TRUE(saw_leader);
  EXPECT_TRUE(saw_configuration);

  subscription.reset();
  seen.clear();
  ASSERT_TRUE(await(raft(leader).remove_server(server(3).id, {})));
  run_for(1s);
  EXPECT_TRUE(seen.empty());
}

TEST_P(NodeSays, ThatItHasStoppedAndThatNothingWasWrong) {
  found({});
  const auto stopped = watch(raft(1).stopped());
  wait_for_leader();
  EXPECT_FALSE(stopped->has_value());
  ASSERT_TRUE(await(raft(1).shutdown()));
  ASSERT_TRUE(run_until([&] { return stopped->has_value(); }));
  ASSERT_FALSE(**stopped);
  EXPECT_EQ((*stopped)->error().code, Errc::shutdown);
  const Result<Error> late = await(raft(1).stopped());
  ASSERT_FALSE(late);
}

TEST_P(NodeSays, NothingLongerThanItIsGivenTime) {
  found({});
  const std::size_t leader = wait_for_leader();
  const LogIndex far{status(leader).commit_index.value + 3};
  const Instant begun = cluster->scheduler().now();
  const Result<LogIndex> reached = await(raft(leader).wait_applied(far).within(2s));
  ASSERT_FALSE(reached);
  EXPECT_EQ(reached.error().code, Errc::deadline);
  EXPECT_GE(cluster->scheduler().now() - begun, 2s);

  const auto patient = watch(raft(leader).wait_applied(far).within(30s));
  add(leader, 3);
  ASSERT_TRUE(run_until([&] { return patient->has_value(); }, 1s));
  EXPECT_EQ(***patient, far);
}

TEST_P(NodeSays, YesToManyCommandsAtOnceInTheirOrder) {
  found({});
  const std::size_t leader = wait_for_leader();
  const std::vector<SharedBytes> commands(10, bytes_of(std::int64_t{1}));
  std::vector<std::shared_ptr<std::optional<Result<Applied>>>> all;
  for (Future<Applied>& future : raft(leader).apply_all(commands))
    all.push_back(watch(std::move(future)));
  ASSERT_TRUE(run_until([&] { return all.back()->has_value(); }));
  for (std::size_t at = 0; at < all.size(); ++at) {
    ASSERT_TRUE(all[at]->has_value() && (*all[at])->has_value());
    EXPECT_EQ((*all[at])->value().index, (*all[0])->value().index + at);
    EXPECT_EQ(std::any_cast<std::int64_t>((*all[at])->value().response),
              static_cast<std::int64_t>(at) + 1);
  }
}

}  // namespace
}  // namespace proa
