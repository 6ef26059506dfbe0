#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

Sent vote_of(Term term) { return {.term = term, .kind = SentKind::vote}; }

Input granted(const ServerId& from, Term term) {
  return replied(from, RequestVoteReply{.term = term, .granted = true}, vote_of(term));
}

// Paper §5.2: to begin an election, a follower increments its current term, votes for itself and
// issues RequestVote to each of the other servers; here not before both are durable.
TEST(Election, AsksForVotesOnceItsOwnIsDurable) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});

  const Effects effects = server.take_effects();
  ASSERT_TRUE(effects.write);
  EXPECT_EQ(effects.write->hard_state, (HardState{.term = Term{2}, .vote = sender(a)}));
  EXPECT_TRUE(effects.send_now.empty());

  server.step(late(), Persisted{effects.write->ticket});
  const RequestVoteRequest request{
      .term = {2}, .candidate = candidate(a), .last_log = {.term = {1}, .index = {1}}};
  EXPECT_EQ(server.take_effects().send_now,
            (std::vector<Send>{SendRequest{.to = b, .message = request, .what = vote_of({2})},
                               SendRequest{.to = c, .message = request, .what = vote_of({2})}}));
}

// Paper §5.2: timeouts are random, uniform in [T, 2T), so that split votes are rare.
TEST(Election, DeadlinesAreSpreadOverOneTimeout) {
  Instant earliest = Instant::never();
  Instant latest = {};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Options options = options_for({});
    options.seed = seed;
    const Consensus server{t0, options, {}};
    earliest = std::min(earliest, server.deadline());
    latest = std::max(latest, server.deadline());
  }
  EXPECT_GE(earliest, t0 + 1000ms);
  EXPECT_LT(earliest, t0 + 1050ms);
  EXPECT_GT(latest, t0 + 1950ms);
  EXPECT_LT(latest, t0 + 2000ms);
}

// Paper §5.2: as long as it hears from a leader, a server stays a follower.
TEST(Election, IsPutOffByEachHeartbeat) {
  Consensus server = test::server({});
  const Instant due = server.deadline();
  server.step(due - 1ms, received(heartbeat(b, {1})));
  EXPECT_GE(server.deadline(), due - 1ms + 1000ms);
  server.step(due, DeadlineReached{});  // a timer that was set before
  EXPECT_EQ(server.view().role, Role::follower);
}

// Paper §5.2: a candidate wins with the votes of a majority of the full cluster.
TEST(Election, IsWonWithAMajority) {
  Consensus server = test::server({.configuration = voters({a, b, c, d, e})});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(late(), granted(b, {2}));
  EXPECT_EQ(server.view().role, Role::candidate);
  server.step(late(), granted(c, {2}));
  EXPECT_EQ(server.view().role, Role::leader);
  EXPECT_EQ(server.view().leader, sender(a));
}

// A voter that answers twice is still one voter.
TEST(Election, CountsEachVoterOnce) {
  Consensus server = test::server({.configuration = voters({a, b, c, d, e})});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(late(), granted(b, {2}));
  server.step(late(), granted(b, {2}));
  server.step(late(), granted(b, {2}));
  EXPECT_EQ(server.view().role, Role::candidate);
}

TEST(Election, CountsNoVotesOfAnotherTermOrOfNonvoters) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  Consensus server = test::server({.term = {4}, .configuration = configuration});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(late(), granted(b, {4}));  // of the campaign before
  server.step(late(), granted(d, {5}));  // has no vote
  server.step(late(), granted(e, {5}));  // is no member
  EXPECT_EQ(server.view().role, Role::candidate);
}

// Nobody leads before its own vote is durable, whoever granted already: else a crash and another
// campaign in the same term make two leaders of it.
TEST(Election, IsNotWonBeforeTheOwnVoteIsDurable) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  const Effects effects = server.take_effects();
  server.step(late(), granted(b, {2}));
  server.step(late(), granted(c, {2}));
  EXPECT_EQ(server.view().role, Role::candidate);
  server.step(late(), Persisted{effects.write->ticket});
  EXPECT_EQ(server.view().role, Role::leader);
}

TEST(Election, OfASingleServerWaitsForItsDisk) {
  Consensus server = test::server({.configuration = voters({a}), .pre_vote = true});
  server.step(late(), DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::candidate);
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.send_now.empty());
  server.step(late(), Persisted{effects.write->ticket});
  EXPECT_EQ(server.view().role, Role::leader);
}

// The requests of a campaign that ended before they could leave are dropped.
TEST(Election, RequestsOfAPassedCampaignNeverLeave) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  const Ticket own_vote = server.take_effects().write->ticket;
  server.step(late(), received(heartbeat(b, {2})));  // b was faster
  server.step(late(), Persisted{own_vote});
  EXPECT_EQ(
      server.take_effects().send_now,
      (std::vector{answer(AppendEntriesReply{.term = {2}, .last_log = {1}, .success = true})}));
}

// Paper §5.2: an AppendEntries of at least its term makes a candidate a follower.
TEST(Election, EndsWhenAnotherWins) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(late(), received(heartbeat(b, {2})));
  EXPECT_EQ(server.view().role, Role::follower);
  EXPECT_EQ(server.view().leader, sender(b));
}

TEST(Election, GoesOnWhenAnOldLeaderSpeaks) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(late(), received(heartbeat(b, {1})));
  EXPECT_EQ(server.view().role, Role::candidate);
}

// Paper §5.2: without a winner, each candidate times out and starts over in a new term.
TEST(Election, StartsOverAfterATimeout) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(server.deadline(), DeadlineReached{});
  EXPECT_EQ(server.view().term, Term{3});
}

// Paper §5.1: a larger term in a reply makes a candidate a follower.
TEST(Election, EndsAtANewerTermInAReply) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(late(), replied(b, RequestVoteReply{.term = {9}}, vote_of({2})));
  EXPECT_EQ(server.view().role, Role::follower);
  EXPECT_EQ(server.view().term, Term{9});
}

TEST(Election, IsNotBegunWithoutAVote) {
  Configuration configuration = voters({b, c});
  configuration.servers.push_back(nonvoter(a));
  for (const Configuration& unfit : {configuration, voters({b, c}), Configuration{}}) {
    Consensus server = test::server({.configuration = unfit});
    server.step(late(), DeadlineReached{});
    EXPECT_EQ(server.view().role, Role::follower);
    EXPECT_EQ(server.view().term, Term{1});
    EXPECT_GT(server.deadline(), late());
  }
}

TEST(Election, IsNotBegunWhileTheLogIsUnderRepair) {
  Restored restored{.hard_state = {.term = {2}, .repair_floor = LogPosition{{2}, {5}}},
                    .log = {.log = entries_of({1, 1}, {1}, {{voters({a, b, c}), {1}}})}};
  Consensus server{t0, options_for({}), restored};
  server.step(late(), DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::follower);
}

// Thesis §9.6: a candidate increments its term only once a majority would vote for it.
TEST(PreVote, ComesFirstAndLeavesTheTermAlone) {
  Consensus server = test::server({.pre_vote = true});
  server.step(late(), DeadlineReached{});
  const Effects effects = server.take_effects();
  EXPECT_FALSE(effects.write);
  const RequestPreVoteRequest request{
      .term = {2}, .candidate = candidate(a), .last_log = {.term = {1}, .index = {1}}};
  EXPECT_EQ(effects.send_now,
            (std::vector<Send>{SendRequest{.to = b, .message = request, .what = vote_of({2})},
                               SendRequest{.to = c, .message = request, .what = vote_of({2})}}));

  server.step(late(), replied(c, RequestPreVoteReply{.term = {2}, .granted = true}, vote_of({2})));
  EXPECT_EQ(server.view().term, Term{2});
  EXPECT_EQ(server.take_effects().write->hard_state,
            (HardState{.term = {2}, .vote = candidate(a)}));
}

// A refusal names the term asked about, which is nobody's; only one beyond it is adopted.
TEST(PreVote, RefusedWithTheTermAskedAboutStaysACandidate) {
  Consensus server = test::server({.pre_vote = true});
  server.step(late(), DeadlineReached{});
  server.step(late(), replied(b, RequestPreVoteReply{.term = {2}}, vote_of({2})));
  EXPECT_EQ(server.view().term, Term{1});
  EXPECT_EQ(server.view().role, Role::candidate);
  server.step(late(), replied(c, RequestPreVoteReply{.term = {3}}, vote_of({2})));
  EXPECT_EQ(server.view().term, Term{3});
  EXPECT_EQ(server.view().role, Role::follower);
}

// A server that asks for pre-votes has not voted yet: it gives way to one that campaigns.
TEST(PreVote, IsGivenUpForACandidateThatGetsOurVote) {
  Consensus server = test::server({.pre_vote = true});
  server.step(late(), DeadlineReached{});
  server.step(late(), received(RequestVoteRequest{
                          .term = {1}, .candidate = candidate(b), .last_log = {{1}, {1}}}));
  EXPECT_EQ(server.view().role, Role::follower);
  server.step(late(), replied(c, RequestPreVoteReply{.term = {2}, .granted = true}, vote_of({2})));
  EXPECT_EQ(server.view().term, Term{1});
}

// Thesis §3.10: the target of a transfer campaigns at once, without pre-vote, and says why.
TEST(TimeoutNow, OfTheLeaderStartsAnElection) {
  Consensus server = test::server({.pre_vote = true});
  server.step(t0, received(heartbeat(b, {1})));
  server.take_effects();
  server.step(t0, received(TimeoutNowRequest{.leader = sender(b)}));
  const Effects effects = take_and_persist(server);
  EXPECT_EQ(server.view().role, Role::candidate);
  const RequestVoteRequest request{.term = {2},
                                   .candidate = candidate(a),
                                   .last_log = {.term = {1}, .index = {1}},
                                   .leadership_transfer = true};
  EXPECT_THAT(
      effects.send_now,
      testing::Contains(Send{SendRequest{.to = c, .message = request, .what = vote_of({2})}}));
  EXPECT_THAT(effects.send_now, testing::Contains(answer(TimeoutNowReply{})));
}

TEST(TimeoutNow, OfAnybodyElseIsAnsweredAndIgnored) {
  Consensus server = test::server({});
  server.step(t0, received(TimeoutNowRequest{.leader = sender(b)}));  // b does not lead, yet
  EXPECT_EQ(server.take_effects().send_now, (std::vector{answer(TimeoutNowReply{})}));
  server.step(t0, received(heartbeat(b, {1})));
  server.step(t0, received(TimeoutNowRequest{.leader = sender(c)}));
  EXPECT_EQ(server.view().role, Role::follower);
}

TEST(TimeoutNow, IsIgnoredByAServerWithoutAVote) {
  Consensus server = test::server({.configuration = voters({b, c})});
  server.step(t0, received(heartbeat(b, {1})));
  server.step(t0, received(TimeoutNowRequest{.leader = sender(b)}));
  EXPECT_EQ(server.view().role, Role::follower);
}

// A term at the end of its range comes from a broken server; counting on from it would begin anew.
TEST(Election, NeverLeavesTheRangeOfTerms) {
  Consensus server = test::server({.log = {1}, .term = Term{kTermMax.value - 1}});
  server.step(late(), DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::follower);
}

// A shorter timeout counts at once.
TEST(Reload, ShortensARunningDeadline) {
  Consensus server = test::server({});
  server.reload(t0, {.heartbeat_timeout = 50ms, .election_timeout = 50ms});
  EXPECT_LT(server.deadline(), t0 + 100ms);
}

// Reload, for a candidate: what it waits for is the election timeout.
TEST(Reload, ShortensTheTimeoutOfTheRole) {
  Consensus follower = test::server({});
  follower.reload(t0, {.heartbeat_timeout = 50ms, .election_timeout = 5000ms});
  EXPECT_LT(follower.deadline(), t0 + 100ms);
  Consensus candidate = test::server({});
  candidate.step(late(), DeadlineReached{});
  candidate.reload(late(), {.heartbeat_timeout = 5000ms, .election_timeout = 50ms});
  EXPECT_LT(candidate.deadline(), late() + 100ms);
}

TEST(Options, PreVoteIsOnUnlessItIsDisabled) {
  Config config;
  EXPECT_TRUE(options_of(config, {"a:1"}, 1).pre_vote);
  config.pre_vote_disabled = true;
  EXPECT_FALSE(options_of(config, {"a:1"}, 1).pre_vote);
}

// Only voters are asked; a learner's answer would count for nothing.
TEST(Election, AsksVotersOnly) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  for (const bool pre_vote : {false, true}) {
    Consensus server = test::server({.configuration = configuration, .pre_vote = pre_vote});
    server.step(late(), DeadlineReached{});
    const Effects effects = take_and_persist(server, late());
    ASSERT_EQ(effects.send_now.size(), 2U);
    for (const Send& send : effects.send_now)
      EXPECT_NE(std::get<SendRequest>(send).to, d);
  }
}

// A vote counts if the request was of this campaign and the reply says this term: neither alone
// shows that the vote was given in it.
TEST(Election, CountsNoReplyThatDoesNotBelongToTheCampaign) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server, late());
  server.step(late(late()), DeadlineReached{});
  take_and_persist(server, late(late()));
  ASSERT_EQ(server.view().term, Term{3});
  const RequestVoteReply of_this_term{.term = {3}, .granted = true};
  const RequestVoteReply of_the_last{.term = {2}, .granted = true};
  server.step(late(late()), replied(b, of_this_term, vote_of({2})));
  EXPECT_EQ(server.view().role, Role::candidate);
  server.step(late(late()), replied(b, of_the_last, vote_of({3})));
  EXPECT_EQ(server.view().role, Role::candidate);
  server.step(late(late()), replied(b, of_this_term, vote_of({3})));
  EXPECT_EQ(server.view().role, Role::leader);
}

TEST(PreVote, CountsNoReplyOfAnEarlierQuestion) {
  Consensus server = test::server({.pre_vote = true});
  server.step(late(), DeadlineReached{});
  server.step(late(), replied(b, RequestPreVoteReply{.term = {5}}, vote_of({2})));
  server.step(late(late()), DeadlineReached{});
  const RequestPreVoteReply granted{.term = {2}, .granted = true};
  server.step(late(late()), replied(c, granted, vote_of({2})));
  EXPECT_EQ(server.view().term, Term{5});
  EXPECT_EQ(server.view().role, Role::candidate);
}

TEST(Election, IgnoresATermOutOfRangeInAReply) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server, late());
  server.step(late(), replied(b, RequestVoteReply{.term = kTermMax}, vote_of({2})));
  EXPECT_EQ(server.view().term, Term{2});
  EXPECT_EQ(server.view().role, Role::candidate);
}

// An id tells who it is, wherever it has moved to. An old server sends none: its address does; and
// the oldest send neither.
TEST(TimeoutNow, OfTheLeaderIsKnownByItsIdOrElseByItsAddress) {
  struct Case {
    Sender leader = {};
    bool is_obeyed = false;
  };
  const Case cases[] = {{{.id = b, .address = {"moved:1"}}, true},
                        {{.id = c, .address = {"b:1"}}, false},
                        {{.address = {"b:1"}}, true},
                        {{.address = {"c:1"}}, false},
                        {{}, true}};
  for (const Case& one : cases) {
    Consensus server = test::server({});
    server.step(t0, received(heartbeat(b, {1})));
    server.step(t0, received(TimeoutNowRequest{.leader = one.leader}));
    EXPECT_EQ(server.view().role == Role::candidate, one.is_obeyed)
        << one.leader.id.value << " at " << one.leader.address.value;
  }
}

TEST(TimeoutNow, OfNobodyDoesNotUnseatALeader) {
  Consensus server = test::server({});
  elect(server);
  server.step(late(), received(TimeoutNowRequest{}));
  EXPECT_EQ(server.view().role, Role::leader);
}

}  // namespace
}  // namespace proa::core::test
