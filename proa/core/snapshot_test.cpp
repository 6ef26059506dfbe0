#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

SnapshotMeta meta(LogPosition last, ConfigurationAt configuration = {voters({a, b, c}), {1}}) {
  return {.id = "s", .last = last, .configuration = std::move(configuration), .size = 10};
}

Input install(const ServerId& leader, Term term, SnapshotMeta snapshot, std::uint64_t id = 1) {
  return received(
      InstallSnapshotRequest{
          .term = term, .leader = sender(leader), .snapshot = std::move(snapshot)},
      id);
}

Options trailing(std::uint64_t entries) {
  Options options = options_for({});
  options.trailing_logs = entries;
  return options;
}

Restored log_of(const std::vector<std::uint64_t>& terms, LogIndex commit, Term term) {
  return {
      .hard_state = {.term = term},
      .log = {.log = entries_of(terms, {1}, {{voters({a, b, c}), {1}}}), .commit_hint = commit}};
}

// Paper §7: once a snapshot is stored, the log before it may go; some entries stay for followers
// that are a little behind (reference §8.15).
TEST(Snapshot, CompactsTheLogUpToTheTrailingEntries) {
  Consensus server{t0, trailing(2), log_of({1, 1, 1, 1, 1, 1}, {5}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {5}})});
  EXPECT_EQ(server.take_effects().compact, LogIndex{4});
  EXPECT_EQ(server.view().snapshot, (LogPosition{{1}, {5}}));

  Consensus none{t0, trailing(0), log_of({1, 1, 1, 1, 1, 1}, {5}, {1})};
  none.take_effects();
  none.step(t0, SnapshotTaken{meta({{1}, {5}})});
  EXPECT_EQ(none.take_effects().compact, LogIndex{5}) << "never more than the snapshot covers";

  Consensus all{t0, trailing(10), log_of({1, 1, 1, 1, 1, 1}, {5}, {1})};
  all.take_effects();
  all.step(t0, SnapshotTaken{meta({{1}, {5}})});
  EXPECT_EQ(all.take_effects().compact, std::nullopt);
}

TEST(Snapshot, OlderThanTheNewestIsIgnored) {
  Consensus server{t0, trailing(0), log_of({1, 1, 1, 1, 1, 1}, {5}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {5}})});
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {3}})});
  EXPECT_EQ(server.take_effects().compact, std::nullopt);
  EXPECT_EQ(server.view().snapshot, (LogPosition{{1}, {5}}));
}

// A compacted follower treats what its snapshot covers as matching.
TEST(Snapshot, CoversThePreviousEntryOfAnAppend) {
  Consensus server{t0, trailing(0), log_of({1, 1, 1, 1}, {4}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {3}})});
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1, 1, 1})));
  EXPECT_EQ(server.view().last_log, (LogPosition{{1}, {5}}));
}

// A leader whose history has another entry where our snapshot ends would apply its commands to
// another state than ours. Nobody would notice, so it is refused at the one place that shows it.
TEST(Snapshot, OfAnotherHistoryThanTheLeadersIsReported) {
  Consensus server{t0, trailing(0), log_of({1, 1, 1, 1}, {3}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {3}})});
  server.step(t0, received(append(b, {2}, {{2}, {3}}, {2, 2}), 1));
  server.step(t0, received(append(b, {2}, {{1}, {2}}, {2, 2, 2}), 2));
  const Effects effects = take_and_persist(server);
  EXPECT_THAT(effects.send_now,
              testing::ElementsAre(answer(AppendEntriesReply{
                                       .term = {2}, .last_log = {4}, .no_retry_backoff = true}),
                                   answer(AppendEntriesReply{.term = {2}, .last_log = {4}}, 2)));
  ASSERT_EQ(effects.incidents.size(), 1U);
  EXPECT_EQ(server.view().last_log, (LogPosition{{1}, {4}}));
}

// Paper Figure 13: a snapshot replaces a log that does not contain its last entry; it is
// acknowledged once the log on disk has been restarted too.
TEST(InstallSnapshot, ReplacesALogThatDoesNotReachIt) {
  Consensus server = test::server({});
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {9}}, {voters({a, b}), {7}})));
  Effects effects = server.take_effects();
  EXPECT_EQ(effects.install, RequestId{1});
  EXPECT_TRUE(effects.send_now.empty());

  server.step(t0, SnapshotInstalled{.id = {1}});
  effects = server.take_effects();
  EXPECT_EQ(effects.appended, (std::vector<Appended>{LogRestarted{.after = {{1}, {9}}}}));
  ASSERT_TRUE(effects.write);
  EXPECT_EQ(effects.write->restart_after, (LogPosition{{1}, {9}}));
  EXPECT_TRUE(effects.send_now.empty()) << "not before the restart is durable";
  const View view = server.view();
  EXPECT_EQ(view.last_log, (LogPosition{{1}, {9}}));
  EXPECT_EQ(view.commit_index, LogIndex{9});
  EXPECT_EQ(view.latest_configuration, (ConfigurationAt{voters({a, b}), {7}}));
  EXPECT_FALSE(effects.apply);

  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.take_effects().send_now,
            (std::vector{answer(InstallSnapshotReply{.term = {1}, .success = true})}));
}

// It would acknowledge a state that it does not have, and the leader would count it.
TEST(InstallSnapshot, OfAnotherHistoryThanWhatIsCommittedIsRefusedAndReported) {
  Consensus server{t0, trailing(0), log_of({1, 1, 1, 1}, {3}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {3}})});
  server.step(t0, install(b, {2}, meta({{2}, {3}})));
  const Effects effects = take_and_persist(server);
  EXPECT_THAT(effects.send_now, testing::ElementsAre(answer(InstallSnapshotReply{.term = {2}})));
  ASSERT_EQ(effects.incidents.size(), 1U);
  EXPECT_EQ(effects.incidents[0].kind, Incident::Kind::commit_contradicted);
}

// The conflict is exactly the follower's last entry: the model keeps it and installs for ever.
TEST(InstallSnapshot, DiscardsAConflictingTail) {
  Consensus server = test::server({.log = {1, 1, 2, 2, 2}, .term = {3}});
  server.take_effects();
  server.step(t0, install(b, {3}, meta({{3}, {4}})));
  server.take_effects();
  server.step(t0, SnapshotInstalled{.id = {1}});
  EXPECT_EQ(server.view().last_log, (LogPosition{{3}, {4}}));
  server.step(t0, received(append(b, {3}, {{3}, {4}}, {3}), 2));
  EXPECT_EQ(server.view().last_log, (LogPosition{{3}, {5}}));
}

// An uncommitted configuration that the snapshot supersedes must not stay in force.
TEST(InstallSnapshot, TakesAnUncommittedConfigurationOutOfForce) {
  Consensus server = test::server({.term = {2}});
  AppendEntriesInfo request = append(b, {2}, {{1}, {1}}, {2, 2});
  request.entries.configurations = {{voters({a}), {3}}};
  server.step(t0, received(request));
  take_and_persist(server);
  EXPECT_EQ(server.view().latest_configuration.index, LogIndex{3});
  server.step(t0, install(c, {4}, meta({{4}, {8}}), 2));
  take_and_persist(server);
  server.step(t0, SnapshotInstalled{.id = {2}});
  EXPECT_EQ(server.view().latest_configuration, (ConfigurationAt{voters({a, b, c}), {1}}));
}

// What is here already needs no installation; an old snapshot must not move the state machine back.
TEST(InstallSnapshot, OfWhatIsHereAlreadyIsAcknowledgedWithoutInstalling) {
  Consensus server = test::server({.log = {1, 1, 1, 1}, .commit_hint = {3}});
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {2}})));
  Effects effects = server.take_effects();
  EXPECT_FALSE(effects.install);
  EXPECT_EQ(effects.send_now,
            (std::vector{answer(InstallSnapshotReply{.term = {1}, .success = true})}));

  // Entry 4 is in the log and the snapshot says that it is committed.
  server.step(t0, install(b, {1}, meta({{1}, {4}})));
  effects = server.take_effects();
  EXPECT_FALSE(effects.install);
  EXPECT_EQ(effects.apply, (IndexRange{{4}, {4}}));
}

// While the state machine's state is being replaced, no older entry may be applied on top of it,
// and appends may arrive. The commit index does not move back to the snapshot's.
TEST(InstallSnapshot, HoldsBackApplyAndLeavesANewerCommitIndexAlone) {
  Consensus server = test::server({});
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {4}})));
  server.take_effects();
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1, 1, 1, 1}, {5}), 2));
  const Effects effects = take_and_persist(server);
  EXPECT_EQ(server.view().commit_index, LogIndex{5});
  EXPECT_FALSE(effects.apply);

  server.step(t0, SnapshotInstalled{.id = {1}});
  const Effects after = server.take_effects();
  EXPECT_EQ(server.view().commit_index, LogIndex{5});
  EXPECT_EQ(server.view().last_log, (LogPosition{{1}, {6}})) << "a log that holds its end goes on";
  EXPECT_EQ(after.apply, (IndexRange{{5}, {5}})) << "behind the snapshot, each entry once";
}

// A removal from the log does not wait for the writes before it. Of a log that holds the snapshot's
// end, part may still be on its way to the disk: what is not there cannot be removed there.
TEST(InstallSnapshot, RemovesFromTheLogOnlyWhatTheDiskHas) {
  Consensus server{t0, trailing(0), log_of({1, 1}, {1}, {1})};
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {4}})));
  server.take_effects();
  server.step(t0, received(append(b, {1}, {{1}, {2}}, {1, 1, 1}), 2));
  const Effects unsynced = server.take_effects();
  server.step(t0, SnapshotInstalled{.id = {1}});
  EXPECT_EQ(server.take_effects().compact, LogIndex{2});

  server.step(t0, Persisted{unsynced.write->ticket});
  server.step(t0, received(append(b, {1}, {{1}, {5}}, {}, {5}), 3));
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {5}})});
  EXPECT_EQ(server.take_effects().compact, LogIndex{5}) << "the rest goes with the next snapshot";
}

TEST(InstallSnapshot, ThatFailsIsRefusedAndApplyGoesOn) {
  Consensus server = test::server({});
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {9}})));
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1}, {2}), 2));
  take_and_persist(server);
  server.step(t0, SnapshotInstalled{.id = {1}, .error = Error{}});
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.send_now, (std::vector{answer(InstallSnapshotReply{.term = {1}})}));
  EXPECT_EQ(effects.apply, (IndexRange{{2}, {2}}));
  EXPECT_EQ(server.view().snapshot, LogPosition{});
}

TEST(InstallSnapshot, SecondOneMeanwhileIsRefused) {
  Consensus server = test::server({});
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {9}}), 1));
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {9}}), 2));
  const Effects effects = server.take_effects();
  EXPECT_FALSE(effects.install);
  EXPECT_EQ(effects.send_now, (std::vector{answer(InstallSnapshotReply{.term = {1}}, 2)}));
}

TEST(InstallSnapshot, OfAnOldTermIsRefused) {
  Consensus server = test::server({.term = {5}});
  server.take_effects();
  server.step(t0, install(b, {4}, meta({{4}, {9}})));
  EXPECT_EQ(server.take_effects().send_now,
            (std::vector{answer(InstallSnapshotReply{.term = {5}})}));
}

// The term passed while the snapshot was stored: it is used, and the old leader gets a refusal.
TEST(InstallSnapshot, IsNotAcknowledgedToALeaderOfAPassedTerm) {
  Consensus server = test::server({});
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {9}})));
  server.step(t0, received(heartbeat(c, {3}), 2));
  take_and_persist(server);
  server.step(t0, SnapshotInstalled{.id = {1}});
  EXPECT_THAT(take_and_persist(server).send_now,
              testing::ElementsAre(answer(InstallSnapshotReply{.term = {3}})));
  EXPECT_EQ(server.view().commit_index, LogIndex{9});
}

// A candidate of the same term is told by a snapshot as by an append that another has won.
TEST(InstallSnapshot, OfItsOwnTermMakesACandidateAFollower) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server, late());
  server.step(late(), install(b, {2}, meta({{1}, {9}})));
  EXPECT_EQ(server.view().role, Role::follower);
  EXPECT_EQ(server.take_effects().install, RequestId{1});
}

// A server whose log is about to be replaced does not campaign.
TEST(InstallSnapshot, KeepsAServerFromCampaigning) {
  Consensus server = test::server({});
  server.step(t0, install(b, {1}, meta({{1}, {9}})));
  server.step(late(), DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::follower);
  server.step(late(), SnapshotInstalled{.id = {1}});
  server.step(late(late()), DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::candidate);
}

TEST(InstallSnapshot, ThatContradictsItselfIsRefusedAndReported) {
  for (const SnapshotMeta& bad : {
           meta({}, {voters({a, b, c}), {}}),            // covers nothing
           meta({{1}, {UINT64_MAX}}),                    // out of range
           meta({{9}, {9}}),                             // of a later term than the leader's
           meta({{1}, {9}}, {voters({a, b, c}), {10}}),  // a configuration from behind its end
           meta({{1}, {9}}, {Configuration{}, {1}}),     // no servers
       }) {
    Consensus server = test::server({});
    server.take_effects();
    server.step(t0, install(b, {1}, bad));
    const Effects effects = server.take_effects();
    EXPECT_FALSE(effects.install);
    EXPECT_EQ(effects.send_now, (std::vector{answer(InstallSnapshotReply{.term = {1}})}));
    EXPECT_EQ(effects.incidents.size(), 1U);
  }
}

TEST(InstallSnapshot, OfATermOutOfRangeIsRefusedAndReported) {
  Consensus server = test::server({});
  server.take_effects();
  server.step(t0, install(b, {UINT64_MAX}, meta({{1}, {9}})));
  const Effects effects = server.take_effects();
  EXPECT_FALSE(effects.install);
  EXPECT_EQ(effects.incidents.size(), 1U);
  EXPECT_EQ(server.view().term, Term{1});
}

/// A leader with a snapshot at 5, its log compacted up to 5, and a peer b that has less.
Consensus compacted_leader(std::vector<Sent>& probes) {
  Consensus server{t0, trailing(0), log_of({1, 1, 1, 1, 1, 1}, {5}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {5}})});
  probes = elect(server);
  return server;
}

// Paper §7: a follower that needs entries which are gone gets the snapshot, then what follows.
TEST(SendSnapshot, ReplacesEntriesThatAreGone) {
  std::vector<Sent> probes;
  Consensus server = compacted_leader(probes);
  server.step(late(), rejected(b, probes[0], 2));
  Effects effects = server.take_effects();
  ASSERT_EQ(effects.snapshots_now.size(), 1U);
  EXPECT_EQ(effects.snapshots_now[0].to, b);
  EXPECT_EQ(effects.snapshots_now[0].end_min, LogIndex{5}) << "the log begins at 6";
  const Sent what{.term = {2}, .last = {5}, .generation = effects.snapshots_now[0].generation};
  server.step(late() + 100ms, DeadlineReached{});
  EXPECT_TRUE(server.take_effects().snapshots_now.empty()) << "one at a time, however long";

  server.step(late(), replied(b, InstallSnapshotReply{.term = {2}, .success = true}, what));
  effects = server.take_effects();
  ASSERT_EQ(effects.entries_now.size(), 1U);
  EXPECT_EQ(effects.entries_now[0].prev, (LogPosition{{1}, {5}}));
  EXPECT_EQ(effects.entries_now[0].entries, (IndexRange{{6}, {7}}));
}

TEST(SendSnapshot, IsRepeatedAfterARestIfItFails) {
  std::vector<Sent> probes;
  Consensus server = compacted_leader(probes);
  server.step(late(), rejected(b, probes[0], 2));
  Effects effects = server.take_effects();
  Sent what{.term = {2}, .last = {5}, .generation = effects.snapshots_now.at(0).generation};
  server.step(late(), RequestFailed{.to = b, .what = what});
  EXPECT_TRUE(server.take_effects().snapshots_now.empty());
  server.step(late() + 250ms, DeadlineReached{});
  effects = server.take_effects();
  ASSERT_EQ(effects.snapshots_now.size(), 1U);

  what.generation = effects.snapshots_now[0].generation;
  server.step(late() + 250ms, replied(b, InstallSnapshotReply{.term = {2}}, what));
  EXPECT_TRUE(server.take_effects().snapshots_now.empty());
}

TEST(SendSnapshot, FollowsWhenTheDriverFindsTheEntriesGone) {
  Consensus server{t0, trailing(10), log_of({1, 1, 1, 1, 1, 1}, {5}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {5}})});
  const Sent probe = elect(server).at(0);
  server.step(late(), rejected(b, probe, 2));
  const SendEntries send = server.take_effects().entries_now.at(0);
  server.step(late(), EntriesUnavailable{.to = b, .generation = send.generation});
  EXPECT_EQ(server.take_effects().snapshots_now.size(), 1U);
}

// After a start the term before a log that reaches back behind the snapshot is not known, so the
// first entry that is left cannot be sent: nobody could check what comes before it.
TEST(SendSnapshot, ReplacesTheFirstEntryOfALogWhoseTermBeforeIsUnknown) {
  const Restored disk{.hard_state = {.term = {1}},
                      .log = {.log = entries_of({1, 1, 1, 1}, {4}), .commit_hint = {6}},
                      .snapshot = meta({{1}, {6}})};
  Consensus server{t0, trailing(10), disk};
  const Sent probe = elect(server).at(0);
  server.step(late(), rejected(b, probe, 3));
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.entries_now.empty());
  ASSERT_EQ(effects.snapshots_now.size(), 1U);
  EXPECT_EQ(effects.snapshots_now[0].to, b);
}

// The entry before the first of a compacted log has no term of ours to step back over.
TEST(SendSnapshot, FollowsARefusalAtTheEntryBeforeACompactedLog) {
  std::vector<Sent> probes;
  Consensus server = compacted_leader(probes);
  server.step(late(), rejected(b, probes[0], 5));
  const SendEntries send = server.take_effects().entries_now.at(0);
  ASSERT_EQ(send.prev.index, LogIndex{5});
  server.step(late(), rejected(b, carry_out(server, send, late()), 5));
  EXPECT_EQ(server.take_effects().snapshots_now.size(), 1U);
}

// Our log does not reach back to its end, so there is nothing to compare it with.
TEST(InstallSnapshot, OfWhatIsCompactedHereIsAcknowledgedWithoutInstalling) {
  Consensus server{t0, trailing(0), log_of({1, 1, 1, 1, 1, 1}, {5}, {1})};
  server.take_effects();
  server.step(t0, SnapshotTaken{meta({{1}, {5}})});
  server.take_effects();
  server.step(t0, install(b, {1}, meta({{1}, {3}})));
  const Effects effects = server.take_effects();
  EXPECT_FALSE(effects.install);
  EXPECT_EQ(effects.send_now,
            (std::vector{answer(InstallSnapshotReply{.term = {1}, .success = true})}));
}

}  // namespace
}  // namespace proa::core::test
