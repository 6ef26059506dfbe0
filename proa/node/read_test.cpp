#include <string>

#include "proa/node/detail/cluster_fixture_test.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

struct Reads : SimulatedServers {
  Future<std::int64_t> read(std::size_t at, ReadLevel level) {
    return raft(at).read(level, [this, at] { return total(at); });
  }
};
INSTANTIATE_TEST_SUITE_P(LanesInlineAndNot, Reads, ::testing::Range<std::uint64_t>(1, 7));

TEST_P(Reads, SeeWhatWasAcknowledgedBefore) {
  found({});
  const std::size_t leader = wait_for_leader();
  for (std::int64_t sum = 1; sum <= 20; ++sum) {
    add(leader, 1);
    const Result<std::int64_t> linearizable = await(read(leader, ReadLevel::linearizable));
    ASSERT_TRUE(linearizable) << to_string(linearizable.error());
    EXPECT_EQ(*linearizable, sum);
    EXPECT_EQ(*await(read(leader, ReadLevel::leader)), sum);
  }
}

// Paper §8: a new leader may not know yet what the one before has acknowledged.
TEST_P(Reads, OfANewLeaderSeeWhatTheOldOneAcknowledged) {
  found({.slow_fsm = true});
  for (int round = 1; round <= 3; ++round) {
    const std::size_t old_leader = wait_for_leader();
    add_at_once(old_leader, 5);
    cluster->crash(old_leader, testing::Crash::process);
    ASSERT_TRUE(run_until([&] { return cluster->leader() && cluster->leader() != old_leader; }));
    const std::size_t now = *cluster->leader();
    const auto confirmed = watch(read(now, ReadLevel::linearizable));
    const auto believed = watch(read(now, ReadLevel::leader));
    ASSERT_TRUE(run_until([&] { return confirmed->has_value() && believed->has_value(); }));
    ASSERT_TRUE(**confirmed) << to_string((*confirmed)->error());
    EXPECT_EQ(***confirmed, 5 * round);
    ASSERT_TRUE(**believed) << to_string((*believed)->error());
    EXPECT_EQ(***believed, 5 * round);
    cluster->start(old_leader);
  }
}

TEST_P(Reads, OfAFollowerAreStaleOrRefused) {
  found({});
  const std::size_t leader = wait_for_leader();
  add(leader, 3);
  const std::size_t other = follower(leader);
  ASSERT_TRUE(run_until([&] { return total(other) == 3; }));
  EXPECT_EQ(*await(read(other, ReadLevel::stale)), 3);
  for (const ReadLevel level : {ReadLevel::linearizable, ReadLevel::leader}) {
    const Result<std::int64_t> refused = await(read(other, level));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::not_leader);
    EXPECT_EQ(refused.error().leader->id, server(leader).id);
  }
}

// Thesis §6.4: it cannot know that there is another leader, so it must ask a majority.
TEST_P(Reads, OfADeposedLeaderAreNotLinearizable) {
  found({});
  const std::size_t old_leader = wait_for_leader();
  add(old_leader, 1);
  cut_off(old_leader);
  const auto doubtful = watch(read(old_leader, ReadLevel::linearizable));
  const auto index = watch(raft(old_leader).read_index());
  const auto verified = watch(raft(old_leader).verify_leader());
  EXPECT_EQ(*await(read(old_leader, ReadLevel::leader)), 1);  // as far as it knows
  ASSERT_TRUE(run_until([&] { return cluster->leader() != old_leader; }));
  add(wait_for_leader(), 1);
  EXPECT_EQ(*await(read(old_leader, ReadLevel::stale)), 1);
  ASSERT_TRUE(run_until([&] { return doubtful->has_value() && index->has_value(); }));
  ASSERT_FALSE(**doubtful);
  EXPECT_EQ((*doubtful)->error().code, Errc::leadership_lost);
  EXPECT_EQ((*doubtful)->error().outcome, Outcome::not_executed);
  ASSERT_FALSE(**index);
  ASSERT_TRUE(verified->has_value());
  EXPECT_FALSE(**verified);
  cluster->heal_links();
  ASSERT_TRUE(run_until([&] { return total(old_leader) == 2; }));
}

TEST_P(Reads, AreOfEveryTypeAndAResultIsFlattened) {
  found({.servers = 1, .founders = 1});
  const std::size_t leader = wait_for_leader();
  int runs = 0;
  const Result<void> nothing = await(raft(leader).read(ReadLevel::linearizable, [&] { ++runs; }));
  EXPECT_TRUE(nothing);
  EXPECT_EQ(runs, 1);
  const Result<std::string> text =
      await(raft(leader).read(ReadLevel::linearizable, [] { return std::string{"text"}; }));
  EXPECT_EQ(*text, "text");
  const Result<std::unique_ptr<int>> owned = await(raft(leader).read(
      ReadLevel::stale, [value = std::make_unique<int>(7)]() mutable { return std::move(value); }));
  EXPECT_EQ(**owned, 7);
  const Result<int> failed = await(raft(leader).read(
      ReadLevel::leader, []() -> Result<int> { return fail(Errc::corrupt, "no such key"); }));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().detail, "no such key");
}

TEST_P(Reads, ThatAreOpenAtAShutdownComplete) {
  found({});
  const std::size_t leader = wait_for_leader();
  cut_off(leader);
  const auto open = watch(read(leader, ReadLevel::linearizable));
  const auto waits = watch(raft(leader).wait_applied(LogIndex{1000}));
  ASSERT_TRUE(await(raft(leader).shutdown()));
  ASSERT_TRUE(open->has_value());
  EXPECT_FALSE(**open);
  ASSERT_TRUE(waits->has_value());
  EXPECT_EQ((*waits)->error().code, Errc::shutdown);
  const Result<std::int64_t> late = await(read(leader, ReadLevel::stale));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::shutdown);
}

TEST_P(Reads, IndexIsCompleteOnceItIsApplied) {
  found({});
  const std::size_t leader = wait_for_leader();
  for (int i = 0; i < 10; ++i) {
    const Result<Applied> added = await(raft(leader).apply(bytes_of(std::int64_t{1})));
    const Result<LogIndex> index = await(raft(leader).read_index());
    ASSERT_TRUE(added && index);
    EXPECT_GE(*index, added->index);
    EXPECT_GE(status(leader).applied_index, *index);
    EXPECT_EQ(*await(raft(leader).wait_applied(*index)), *index);
  }
}

}  // namespace
}  // namespace proa
