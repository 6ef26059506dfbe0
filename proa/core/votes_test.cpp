#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

Input vote_request(const ServerId& from, Term term, LogPosition last_log,
                   bool leadership_transfer = false) {
  return received(RequestVoteRequest{.term = term,
                                     .candidate = candidate(from),
                                     .last_log = last_log,
                                     .leadership_transfer = leadership_transfer});
}

Input pre_vote_request(const ServerId& from, Term term, LogPosition last_log) {
  return received(
      RequestPreVoteRequest{.term = term, .candidate = candidate(from), .last_log = last_log});
}

/// The answer that leaves once everything is durable.
std::vector<Send> answers(Consensus& server) { return take_and_persist(server).send_now; }

const LogPosition kSameLog{.term = {1}, .index = {1}};

// Paper §5.4.1: of two logs, the one that ends in the later term is more up to date. Here that is
// the voter's, so the candidate's greater length does not help it.
TEST(RequestVote, IsDeniedWhenTheVotersLogEndsInALaterTerm) {
  Consensus voter = server({.log = {1, 1, 1, 1, 3}, .term = {3}});

  voter.step(t0, vote_request(b, {4}, {.term = {2}, .index = {9}}));

  const Effects effects = voter.take_effects();
  ASSERT_TRUE(effects.write);
  EXPECT_EQ(effects.write->hard_state, (HardState{.term = {4}}));
  EXPECT_TRUE(effects.send_now.empty());  // not before the new term is durable

  voter.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(voter.take_effects().send_now,
            (std::vector{answer(RequestVoteReply{.term = {4}, .granted = false})}));
}

// Paper §5.4.1: with the same last term the longer log is more up to date.
TEST(RequestVote, IsDeniedWhenTheVotersLogIsLonger) {
  Consensus voter = server({.log = {1, 1, 1}});
  voter.step(t0, vote_request(b, {2}, {.term = {1}, .index = {2}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {2}})}));
}

// Paper Figure 2: votedFor is on stable storage before the reply leaves.
TEST(RequestVote, IsGrantedOnceTheVoteIsDurable) {
  Consensus voter = server({});
  voter.step(t0, vote_request(b, {2}, kSameLog));
  const Effects effects = voter.take_effects();
  ASSERT_TRUE(effects.write);
  EXPECT_EQ(effects.write->hard_state, (HardState{.term = {2}, .vote = candidate(b)}));
  EXPECT_TRUE(effects.send_now.empty());
  voter.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(voter.take_effects().send_now,
            (std::vector{answer(RequestVoteReply{.term = {2}, .granted = true})}));
}

// Paper §5.2: each server votes for at most one candidate in a term, first come, first served.
TEST(RequestVote, IsGivenOncePerTerm) {
  Consensus voter = server({});
  voter.step(t0, vote_request(b, {2}, kSameLog));
  take_and_persist(voter);
  voter.step(t0, vote_request(c, {2}, {.term = {1}, .index = {9}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {2}})}));
}

// A repeated request gets the same answer, but not before the first one's write is durable.
TEST(RequestVote, RepeatedWhileTheVoteIsBeingSavedWaitsAsTheFirstOneDoes) {
  Consensus voter = server({});
  voter.step(t0, vote_request(b, {2}, kSameLog));
  const Effects first = voter.take_effects();
  voter.step(t0, vote_request(b, {2}, kSameLog));
  EXPECT_TRUE(voter.take_effects().send_now.empty());
  voter.step(t0, Persisted{first.write->ticket});
  const Send grant = answer(RequestVoteReply{.term = {2}, .granted = true});
  EXPECT_EQ(voter.take_effects().send_now, (std::vector{grant, grant}));
}

// Reference §8.6, rule 8: the vote is bound to the address, and survives a restart.
TEST(RequestVote, AfterARestartIsGivenToTheSameCandidateOnly) {
  Consensus voter = server({.term = {2}, .vote = candidate(b)});
  voter.step(t0, vote_request(c, {2}, {.term = {1}, .index = {9}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {2}})}));
  voter.step(t0, vote_request(b, {2}, {}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {2}, .granted = true})}));
}

// Thesis §4.2.3: a removed server must not disturb, so its term is not adopted. Its log is not
// newer than ours, which says that it is removed.
TEST(RequestVote, OfAStrangerLeavesTheTermAlone) {
  Consensus voter = server({.log = {1, 1}});
  for (const LogPosition its_log : {kSameLog, LogPosition{.term = {1}, .index = {2}}}) {
    voter.step(t0, vote_request(e, {7}, its_log));
    EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {1}})}));
    EXPECT_EQ(voter.view().term, Term{1});
  }
}

// Thesis §4.2.1: our log may end before the entry that added the candidate. If of three voters one
// is gone for good and the candidate alone has all that is committed, nobody else can lead.
TEST(RequestVote, OfAStrangerWithANewerLogIsGranted) {
  Consensus voter = server({});
  voter.step(t0, vote_request(e, {7}, {.term = {1}, .index = {2}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {7}, .granted = true})}));
}

TEST(RequestVote, OfAStrangerWithANewerLogIsRefusedWhileALeaderIsKnown) {
  Consensus voter = server({});
  voter.step(t0, received(heartbeat(b, {1}), 99));
  voter.take_effects();
  voter.step(t0, vote_request(e, {7}, {.term = {6}, .index = {9}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {1}})}));
  EXPECT_EQ(voter.view().term, Term{1});
}

// Thesis §4.2.3: who hears from a leader neither votes nor adopts the term, unless that leader
// wanted the election (thesis §3.10).
TEST(RequestVote, IsRefusedWhileALeaderIsKnown) {
  Consensus voter = server({});
  voter.step(t0, received(heartbeat(b, {1}), 99));
  voter.take_effects();
  voter.step(t0, vote_request(c, {2}, kSameLog));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {1}})}));

  voter.step(t0, vote_request(c, {2}, kSameLog, true));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {2}, .granted = true})}));
}

TEST(RequestVote, OfTheKnownLeaderItselfIsGranted) {
  Consensus voter = server({});
  voter.step(t0, received(heartbeat(b, {1}), 99));
  voter.take_effects();
  voter.step(t0, vote_request(b, {2}, kSameLog));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {2}, .granted = true})}));
}

// Reference §8.6, rule 6: the term of a demoted server is adopted, its wish is not granted.
TEST(RequestVote, OfANonvoterRaisesTheTermAndIsRefused) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  Consensus voter = server({.configuration = configuration});
  voter.step(t0, vote_request(d, {7}, kSameLog));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {7}})}));
}

// It may have been promoted by an entry that our log does not have yet (thesis §4.2.1).
TEST(RequestVote, OfANonvoterWithANewerLogIsGranted) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  Consensus voter = server({.configuration = configuration});
  voter.step(t0, vote_request(d, {7}, {.term = {1}, .index = {2}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {7}, .granted = true})}));
}

// Paper §5.1: a request with a stale term is refused with the current one.
TEST(RequestVote, OfAnOldTermIsRefused) {
  Consensus voter = server({.term = {5}});
  voter.step(t0, vote_request(b, {4}, {.term = {4}, .index = {9}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {5}})}));
}

// A server without any configuration may be one that has lost its disk and has voted before.
TEST(RequestVote, OfAServerWithoutConfigurationIsRefusedBeforeItAdoptsTheTerm) {
  Consensus fresh = server({.log = {}, .term = {}});
  fresh.step(t0, vote_request(b, {2}, kSameLog));
  EXPECT_EQ(answers(fresh), (std::vector{answer(RequestVoteReply{.term = {0}})}));
  EXPECT_EQ(fresh.view().term, Term{0});
}

TEST(RequestVote, WithoutConfigurationIsGrantedIfTheModelsWayIsWanted) {
  Options options = options_for({});
  options.vote_before_configuration = true;
  for (const LogPosition last_log : {kSameLog, LogPosition{}}) {
    Consensus fresh{t0, options, {}};
    fresh.step(t0, vote_request(b, {2}, last_log));
    EXPECT_EQ(answers(fresh),
              (std::vector{answer(RequestVoteReply{.term = {2}, .granted = true})}));
  }
}

// An old server sends no id; the rules that need one pass it (reference §8.6, rules 2 and 6).
TEST(RequestVote, WithoutAnIdIsJudgedByTheOtherRules) {
  Consensus voter = server({});
  voter.step(t0, received(RequestVoteRequest{
                     .term = {2}, .candidate = {.address = {"b:1"}}, .last_log = kSameLog}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {2}, .granted = true})}));
}

// A log that has lost what it acknowledged must elect nobody: it cannot tell who has it.
TEST(RequestVote, IsRefusedWhileTheLogIsUnderRepair) {
  Restored restored{.hard_state = {.term = {2}, .repair_floor = LogPosition{{2}, {5}}},
                    .log = {.log = entries_of({1, 1}, {1}, {{voters({a, b, c}), {1}}})}};
  Consensus voter{t0, options_for({}), restored};
  voter.step(t0, vote_request(b, {3}, {.term = {2}, .index = {9}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {3}})}));
  voter.step(t0, pre_vote_request(b, {4}, {.term = {2}, .index = {9}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestPreVoteReply{.term = {4}})}));
}

TEST(RequestVote, OfATermOutOfRangeIsRefused) {
  Consensus voter = server({});
  voter.step(t0, vote_request(b, {UINT64_MAX}, {.term = {1}, .index = {UINT64_MAX}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {1}})}));
}

// Our own name from elsewhere: an address that leads back here must not vote as a second server.
TEST(RequestVote, InOurOwnNameIsRefused) {
  Consensus voter = server({});
  voter.step(t0, vote_request(a, {2}, kSameLog));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestVoteReply{.term = {1}})}));
}

// Paper §5.2: who has granted its vote lets a whole election timeout pass before it campaigns.
TEST(RequestVote, GrantedRearmsTheElectionDeadline) {
  Consensus voter = server({});
  const Instant before = voter.deadline();
  voter.step(before, vote_request(b, {2}, kSameLog));
  EXPECT_GE(voter.deadline(), before + 1000ms);
}

TEST(RequestVote, RefusedLeavesTheElectionDeadlineAlone) {
  Consensus voter = server({.log = {1, 1}});
  const Instant before = voter.deadline();
  voter.step(before, vote_request(b, {2}, kSameLog));
  EXPECT_EQ(voter.view().term, Term{2});
  EXPECT_EQ(voter.deadline(), before);
}

// It says nothing about the log, so a slow disk does not keep the candidate waiting.
TEST(RequestVote, RefusedDoesNotWaitForEntriesThatAreBeingWritten) {
  Consensus voter = server({});
  voter.step(t0, received(append(b, {1}, kSameLog, {1})));
  ASSERT_TRUE(voter.take_effects().write);
  voter.step(t0, vote_request(c, {2}, kSameLog));  // b leads
  EXPECT_EQ(voter.take_effects().send_now, (std::vector{answer(RequestVoteReply{.term = {1}})}));
}

// Thesis §9.6: the answer says whether the log would do, promises nothing and changes nothing.
TEST(RequestPreVote, IsAnsweredByTheLogAndChangesNothing) {
  Consensus voter = server({.log = {1, 1}});
  const Instant before = voter.deadline();
  voter.step(t0, pre_vote_request(b, {2}, {.term = {1}, .index = {2}}));
  EXPECT_EQ(answers(voter),
            (std::vector{answer(RequestPreVoteReply{.term = {2}, .granted = true})}));
  voter.step(t0, pre_vote_request(b, {2}, {.term = {1}, .index = {1}}));
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestPreVoteReply{.term = {2}})}));
  EXPECT_EQ(voter.view().term, Term{1});
  EXPECT_EQ(voter.deadline(), before);
}

// A pre-vote weaker than the vote elects nobody and raises terms; so the checks are the same.
TEST(RequestPreVote, IsRefusedWhereTheVoteWouldBe) {
  Consensus fresh = server({.log = {}, .term = {}});
  fresh.step(t0, pre_vote_request(b, {2}, kSameLog));
  EXPECT_EQ(answers(fresh), (std::vector{answer(RequestPreVoteReply{.term = {0}})}));

  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  Consensus voter = server({.configuration = configuration});
  voter.step(t0, pre_vote_request(e, {2}, kSameLog));  // a stranger
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestPreVoteReply{.term = {1}})}));
  voter.step(t0, pre_vote_request(d, {2}, kSameLog));  // no voter
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestPreVoteReply{.term = {2}})}));
  for (const ServerId& unknown : {e, d}) {  // but with more log it may be a voter by now
    voter.step(t0, pre_vote_request(unknown, {2}, {.term = {1}, .index = {2}}));
    EXPECT_EQ(answers(voter),
              (std::vector{answer(RequestPreVoteReply{.term = {2}, .granted = true})}));
  }
  for (const Term term : {Term{0}, Term{UINT64_MAX}}) {  // an old one, one out of range
    voter.step(t0, pre_vote_request(b, term, kSameLog));
    EXPECT_EQ(answers(voter), (std::vector{answer(RequestPreVoteReply{.term = {1}})}));
  }
  voter.step(t0, received(heartbeat(c, {1}), 99));
  voter.take_effects();
  voter.step(t0, pre_vote_request(b, {2}, kSameLog));  // c leads
  EXPECT_EQ(answers(voter), (std::vector{answer(RequestPreVoteReply{.term = {1}})}));
}

}  // namespace
}  // namespace proa::core::test
