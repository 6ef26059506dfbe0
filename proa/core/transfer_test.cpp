#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

std::vector<Send> timeout_nows(const Effects& effects) {
  std::vector<Send> found;
  for (const Send& send : effects.send_now) {
    const auto* request = std::get_if<SendRequest>(&send);
    if (request != nullptr && request->what.kind == SentKind::timeout_now) found.push_back(send);
  }
  return found;
}

Send timeout_now_to(const ServerId& to) {
  return SendRequest{.to = to,
                     .message = TimeoutNowRequest{.leader = sender(a)},
                     .what = {.term = {2}, .kind = SentKind::timeout_now}};
}

// Thesis §3.10: the target is told to start its election once it has the whole log.
TEST(Transfer, TellsTheTargetOnceItIsUpToDate) {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), TransferRequested{.id = {7}, .to = c});
  server.step(late(), acknowledged(b, sent[0]));
  EXPECT_TRUE(timeout_nows(server.take_effects()).empty());
  server.step(late(), acknowledged(c, sent[1]));
  EXPECT_EQ(timeout_nows(server.take_effects()), (std::vector{timeout_now_to(c)}));
}

TEST(Transfer, EndsWellWhenTheTargetTakesOver) {
  Consensus server = test::server({});
  server.step(late(), acknowledged(b, elect(server)[0]));
  server.step(late(), TransferRequested{.id = {7}, .to = b});
  EXPECT_EQ(timeout_nows(server.take_effects()).size(), 1U);
  // b campaigns: with the transfer flag its request passes the rule of the known leader.
  server.step(late(), received(RequestVoteRequest{.term = {3},
                                                  .candidate = candidate(b),
                                                  .last_log = {{2}, {2}},
                                                  .leadership_transfer = true}));
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.complete, (std::vector{Completion{.first = {7}}}));
  EXPECT_TRUE(effects.lost_leadership);
}

// Of the voters the one that has most of our log (reference §8.17), and no non-voter.
TEST(Transfer, WithoutATargetChoosesTheBestVoter) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.insert(configuration.servers.begin(), nonvoter(d));
  Consensus server = test::server({.configuration = configuration});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), acknowledged(d, sent[0]));
  server.step(late(), acknowledged(c, sent[2]));
  server.step(late(), TransferRequested{.id = {7}});
  EXPECT_EQ(timeout_nows(server.take_effects()), (std::vector{timeout_now_to(c)}));
}

// Thesis §3.10: while it runs, the leader takes no new proposals.
TEST(Transfer, RefusesProposalsChangesAndASecondOneMeanwhile) {
  Consensus server = test::server({});
  elect(server);
  server.take_effects();
  server.step(late(), TransferRequested{.id = {7}, .to = b});
  server.step(late(), Proposed{.first = {8}});
  server.step(late(), ChangeRequested{.id = {9}, .server = voter(d)});
  server.step(late(), TransferRequested{.id = {10}, .to = c});
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.appended.empty());
  ASSERT_EQ(effects.complete.size(), 3U);
  for (const Completion& refused : effects.complete) {
    EXPECT_EQ(refused.error->code, Errc::leadership_transfer_in_progress);
    EXPECT_EQ(refused.error->outcome, Outcome::not_executed);
  }
}

// A target that never catches up, or never campaigns, does not block the leader for good.
TEST(Transfer, EndsAfterAnElectionTimeout) {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), TransferRequested{.id = {7}, .to = b});
  server.step(late() + 400ms, acknowledged(c, sent[1]));
  server.step(late() + 800ms, acknowledged(c, sent[1]));
  server.step(late() + 1000ms, DeadlineReached{});
  ASSERT_EQ(server.view().role, Role::leader);
  const std::vector<Completion> ended = server.take_effects().complete;
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].error->code, Errc::deadline);
  EXPECT_EQ(ended[0].error->outcome, Outcome::not_executed) << "the target was never asked";

  server.step(late() + 1000ms, Proposed{.first = {8}});
  EXPECT_EQ(server.take_effects().appended.size(), 1U) << "proposals are taken again";
}

TEST(Transfer, EndsWhenTheTargetCannotBeReached) {
  Consensus server = test::server({});
  server.step(late(), acknowledged(b, elect(server)[0]));
  server.step(late(), TransferRequested{.id = {7}, .to = b});
  server.take_effects();
  server.step(late(), RequestFailed{.to = b, .what = {.term = {2}, .kind = SentKind::timeout_now}});
  const std::vector<Completion> ended = server.take_effects().complete;
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].error->code, Errc::peer_unreachable);
}

// A change that waited for the one before is begun in the end, also if that one was committed
// during the transfer and nothing is committed any more.
TEST(Transfer, ThatFailsLetsWaitingChangesBegin) {
  for (const bool in_time : {false, true}) {
    Consensus server = test::server({});
    const std::vector<Sent> sent = elect(server);
    server.step(late(), acknowledged(b, sent[0]));
    for (const ServerId& id : {d, e}) {
      server.step(late(), ChangeRequested{.kind = ChangeKind::add_nonvoter, .server = voter(id)});
    }
    const SendEntries first = take_and_persist(server, late()).entries_now.at(0);
    ASSERT_EQ(first.to, b);
    server.step(late(), TransferRequested{.id = {7}, .to = b});
    server.step(late(), acknowledged(b, carry_out(server, first, late())));
    ASSERT_EQ(server.view().committed_configuration.index, LogIndex{3});
    EXPECT_EQ(timeout_nows(server.take_effects()).size(), 1U);

    if (in_time) {
      server.step(late(),
                  RequestFailed{.to = b, .what = {.term = {2}, .kind = SentKind::timeout_now}});
    } else {
      server.step(late() + 400ms, acknowledged(b, carry_out(server, first, late())));
      server.step(late() + 800ms, acknowledged(b, carry_out(server, first, late())));
      server.step(late() + 1000ms, DeadlineReached{});
    }
    ASSERT_EQ(server.view().role, Role::leader);
    EXPECT_EQ(server.view().latest_configuration.index, LogIndex{4});
  }
}

// The flag belongs to one leadership: elected again, the server takes proposals.
TEST(Transfer, DoesNotOutliveItsLeadership) {
  Consensus server = test::server({});
  elect(server);
  server.step(late(), TransferRequested{.id = {7}, .to = b});
  server.step(late(), received(heartbeat(c, {3})));
  take_and_persist(server, late());
  const Instant again = late(late());
  server.step(again, DeadlineReached{});
  take_and_persist(server, again);
  server.step(again, replied(b, RequestVoteReply{.term = {4}, .granted = true},
                             {.term = {4}, .kind = SentKind::vote}));
  ASSERT_EQ(server.view().role, Role::leader);
  server.take_effects();
  server.step(again, Proposed{.first = {8}});
  EXPECT_EQ(server.take_effects().appended.size(), 1U);
}

TEST(Transfer, ToNobodyFitIsRefused) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  Consensus server = test::server({.configuration = configuration});
  server.step(t0, TransferRequested{.id = {1}, .to = b});  // does not lead
  elect(server);
  server.step(late(), TransferRequested{.id = {2}, .to = a});
  server.step(late(), TransferRequested{.id = {3}, .to = e});
  server.step(late(), TransferRequested{.id = {4}, .to = d});
  const std::vector<Completion> refused = server.take_effects().complete;
  // The first one's refusal left with the effects of the election.
  ASSERT_EQ(refused.size(), 3U);
  EXPECT_THAT(refused[0].error->detail, testing::HasSubstr("to itself"));
  EXPECT_THAT(refused[1].error->detail, testing::HasSubstr("cannot find replication state"));
  EXPECT_THAT(refused[2].error->detail, testing::HasSubstr("no vote"));

  Consensus alone = test::server({.configuration = voters({a})});
  elect(alone);
  alone.step(late(), TransferRequested{.id = {5}});
  EXPECT_EQ(alone.take_effects().complete.at(0).error->detail, "cannot find peer");
}

// A failure that was long on its way tells of a request of an earlier leadership.
TEST(Transfer, IsNotEndedByTheFailureOfAnEarlierOne) {
  Consensus server = test::server({});
  server.step(late(), acknowledged(b, elect(server)[0]));
  server.step(late(), TransferRequested{.id = {7}, .to = b});
  ASSERT_EQ(timeout_nows(server.take_effects()).size(), 1U);
  server.step(late(), RequestFailed{.to = b, .what = {.term = {1}, .kind = SentKind::timeout_now}});
  EXPECT_TRUE(server.take_effects().complete.empty());
}

/// A leader of which b, who was asked, did not take over in time. It is late() + 1000ms then.
Consensus leader_after_a_transfer() {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), acknowledged(b, sent[0]));
  server.step(late(), TransferRequested{.id = {7}, .to = b});
  server.step(late() + 400ms, acknowledged(c, sent[1]));
  server.step(late() + 800ms, acknowledged(c, sent[1]));
  server.step(late() + 1000ms, DeadlineReached{});
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.complete.size(), 1U);
  EXPECT_EQ(timeout_nows(effects), (std::vector{timeout_now_to(b)}));
  return server;
}

const RequestFailed kRequestToBFailed{.to = b,
                                      .what = {.term = {2}, .kind = SentKind::timeout_now}};

TEST(Transfer, IsNotEndedByTheFailureOfTheOneBeforeToAnotherServer) {
  Consensus server = leader_after_a_transfer();
  server.step(late() + 1000ms, TransferRequested{.id = {8}, .to = c});
  EXPECT_EQ(timeout_nows(server.take_effects()), (std::vector{timeout_now_to(c)}));
  server.step(late() + 1000ms, kRequestToBFailed);
  EXPECT_TRUE(server.take_effects().complete.empty());
}

// The target is yet to get everything before it is asked this time.
TEST(Transfer, IsNotEndedByTheFailureOfTheOneBeforeToTheSameServer) {
  Consensus server = leader_after_a_transfer();
  server.step(late() + 1000ms, Proposed{.first = {8}});
  server.step(late() + 1000ms, TransferRequested{.id = {9}, .to = b});
  EXPECT_TRUE(timeout_nows(server.take_effects()).empty());
  server.step(late() + 1000ms, kRequestToBFailed);
  EXPECT_TRUE(server.take_effects().complete.empty());
}

TEST(Transfer, ThatHasEndedIsNotEndedAgainByItsFailure) {
  Consensus server = leader_after_a_transfer();
  server.step(late() + 1000ms, kRequestToBFailed);
  EXPECT_TRUE(server.take_effects().complete.empty());
}

}  // namespace
}  // namespace proa::core::test
