#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

/// A leader of term 2 whose no-op is committed, at index 2.
Consensus settled_leader() {
  Consensus server = test::server({});
  const std::vector<Sent> probes = elect(server);
  server.step(late(), acknowledged(b, probes[0]));
  take_and_persist(server, late());
  return server;
}

// Reference §8.16: an index that nobody has, so that every follower needs the snapshot.
TEST(UserRestore, GetsAnIndexBehindTheLogAndTheSnapshot) {
  Consensus server = settled_leader();
  const LogIndex last = server.view().last_log.index;
  server.step(late(), RestoreRequested{.id = {7}, .snapshot_last = {100}});
  const Effects effects = server.take_effects();
  ASSERT_TRUE(effects.restore);
  EXPECT_EQ(effects.restore->last, (LogPosition{{2}, {101}}));
  EXPECT_EQ(effects.restore->configuration, server.view().latest_configuration);

  Consensus other = settled_leader();
  other.step(late(), RestoreRequested{.id = {7}, .snapshot_last = {}});
  EXPECT_EQ(other.take_effects().restore->last.index, next(last));
}

TEST(UserRestore, RestartsTheLogAndAppendsANoOpToWaitFor) {
  Consensus server = settled_leader();
  server.step(late(), RestoreRequested{.id = {7}, .snapshot_last = {100}});
  server.take_effects();
  server.step(late(), RestoreStored{.id = {7}});
  const Effects effects = server.take_effects();
  ASSERT_EQ(effects.appended.size(), 2U);
  EXPECT_EQ(effects.appended[0], (Appended{LogRestarted{.after = {{2}, {101}}}}));
  EXPECT_EQ(std::get<OwnEntries>(effects.appended[1]).first, LogIndex{102});
  EXPECT_EQ(std::get<OwnEntries>(effects.appended[1]).first_proposal, ProposalId{7});
  ASSERT_TRUE(effects.write);
  EXPECT_EQ(effects.write->restart_after, (LogPosition{{2}, {101}}));
  EXPECT_FALSE(effects.snapshots_now.empty()) << "the followers need it now";
  EXPECT_EQ(server.view().commit_index, LogIndex{101});
}

TEST(UserRestore, HoldsUpEverythingThatWouldBeAppendedMeanwhile) {
  Consensus server = settled_leader();
  server.step(late(), RestoreRequested{.id = {7}, .snapshot_last = {100}});
  server.step(late(), Proposed{.first = {8}});
  server.step(late(), TransferRequested{.id = {9}});
  server.step(late(), RestoreRequested{.id = {10}, .snapshot_last = {5}});
  const Effects effects = server.take_effects();
  ASSERT_EQ(effects.complete.size(), 3U);
  for (const Completion& refused : effects.complete)
    EXPECT_EQ(refused.error->code, Errc::busy);
  EXPECT_TRUE(effects.appended.empty());
}

TEST(UserRestore, ThatIsNotStoredChangesNothing) {
  Consensus server = settled_leader();
  const View before = server.view();
  server.step(late(), RestoreRequested{.id = {7}, .snapshot_last = {100}});
  server.take_effects();
  server.step(late(), RestoreStored{.id = {7}, .error = Error{.code = Errc::io_error}});
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.complete.at(0).error->code, Errc::io_error);
  EXPECT_EQ(server.view().last_log, before.last_log);
  server.step(late(), Proposed{.first = {8}});
  EXPECT_EQ(server.take_effects().appended.size(), 1U);
}

TEST(UserRestore, EndsWithTheLeadership) {
  Consensus server = settled_leader();
  server.step(late(), RestoreRequested{.id = {7}, .snapshot_last = {100}});
  server.take_effects();
  server.step(late(), received(heartbeat(c, {5}), 2));
  EXPECT_EQ(server.take_effects().complete.at(0).error->code, Errc::leadership_lost);
  server.step(late(), RestoreStored{.id = {7}});
  EXPECT_EQ(server.view().snapshot, LogPosition{});
}

// What was ordered is perhaps stored only when the server leads again: nobody waits for it then.
TEST(UserRestore, DoesNotOutliveItsLeadership) {
  Consensus server = settled_leader();
  server.step(late(), RestoreRequested{.id = {7}, .snapshot_last = {100}});
  server.step(late(), received(heartbeat(c, {3}), 2));
  take_and_persist(server, late());
  const Instant again = late(late());
  server.step(again, DeadlineReached{});
  take_and_persist(server, again);
  server.step(again, replied(b, RequestVoteReply{.term = {4}, .granted = true},
                             {.term = {4}, .kind = SentKind::vote}));
  ASSERT_EQ(server.view().role, Role::leader);
  server.step(again, RestoreStored{.id = {7}});
  EXPECT_EQ(server.view().snapshot, LogPosition{});

  const SendEntries sent = take_and_persist(server, again).entries_now.at(0);
  server.step(again, acknowledged(sent.to, carry_out(server, sent, again)));
  server.step(again, RestoreRequested{.id = {8}, .snapshot_last = {200}});
  ASSERT_TRUE(server.take_effects().restore);
  server.step(again, RestoreStored{.id = {7}});
  EXPECT_EQ(server.view().snapshot, LogPosition{}) << "of the one that is waited for now";
}

TEST(UserRestore, IsRefusedByWhoDoesNotLead) {
  Consensus server = test::server({});
  server.step(t0, RestoreRequested{.id = {7}, .snapshot_last = {100}});
  EXPECT_EQ(server.take_effects().complete.at(0).error->code, Errc::not_leader);
}

}  // namespace
}  // namespace proa::core::test
