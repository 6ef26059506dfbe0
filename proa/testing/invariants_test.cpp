#include "proa/testing/detail/invariants_fixture_test.hpp"

namespace proa::testing {
namespace {

struct InvariantsOf : ThreeServers {};

TEST_F(InvariantsOf, AHealthyClusterFindNothing) {
  invariants.answers(1, append(1, {}, entries(1, 1, "abc"), 0),
                     AppendEntriesReply{.term = {1}, .success = true});
  invariants.sends(0, append(1, {Term{1}, LogIndex{3}}, {}, 3));
  invariants.applies(0, {.index = {1}, .term = {1}, .command = view_of("a")});
  save(2, 2, "s3");
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
  EXPECT_EQ(invariants.last_committed(), LogIndex{3});
}

TEST_F(InvariantsOf, CorruptionRefuseALogThatGivesSomethingElseThanWasWritten) {
  invariants.rots(1);
  invariants.log_read(1, entries(2, 1, "bc"));
  EXPECT_EQ(verdict(), "good");
  invariants.log_read(1, entries(2, 1, "bx"));
  EXPECT_EQ(verdict(), "corruption is never silent");
}

TEST_F(InvariantsOf, CorruptionRefuseAServerThatSpeaksThoughItHasFoundRot) {
  invariants.finds_rot(1);
  invariants.answers(1, append(1, {}, entries(1, 1, "abc"), 0),
                     AppendEntriesReply{.term = {1}, .success = true});
  EXPECT_EQ(verdict(), "corruption is never silent");
}

TEST_F(InvariantsOf, CorruptionLetAnotherMachineSpeakInThePlaceOfARottenOne) {
  invariants.rots(2);
  invariants.finds_rot(2);
  invariants.replaced(2, {.id = {"s3#2"}, .address = {"s3#2"}});
  invariants.answers(2, vote_request(0, "s1"), RequestVoteReply{});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

// Paper §5.2.
TEST_F(InvariantsOf, ElectionsRefuseTwoLeadersInOneTerm) {
  invariants.sends(1, append(1, {}, {}, 0));
  EXPECT_EQ(verdict(), "election safety");
}

TEST_F(InvariantsOf, ElectionsRefuseALeaderWhoseOwnVoteIsNotDurable) {
  invariants.sends(1, append(2, {}, {}, 0));
  EXPECT_EQ(verdict(), "persist before speak");
}

// Paper §5.4.
TEST_F(InvariantsOf, ElectionsRefuseALeaderWithoutACommittedEntry) {
  invariants.sends(0, append(1, {}, {}, 3));
  save(2, 2, "s3");
  invariants.sends(2, append(2, {}, {}, 0));
  EXPECT_EQ(verdict(), "leader completeness");
}

// s3 was made a cluster of its own, so it needs nobody who has what s1 and s2 commit.
TEST_F(InvariantsOf, ElectionsRefuseACommitThatAnotherMajorityKnowsNothingOf) {
  save(2, 2, "s3");
  write(2, {.entries = configuration({Term{2}, LogIndex{1}}, {"s3"})});
  EXPECT_EQ(verdict(), "good");
  invariants.sends(0, append(1, {}, {}, 3));
  EXPECT_EQ(verdict(), "leader completeness, ahead of time");
}

// s3 could not be elected before, and whoever makes it one comes too late.
TEST_F(InvariantsOf, ElectionsRefuseAConfigurationThatNeedsNobodyWhoHasWhatIsCommitted) {
  invariants.sends(0, append(1, {}, {}, 3));
  save(2, 2, "s3");
  write(2, {.entries = configuration({Term{2}, LogIndex{1}}, {"s3"})});
  EXPECT_EQ(verdict(), "leader completeness, ahead of time");
}

// A snapshot that cannot be read hides how far its log goes, but such a server does not start, and
// does so later only on a disk that is whole again.
TEST_F(InvariantsOf, ElectionsLeaveOutWhoDoesNotStartForRot) {
  save(0, 3, "s1");
  save(1, 3, "s1");
  write(0, {.entries = entries(4, 3, "d")});
  write(1, {.entries = entries(4, 3, "d")});
  invariants.sends(0, append(3, {Term{1}, LogIndex{3}}, {}, 4));
  ASSERT_EQ(invariants.last_committed(), LogIndex{4});
  invariants.snapshot_stored(1, {.last = {Term{3}, LogIndex{4}}});
  invariants.prefix_truncation_begins(1, {4});
  invariants.prefix_truncated(1, {4});

  invariants.rots(1);
  invariants.process_ended(1);
  invariants.snapshots_listed(1, {});
  invariants.finds_rot(1);
  save(2, 2, "s3");
  write(2, {.entries = configuration({Term{2}, LogIndex{1}}, {"s2", "s3"})});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
  invariants.disk_restored(1);
  write(2, {.entries = configuration({Term{2}, LogIndex{2}}, {"s2", "s3"})});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

// Paper §5.3.
TEST_F(InvariantsOf, LogsRefuseAnotherEntryOfTheSameIndexAndTerm) {
  write(2, {.entries = entries(1, 1, "axc")});
  EXPECT_EQ(verdict(), "log matching");
}

TEST_F(InvariantsOf, LogsRefuseTheSameEntryBehindAnotherHistory) {
  save(2, 2, "s3");
  write(2, {.entries = entries(1, 2, "z")});
  write(2, {.entries = entries(2, 1, "b")});
  EXPECT_EQ(verdict(), "log matching");
}

TEST_F(InvariantsOf, LogsRefuseALeaderThatTruncates) {
  write(0, {.truncate_from = LogIndex{2}});
  EXPECT_EQ(verdict(), "leader append-only");
}

TEST_F(InvariantsOf, LogsRefuseALeaderThatStampsAnotherTerm) {
  write(0, {.entries = entries(4, 2, "d")});
  EXPECT_EQ(verdict(), "a leader stamps its own term");
}

// design.md §4: hard state first.
TEST_F(InvariantsOf, LogsRefuseAnEntryOfATermThatIsNotSaved) {
  write(2, {.entries = entries(1, 2, "z")});
  EXPECT_EQ(verdict(), "the term before its entries");
}

TEST_F(InvariantsOf, LogsRefuseToLoseWhatWasAcknowledgedInTheSameTerm) {
  invariants.answers(1, append(1, {}, entries(1, 1, "abc"), 0),
                     AppendEntriesReply{.term = {1}, .success = true});
  write(1, {.truncate_from = LogIndex{3}, .entries = entries(3, 1, "c")});
  EXPECT_EQ(verdict(), "acknowledged entries");
}

TEST_F(InvariantsOf, LogsAllowANewLeaderToReplaceWhatWasAcknowledgedAndNotCommitted) {
  invariants.answers(1, append(1, {}, entries(1, 1, "abc"), 0),
                     AppendEntriesReply{.term = {1}, .success = true});
  save(1, 2, "s3");
  write(1, {.truncate_from = LogIndex{3}, .entries = entries(3, 2, "x")});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

TEST_F(InvariantsOf, LogsRefuseToLoseWhatIsCommitted) {
  invariants.sends(0, append(1, {}, {}, 3));
  save(1, 2, "s3");
  write(1, {.truncate_from = LogIndex{3}, .entries = entries(3, 2, "x")});
  EXPECT_EQ(verdict(), "committed entries");
}

/// s3 holds "abc" too; then s1, leader of term 3, commits it with an entry that s3 has not heard
/// of.
struct InvariantsOfALateCommit : ThreeServers {
  InvariantsOfALateCommit() {
    write(2, {.entries = entries(1, 1, "abc")});
    for (const std::size_t server : {0U, 1U}) {
      save(server, 3, "s1");
      write(server, {.entries = entries(4, 3, "d")});
    }
    invariants.sends(0, append(3, {Term{1}, LogIndex{3}}, entries(4, 3, "d"), 4));
  }
};

TEST_F(InvariantsOfALateCommit, ALeaderOfAnEarlierTermMayStillCutIt) {
  save(2, 2, "s3");
  write(2, {.truncate_from = LogIndex{3}, .entries = entries(3, 2, "x")});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

TEST_F(InvariantsOfALateCommit, NoLeaderFromThatTermOnMayCutIt) {
  write(2, {.truncate_from = LogIndex{3}, .entries = entries(3, 3, "x")});
  EXPECT_EQ(verdict(), "committed entries");
}

TEST_F(InvariantsOf, CommitsNeedAQuorumOfDurableLogs) {
  write(0, {.entries = entries(4, 1, "d")});
  invariants.sends(0, append(1, {}, entries(1, 1, "abcd"), 4));
  EXPECT_EQ(verdict(), "commit without a quorum");
}

// Paper §5.4.2, Figure 8.
TEST_F(InvariantsOf, CommitsRefuseAnEntryOfAnOlderTerm) {
  save(0, 2, "s1");
  invariants.seen(0, {.leads = true, .term = {2}, .commit = {3}});
  EXPECT_EQ(verdict(), "commit of an entry of an older term");
}

TEST_F(InvariantsOf, CommitsRefuseToMoveBack) {
  invariants.seen(0, {.commit = {3}});
  invariants.seen(0, {.commit = {2}});
  EXPECT_EQ(verdict(), "the commit index only grows");
}

TEST_F(InvariantsOf, ApplicationsRefuseSomethingElseThanWhatIsCommitted) {
  invariants.applies(0, {.index = {1}, .term = {1}, .command = view_of("x")});
  EXPECT_EQ(verdict(), "state machine safety");
}

TEST_F(InvariantsOf, ApplicationsRefuseToRepeatOrToSkip) {
  invariants.seen(0, {.commit = {3}});
  invariants.applies(0, {.index = {2}, .term = {1}, .command = view_of("b")});
  EXPECT_EQ(verdict(), "each entry once, in order");
}

TEST_F(InvariantsOf, ApplicationsRefuseWhatIsNotDurableHere) {
  invariants.seen(0, {.commit = {3}});
  invariants.applies(2, {.index = {1}, .term = {1}, .command = view_of("a")});
  EXPECT_EQ(verdict(), "apply");
}

// design.md §4, the durability contract.
TEST_F(InvariantsOf, SpeechRefusesAVoteRequestBeforeTheOwnVoteIsDurable) {
  invariants.sends(1, vote_request(2, "s2"));
  EXPECT_EQ(verdict(), "persist before speak");
}

TEST_F(InvariantsOf, SpeechRefusesAGrantThatIsNotDurable) {
  save(1, 2, "s3");
  invariants.answers(1, vote_request(2, "s2"), RequestVoteReply{.term = {2}, .granted = true});
  EXPECT_EQ(verdict(), "persist before speak");
}

TEST_F(InvariantsOf, SpeechRefusesAGrantThatLeavesInANewerTerm) {
  save(1, 2, "s3");
  save(1, 3, "s1");
  invariants.answers(1, vote_request(2, "s3"), RequestVoteReply{.term = {2}, .granted = true});
  EXPECT_EQ(verdict(), "persist before speak");
}

TEST_F(InvariantsOf, SpeechRefusesATermThatIsNotDurable) {
  invariants.answers(1, vote_request(2, "s2"), RequestVoteReply{.term = {2}});
  EXPECT_EQ(verdict(), "persist before speak");
}

TEST_F(InvariantsOf, SpeechRefusesToAcknowledgeWhatIsOnItsWayToTheDisk) {
  invariants.log_write_begins(2, {.entries = entries(1, 1, "abc")});
  invariants.answers(2, append(1, {}, entries(1, 1, "abc"), 0),
                     AppendEntriesReply{.term = {1}, .success = true});
  EXPECT_EQ(verdict(), "persist before speak");
}

TEST_F(InvariantsOf, VotesRefuseASecondOneInATermAndATermThatMovesBack) {
  save(0, 1, "s2");
  EXPECT_EQ(verdict(), "one vote in a term");
}

TEST_F(InvariantsOf, TermsRefuseToMoveBack) {
  save(0, 3, "s2");
  EXPECT_EQ(verdict(), "good");
  save(0, 2, "s2");
  EXPECT_EQ(verdict(), "the term only grows");
}

TEST_F(InvariantsOf, RecoveryTakesAWriteInFlightWholeOrNotAtAll) {
  invariants.log_write_begins(1, {.entries = entries(4, 1, "de")});
  ShadowLog whole = invariants.shadow(1).log;
  entries(4, 1, "de").for_each([&](const Entry& entry) { whole.append(facts_of(entry)); });
  opened(1, whole);
  EXPECT_EQ(verdict(), "good");

  invariants.log_write_begins(1, {.entries = entries(6, 1, "fg")});
  ShadowLog half = whole;
  entries(6, 1, "f").for_each([&](const Entry& entry) { half.append(facts_of(entry)); });
  opened(1, half);
  EXPECT_EQ(verdict(), "durability");
}

TEST_F(InvariantsOf, RecoveryRefusesAShorterLogThanWasConfirmed) {
  ShadowLog shorter = invariants.shadow(1).log;
  shorter.truncate_suffix({3});
  opened(1, shorter);
  EXPECT_EQ(verdict(), "durability");
}

TEST_F(InvariantsOf, RecoveryRefusesAnOlderVote) {
  save(1, 2, "s3");
  invariants.hard_state_opened(1, {.term = {1}, .vote = sender("s1")});
  EXPECT_EQ(verdict(), "durability");
}

// After a change of the log that has failed every other one is refused, so it is not there.
TEST_F(InvariantsOf, RecoveryMayFindATruncationThatFailedWithoutTheWriteThatWasRefusedAfterIt) {
  invariants.sends(0, append(1, {Term{1}, LogIndex{3}}, {}, 3));
  invariants.snapshot_stored(1, {.last = {Term{1}, LogIndex{2}}});
  invariants.prefix_truncation_begins(1, {2});
  invariants.log_write_begins(1, {.entries = entries(4, 1, "d")});
  invariants.process_ended(1);
  ShadowLog found = invariants.shadow(1).log;
  found.truncate_prefix({2});
  opened(1, found);
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

TEST_F(InvariantsOf, TheOrderIsSnapshotAppliedCommittedLast) {
  invariants.seen(0, {.commit = {3}, .last = LogIndex{3}});
  invariants.runs_up_to(0, {2});
  invariants.seen(0, {.commit = {3}, .snapshot = {2}, .last = LogIndex{3}});
  EXPECT_EQ(verdict(), "good");
  invariants.seen(0, {.commit = {3}, .snapshot = {3}, .last = LogIndex{3}});
  EXPECT_EQ(verdict(), "order");
}

TEST_F(InvariantsOf, TheOrderRefusesACommitBehindTheEndOfTheLog) {
  invariants.seen(0, {.commit = {3}, .last = LogIndex{2}});
  EXPECT_EQ(verdict(), "order");
}

TEST_F(InvariantsOf, TheOrderRefusesToApplyWhatTheServerDoesNotCallCommitted) {
  invariants.sends(0, append(1, {}, {}, 3));
  invariants.seen(1, {.commit = {0}});
  invariants.applies(1, {.index = {1}, .term = {1}, .command = view_of("a")});
  EXPECT_EQ(verdict(), "order");
}

TEST_F(InvariantsOf, ApplicationsRefuseToRunANoopTwice) {
  invariants.runs_up_to(0, {2});
  invariants.runs_up_to(0, {2});
  EXPECT_EQ(verdict(), "each entry once, in order");
}

Configuration of(const std::vector<std::string>& ids) {
  Configuration made;
  for (const std::string& id : ids)
    made.servers.push_back({.id = {id}, .address = {id}});
  return made;
}

// Thesis §4.1: with one server more or less two majorities always meet; with two they need not.
TEST_F(InvariantsOf, ConfigurationsThatDifferByOneServerMeet) {
  const Configuration before = of({"s1", "s2", "s3"});
  const Configuration after = of({"s1", "s2"});
  invariants.seen(2, {.commit = {0}, .latest = &before});
  invariants.seen(0, {.leads = true, .term = {1}, .commit = {0}, .latest = &after});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

// s1 takes s2 and s3 out at once, and both could elect one of them without s1.
TEST_F(InvariantsOf, ConfigurationsRefuseTwoThatCouldDecideApart) {
  const Configuration before = of({"s1", "s2", "s3"});
  const Configuration after = of({"s1"});
  invariants.seen(1, {.commit = {0}, .latest = &before});
  invariants.seen(0, {.leads = true, .term = {1}, .commit = {0}, .latest = &after});
  EXPECT_EQ(verdict(), "configurations intersect");
}

// The same, but s2 and s3 lack what s1 has: s2 would get no vote of s1, nor s3 one of s2.
TEST_F(InvariantsOf, ConfigurationsThatNobodyWouldFollowDoNotMatter) {
  const Configuration before = of({"s1", "s2", "s3"});
  const Configuration after = of({"s1"});
  invariants.seen(2, {.commit = {0}, .latest = &before});
  invariants.seen(0, {.leads = true, .term = {1}, .commit = {0}, .latest = &after});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

// s3 stores a snapshot that reaches as far as the others' logs; until it goes by it, it compares
// itself by its empty log, as it goes by the configuration in that.
TEST_F(InvariantsOf, ConfigurationsGoWithTheEndThatTheirServerGoesBy) {
  const Configuration before = of({"s1", "s2", "s3"});
  const Configuration after = of({"s1"});
  invariants.seen(2, {.commit = {0}, .latest = &before});
  invariants.snapshot_stored(2, {.last = {.term = {1}, .index = {3}}}, 7);
  invariants.seen(0, {.leads = true, .term = {1}, .commit = {0}, .latest = &after});
  EXPECT_EQ(verdict(), "good") << *invariants.violation();
}

TEST(StateHashOf, BytesDoesNotDependOnThePieces) {
  StateHash whole;
  whole.add(view_of("abcdefghijklmnopqrstu"));
  StateHash pieces;
  for (const char* piece : {"abc", "defghijklmnop", "q", "rstu"})
    pieces.add(view_of(piece));
  EXPECT_EQ(whole.value(), pieces.value());
  StateHash other;
  other.add(view_of("abcdefghijklmnopqrst"));
  EXPECT_NE(whole.value(), other.value());
}

TEST_F(InvariantsOf, AReplacedServerHoldsAndLeadsNothing) {
  EXPECT_EQ(invariants.newest_leader(), std::size_t{0});
  invariants.replaced(0, {.id = {"s1#2"}, .address = {"s1#2"}});
  EXPECT_EQ(invariants.newest_leader(), std::nullopt);
  invariants.sends(1, append(1, {}, {}, 0));
  EXPECT_EQ(verdict(), "election safety");
}

}  // namespace
}  // namespace proa::testing
