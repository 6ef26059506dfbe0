#include "proa/testing/detail/invariants_fixture_test.hpp"

namespace proa::testing {
namespace {

struct InvariantsOfSnapshots : ThreeServers {};

// Paper §7: a snapshot has the latest configuration as of its end.
TEST_F(InvariantsOfSnapshots, SnapshotsRefuseAnotherConfigurationThanTheOneInForceAtTheirEnd) {
  const EntryView change = configuration({Term{1}, LogIndex{4}}, {"s1", "s2"});
  for (const std::size_t server : {0U, 1U})
    write(server, {.entries = change});
  invariants.sends(0, append(1, {Term{1}, LogIndex{3}}, change, 4));
  const Configuration two{
      .servers = {{.id = {"s1"}, .address = {"s1"}}, {.id = {"s2"}, .address = {"s2"}}}};
  SnapshotMeta meta{.last = {Term{1}, LogIndex{4}},
                    .configuration = {.configuration = two, .index = {4}}};
  invariants.snapshot_write_ends(0, meta);
  EXPECT_EQ(verdict(), "good") << *invariants.violation();

  meta.configuration.configuration.servers.pop_back();
  invariants.snapshot_write_ends(0, meta);
  EXPECT_EQ(verdict(), "snapshots");
}

/// s1, asked to restore a state, makes it durable; it ends behind everything that anybody has.
struct InvariantsOfARestore : ThreeServers {
  InvariantsOfARestore() {
    invariants.seen(0, {.leads = true, .term = {1}, .commit = {3}});
    invariants.restore_asked(0);
    const SnapshotMeta meta{.last = {.term = {1}, .index = {4}}};
    EXPECT_TRUE(invariants.is_users_restore(0, meta));
    invariants.snapshot_stored(0, meta);
    write(0, {.restart_after = meta.last});
  }
};

TEST_F(InvariantsOfARestore, ItsEndCountsAsCommittedAndAMajorityMakesItSafe) {
  EXPECT_EQ(invariants.last_committed(), LogIndex{4});
  EXPECT_TRUE(invariants.restore_under_way());
  for (const std::size_t server : {1U, 0U}) {
    if (server == 1) install(1, {.term = {1}, .index = {4}});
    write(server, {.entries = entries(5, 1, "e")});
  }
  invariants.seen(0, {.leads = true, .term = {1}, .commit = {5}});
  EXPECT_FALSE(invariants.restore_under_way());
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

TEST_F(InvariantsOfARestore, ALeaderThatDoesNotKnowOfItIsTheDocumentedLoss) {
  save(1, 2, "s2");
  invariants.sends(1, append(2, {Term{1}, LogIndex{3}}, {}, 0));
  EXPECT_TRUE(invariants.has_lost_a_restore());
  EXPECT_EQ(verdict(), "good");
}

TEST_F(InvariantsOfSnapshots, SnapshotsRefuseOtherBytesForTheSameEntries) {
  invariants.snapshot_stored(0, {.last = {.term = {1}, .index = {3}}}, 7);
  invariants.snapshot_stored(1, {.last = {.term = {1}, .index = {3}}}, 7);
  EXPECT_EQ(verdict(), "good");
  invariants.snapshot_stored(2, {.last = {.term = {1}, .index = {3}}}, 8);
  EXPECT_EQ(verdict(), "replicas differ");
}

TEST_F(InvariantsOfSnapshots, ARecoveryByForceCommitsTheWholeLogOfTheSurvivor) {
  write(0, {.entries = entries(4, 1, "d")});
  invariants.recovers(0);
  opened(0, invariants.shadow(0).log);
  EXPECT_EQ(invariants.last_committed(), LogIndex{4});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

TEST_F(InvariantsOfSnapshots, SnapshotsRefuseWhatNobodyHasCommittedUnlessAUserRestoresIt) {
  invariants.seen(0, {.leads = true, .term = {1}, .commit = {3}});
  const SnapshotMeta meta{.last = {.term = {1}, .index = {4}}};
  EXPECT_FALSE(invariants.is_users_restore(0, meta));
  invariants.snapshot_write_ends(0, meta);
  EXPECT_EQ(verdict(), "snapshots hold what is committed");
}

// Whoever asks may still forbid it then.
TEST_F(InvariantsOfSnapshots, SnapshotsRefuseARestoreOfALeaderThatHasBeenDeposedMeanwhile) {
  invariants.seen(0, {.leads = true, .term = {1}, .commit = {3}});
  invariants.restore_asked(0);
  for (const std::size_t server : {1U, 2U}) {
    save(server, 2, "s2");
    write(server, {.entries = server == 2 ? entries(1, 1, "abc") : EntryView{}});
    write(server, {.entries = entries(4, 2, "d")});
  }
  invariants.sends(1, append(2, {Term{2}, LogIndex{4}}, {}, 4));
  ASSERT_EQ(invariants.last_committed(), LogIndex{4});
  ASSERT_EQ(verdict(), "good") << *invariants.violation();

  const SnapshotMeta meta{.last = {.term = {1}, .index = {4}}};
  EXPECT_TRUE(invariants.is_users_restore(0, meta));
  invariants.snapshot_stored(0, meta);
  EXPECT_EQ(verdict(), "snapshots hold what is committed");
}

}  // namespace
}  // namespace proa::testing
