#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

SnapshotMeta snapshot_at(Term term, LogIndex index) {
  return {.id = "s",
          .last = {.term = term, .index = index},
          .configuration = {.configuration = voters({a, b, c}), .index = {1}}};
}

Restored restored(const std::vector<std::uint64_t>& terms, LogIndex first,
                  std::optional<SnapshotMeta> snapshot, Term term = {5}) {
  return {.hard_state = {.term = term},
          .log = {.log = entries_of(terms, first)},
          .snapshot = std::move(snapshot)};
}

TEST(Restore, OfNothingIsAnEmptyFollower) {
  Consensus server{t0, options_for({}), {}};
  const View view = server.view();
  EXPECT_EQ(view.role, Role::follower);
  EXPECT_EQ(view.last_log, LogPosition{});
  EXPECT_TRUE(view.latest_configuration.configuration.empty());
  EXPECT_FALSE(server.take_effects().write);
}

// Design, start: the commit index is what the store knew of, at most the last entry and at least
// the snapshot; what it covers is handed out at once.
TEST(Restore, TakesUpTheCommitIndex) {
  Restored disk = restored({1, 1, 1}, {1}, std::nullopt);
  disk.log.commit_hint = {2};
  Consensus server{t0, options_for({}), disk};
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
  EXPECT_EQ(server.take_effects().apply, (IndexRange{{1}, {2}}));

  disk.log.commit_hint = {9};
  EXPECT_EQ((Consensus{t0, options_for({}), disk}.view().commit_index), LogIndex{3});
  disk.log.commit_hint = {1};
  disk.snapshot = snapshot_at({1}, {2});
  EXPECT_EQ((Consensus{t0, options_for({}), disk}.view().commit_index), LogIndex{2});
}

TEST(Restore, HandsOutOnlyWhatTheSnapshotDoesNotCover) {
  Restored disk = restored({1, 1, 1, 1}, {1}, snapshot_at({1}, {3}));
  disk.log.commit_hint = {4};
  Consensus server{t0, options_for({}), disk};
  EXPECT_EQ(server.take_effects().apply, (IndexRange{{4}, {4}}));
}

// A log that does not hold the snapshot's last entry is what an interrupted installation leaves:
// it is emptied.
TEST(Restore, EmptiesALogThatDoesNotHoldTheSnapshotsEnd) {
  for (const auto& terms : {std::vector<std::uint64_t>{1, 1, 1},            // too short
                            std::vector<std::uint64_t>{1, 1, 1, 1, 2, 2}})  // another term there
  {
    Consensus server{t0, options_for({}), restored(terms, {1}, snapshot_at({3}, {5}))};
    EXPECT_EQ(server.view().last_log, (LogPosition{{3}, {5}}));
    EXPECT_EQ(server.view().commit_index, LogIndex{5});
    const Effects effects = server.take_effects();
    ASSERT_TRUE(effects.write);
    EXPECT_EQ(effects.write->restart_after, (LogPosition{{3}, {5}}));
    EXPECT_FALSE(effects.apply);
  }
}

TEST(Restore, KeepsALogThatHoldsTheSnapshotsEndOrGoesOnBehindIt) {
  Consensus holds{t0, options_for({}), restored({1, 1, 3, 3}, {1}, snapshot_at({3}, {3}))};
  EXPECT_EQ(holds.view().last_log, (LogPosition{{3}, {4}}));
  EXPECT_FALSE(holds.take_effects().write);

  Consensus behind{t0, options_for({}), restored({4, 4}, {6}, snapshot_at({3}, {5}))};
  EXPECT_EQ(behind.view().last_log, (LogPosition{{4}, {7}}));
  EXPECT_FALSE(behind.take_effects().write);
  // The term before its first entry is the snapshot's, so an append there can be checked.
  behind.step(t0, received(append(b, {5}, {{3}, {5}}, {5})));
  EXPECT_EQ(behind.view().last_log, (LogPosition{{5}, {6}}));
}

TEST(Restore, UsesTheNewestConfigurationOfSnapshotAndLog) {
  Restored disk = restored({1, 1, 1, 1}, {1}, snapshot_at({1}, {2}));
  disk.log.log.configurations = {{.configuration = voters({a, b, c}), .index = {1}},
                                 {.configuration = voters({a, b}), .index = {3}}};
  const View view = Consensus{t0, options_for({}), disk}.view();
  EXPECT_EQ(view.latest_configuration.index, LogIndex{3});
  EXPECT_EQ(view.committed_configuration.index, LogIndex{1});
}

// An installed snapshot may have reached the disk before the term it came in.
TEST(Restore, RaisesTheTermToTheSnapshots) {
  Consensus server{t0, options_for({}), restored({1}, {1}, snapshot_at({7}, {5}), {2})};
  EXPECT_EQ(server.view().term, Term{7});
  EXPECT_EQ(server.take_effects().write->hard_state, (HardState{.term = {7}}));
}

TEST(Restore, RefusesPartsThatDoNotFitTogether) {
  EXPECT_TRUE(check(restored({1, 1}, {1}, std::nullopt)));
  const Result<void> gap = check(restored({4, 4}, {7}, snapshot_at({3}, {5})));
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, Errc::corrupt);
  EXPECT_FALSE(check(restored({4, 4}, {7}, std::nullopt))) << "and no snapshot at all";
  EXPECT_FALSE(check(restored({1, 6}, {1}, std::nullopt))) << "the stored term is older";
  EXPECT_TRUE(check(restored({}, {8}, snapshot_at({5}, {7})))) << "a log that is compacted whole";
  EXPECT_FALSE(check(restored({}, {8}, snapshot_at({5}, {7}), Term{}))) << "no stored term at all";
}

// Whoever has to repair it must hear what is missing.
TEST(Restore, SaysThatTheStableStoreIsMissing) {
  const Result<void> checked = check(restored({1}, {1}, std::nullopt, Term{}));
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().detail, testing::HasSubstr("the stable store is missing"));
}

TEST(Restore, RefusesTermsAndIndexesOutOfRange) {
  EXPECT_FALSE(check(restored({}, {1}, std::nullopt, Term{UINT64_MAX})));
  EXPECT_FALSE(check(restored({}, {1}, snapshot_at({1}, kIndexMax))));
  EXPECT_FALSE(check(restored({}, {1}, snapshot_at(kTermMax, {5}))));
  EXPECT_FALSE(check(restored({1}, kIndexMax, snapshot_at({1}, previous(kIndexMax)))));
  EXPECT_TRUE(
      check(restored({1}, previous(kIndexMax), snapshot_at({1}, previous(previous(kIndexMax))))));
}

// Rot was cut off the log's end. Until it reaches as far again, and durably, this server takes no
// part in elections.
TEST(Restore, OfACutLogIsLiftedOnceRefilled) {
  Restored disk{.hard_state = {.term = {2}},
                .log = {.log = entries_of({1, 1}, {1}, {{voters({a, b, c}), {1}}}),
                        .rot_cut = LogPosition{.term = {2}, .index = {4}}}};
  Consensus server{t0, options_for({}), disk};
  const Effects start = server.take_effects();
  EXPECT_EQ(start.write->hard_state,
            (HardState{.term = {2}, .repair_floor = LogPosition{{2}, {4}}}));
  server.step(t0, Persisted{start.write->ticket});

  server.step(t0, received(append(b, {2}, {{1}, {2}}, {2, 2})));
  const Effects refilled = server.take_effects();
  EXPECT_FALSE(refilled.write->hard_state) << "not durable yet";
  server.step(t0, Persisted{refilled.write->ticket});
  EXPECT_EQ(server.take_effects().write->hard_state, (HardState{.term = {2}}));
}

// Rot that is found later, and cut off further back, does not make an earlier loss smaller.
TEST(Restore, OfALogThatIsCutAgainNeverLowersTheRepairFloor) {
  Restored disk{.hard_state = {.term = {2}, .repair_floor = LogPosition{{2}, {9}}},
                .log = {.log = entries_of({1, 1}, {1}, {{voters({a, b, c}), {1}}}),
                        .rot_cut = LogPosition{.term = {2}, .index = {4}}}};
  Consensus server{t0, options_for({}), disk};
  EXPECT_FALSE(server.take_effects().write);
}

}  // namespace
}  // namespace proa::core::test
