#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

/// What the leader wants sent to `to` now; nothing if it wants nothing sent.
std::optional<SendEntries> next_to(Consensus& server, const ServerId& to) {
  for (const SendEntries& send : server.take_effects().entries_now) {
    if (send.to == to) return send;
  }
  return std::nullopt;
}

LogPosition prev_to(Consensus& server, const ServerId& to) {
  const std::optional<SendEntries> send = next_to(server, to);
  return send ? send->prev : LogPosition{.term = {999}};
}

// Paper §5.2: once a candidate wins, it sends heartbeats to all other servers. Paper §8: and a
// no-op of its term.
TEST(Replication, BeginsWithAHeartbeatAndANoOp) {
  Consensus server = test::server({.log = {1, 1}, .term = {3}});
  server.step(late(), DeadlineReached{});
  take_and_persist(server, late());
  server.step(late(), replied(b, RequestVoteReply{.term = {4}, .granted = true},
                              {.term = {4}, .kind = SentKind::vote}));
  const Effects effects = server.take_effects();
  EXPECT_EQ(
      effects.appended,
      (std::vector<Appended>{OwnEntries{.first = {3}, .term = {4}, .kind = EntryKind::noop}}));
  const AppendEntriesRequest beat{.term = {4}, .leader = sender(a), .heartbeat = true};
  EXPECT_THAT(effects.send_now,
              testing::Contains(Send{SendRequest{
                  .to = c, .message = beat, .what = {.term = {4}, .kind = SentKind::heartbeat}}}));
  ASSERT_EQ(effects.entries_now.size(), 2U);
  EXPECT_EQ(effects.entries_now[1], (SendEntries{.to = c,
                                                 .term = {4},
                                                 .prev = {.term = {1}, .index = {2}},
                                                 .entries = {{3}, {3}},
                                                 .commit = {1},
                                                 .generation = effects.entries_now[1].generation}));
  EXPECT_EQ(effects.write->append, (IndexRange{{3}, {3}})) << "and writes it meanwhile";
}

// A leader stamps the term it was elected in on entries of any kind and number.
TEST(Replication, StampsItsOwnTerm) {
  Consensus server = test::server({});
  elect(server);
  server.step(t0, Proposed{.first = {7}, .count = 64});
  server.step(t0, Proposed{.first = {71}, .count = 1, .kind = EntryKind::barrier});
  EXPECT_EQ(
      server.take_effects().appended,
      (std::vector<Appended>{
          OwnEntries{.first = {3}, .count = 64, .term = {2}, .first_proposal = {7}},
          OwnEntries{
              .first = {67}, .term = {2}, .kind = EntryKind::barrier, .first_proposal = {71}}}));
}

TEST(Replication, OfANonLeaderIsRefusedWithTheLeadersName) {
  Consensus server = test::server({});
  server.step(t0, received(heartbeat(b, {1})));
  server.step(t0, Proposed{.first = {1}, .count = 3});
  const Effects effects = server.take_effects();
  ASSERT_EQ(effects.complete.size(), 1U);
  EXPECT_EQ(effects.complete[0].count, 3U);
  EXPECT_EQ(effects.complete[0].error->code, Errc::not_leader);
  EXPECT_EQ(effects.complete[0].error->outcome, Outcome::not_executed);
  EXPECT_EQ(effects.complete[0].error->leader->address, sender(b).address);
}

// One request until the peer has said where its log agrees; then the next leaves before the reply.
TEST(Replication, ProbesFirstAndPipelinesThen) {
  Consensus server = test::server({});
  const Sent first = elect(server)[0];
  server.step(t0, Proposed{.first = {1}});
  EXPECT_FALSE(next_to(server, b)) << "the probe is not answered yet";
  server.step(t0, acknowledged(b, first));
  const std::optional<SendEntries> second = next_to(server, b);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->entries, (IndexRange{{3}, {3}}));
  carry_out(server, *second);
  server.step(t0, Proposed{.first = {2}});
  EXPECT_EQ(next_to(server, b)->entries, (IndexRange{{4}, {4}}));
}

// The driver sends what fits. Until it says how much that was, there is nothing more for this peer;
// what has come meanwhile is in the next one.
TEST(Replication, GoesOnWhereTheDriverStopped) {
  Consensus server = test::server({});
  server.step(t0, acknowledged(b, elect(server)[0]));
  server.step(t0, Proposed{.first = {1}, .count = 5});
  const std::optional<SendEntries> send = next_to(server, b);
  ASSERT_TRUE(send);
  server.step(t0, Proposed{.first = {6}, .count = 5});
  EXPECT_FALSE(next_to(server, b));
  server.step(t0, EntriesSent{.to = b, .generation = send->generation, .last = {4}});
  EXPECT_EQ(next_to(server, b)->entries, (IndexRange{{5}, {12}}));
  server.step(t0, PeerWritable{.to = b, .generation = send->generation});  // found no room at all
  EXPECT_EQ(next_to(server, b)->entries, (IndexRange{{5}, {12}}));
}

TEST(Replication, ProbesWithNoMoreThanOneRequest) {
  Options options = options_for({});
  options.append_entries_max = 4;
  Consensus server{t0,
                   options,
                   {.hard_state = {.term = {1}},
                    .log = {.log = entries_of(std::vector<std::uint64_t>(20, 1), {1},
                                              {{voters({a, b, c}), {1}}})}}};
  const Sent probe = elect(server)[0];
  server.step(t0, rejected(b, probe, 3));
  EXPECT_EQ(next_to(server, b)->entries, (IndexRange{{4}, {7}}));
}

// Paper §5.3: when the previous entry disagrees the leader tries an earlier one: here one whole
// term of its own log earlier, or the end of a shorter log.
TEST(Replication, StepsBackAWholeTermPerRejection) {
  Consensus server = test::server({.log = {1, 1, 4, 4, 5}, .term = {5}});
  Sent probe = elect(server)[0];
  EXPECT_EQ(probe.prev, (LogPosition{{5}, {5}}));
  server.step(t0, rejected(b, probe, 8));
  std::optional<SendEntries> send = next_to(server, b);
  EXPECT_EQ(send->prev, (LogPosition{{4}, {4}}));
  server.step(t0, rejected(b, carry_out(server, *send), 8));
  send = next_to(server, b);
  EXPECT_EQ(send->prev, (LogPosition{{1}, {2}}));
  server.step(t0, rejected(b, carry_out(server, *send), 1));
  send = next_to(server, b);
  EXPECT_EQ(send->prev, (LogPosition{{1}, {1}}));
  server.step(t0, rejected(b, carry_out(server, *send), 0));
  EXPECT_EQ(prev_to(server, b), LogPosition{}) << "from the beginning, which every log agrees with";
}

// Replies to what was sent before a rejection tell of a place that was given up.
TEST(Replication, IgnoresRepliesOfAnOlderGeneration) {
  Consensus server = test::server({.log = {1, 1, 4, 4, 5}, .term = {5}});
  const Sent probe = elect(server)[0];
  server.step(t0, rejected(b, probe, 8));
  const std::optional<SendEntries> second = next_to(server, b);
  server.step(t0, rejected(b, probe, 8));   // the same once more
  server.step(t0, acknowledged(b, probe));  // or a success, of all things
  server.step(t0, EntriesSent{.to = b, .generation = probe.generation, .last = {6}});
  EXPECT_FALSE(next_to(server, b)) << "the second probe is still with the driver";
  server.step(t0, acknowledged(b, carry_out(server, *second)));
  EXPECT_EQ(server.view().commit_index, LogIndex{6});
}

// After a failure the peer rests, longer each time, and replication goes on from what it has
// acknowledged, as a probe.
TEST(Replication, BacksOffFromAPeerThatFails) {
  Consensus server = test::server({});
  Sent sent = elect(server)[0];
  Instant now = late();
  Duration rest = {};
  for (int i = 0; i < 6; ++i) {
    server.step(now, RequestFailed{.to = b, .what = sent});
    EXPECT_FALSE(next_to(server, b));
    const Instant failed_at = now;
    std::optional<SendEntries> send;
    while (!send) {
      now = now + 10ms;
      // b answers on its other channel, so only the appends fail, and c keeps us in office.
      server.step(now, replied(b, AppendEntriesReply{.term = {2}, .success = true},
                               {.term = {2}, .kind = SentKind::heartbeat}));
      server.step(now, DeadlineReached{});
      send = next_to(server, b);
    }
    EXPECT_EQ(send->prev, (LogPosition{{1}, {1}}));
    rest = now - failed_at;
    sent = carry_out(server, *send, now);
  }
  EXPECT_GE(rest, 900ms);
  EXPECT_LE(rest, 1100ms) << "at most a heartbeat timeout";
}

TEST(Replication, ResumesAtOnceWhenAPeerIsBack) {
  Consensus server = test::server({});
  const Sent sent = elect(server)[0];
  const Sent beat{.term = {2}, .kind = SentKind::heartbeat};
  server.step(t0, RequestFailed{.to = b, .what = beat});
  server.step(t0, RequestFailed{.to = b, .what = sent});
  EXPECT_FALSE(next_to(server, b));
  server.step(t0, replied(b, AppendEntriesReply{.term = {2}, .success = true}, beat));
  EXPECT_TRUE(next_to(server, b));
}

// Heartbeats carry no commit index, so idle appends keep it moving.
TEST(Replication, SendsIdleAppends) {
  Consensus server = test::server({});
  server.step(late(), acknowledged(b, elect(server)[0]));
  EXPECT_FALSE(next_to(server, b));
  server.step(late() + 100ms, DeadlineReached{});
  const std::optional<SendEntries> idle = next_to(server, b);
  ASSERT_TRUE(idle);
  EXPECT_TRUE(idle->entries.empty());
  EXPECT_EQ(idle->prev, (LogPosition{{2}, {2}}));
  EXPECT_EQ(idle->commit, LogIndex{2});
}

// Paper §5.1: a newer term in a reply makes a leader a follower.
TEST(Replication, EndsAtANewerTerm) {
  Consensus server = test::server({});
  const Sent sent = elect(server)[0];
  server.step(t0, replied(b, AppendEntriesReply{.term = {7}}, sent));
  EXPECT_EQ(server.view().role, Role::follower);
  EXPECT_EQ(server.view().term, Term{7});
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.lost_leadership);
  EXPECT_TRUE(effects.entries_now.empty()) << "computed from the state at the end of the turn";
}

// A follower that comes back without what it acknowledged: match is taken back, the log is sent
// again, the commit index stays.
TEST(Replication, RefillsAPeerThatLostItsLogAndReportsIt) {
  Consensus server = test::server({.log = {1, 1, 1}});
  const Sent first = elect(server)[0];
  server.step(t0, acknowledged(b, first));
  server.step(t0, Proposed{.first = {1}});
  const Sent second = carry_out(server, *next_to(server, b));
  server.step(t0, rejected(b, second, 1));
  const Effects effects = server.take_effects();
  ASSERT_EQ(effects.incidents.size(), 1U);
  EXPECT_EQ(effects.incidents[0].kind, Incident::Kind::peer_lost_log);
  EXPECT_EQ(effects.incidents[0].peer, b);
  EXPECT_EQ(effects.entries_now.at(0).prev, (LogPosition{{1}, {1}}));
  EXPECT_EQ(server.view().commit_index, LogIndex{4});
}

// A Go follower that has compacted the previous entry rejects it as if it were not there. Where its
// log ends it can compare, and from there the way is back by single entries.
TEST(Replication, GoesToTheEndOfALogThatIsCompacted) {
  Consensus server = test::server({.log = {1, 1, 1, 1}});
  Sent probe = elect(server)[0];  // prev 4
  server.step(t0, rejected(b, probe, 5));
  std::optional<SendEntries> send = next_to(server, b);
  EXPECT_EQ(send->prev, LogPosition{}) << "a whole term back";
  server.step(t0, rejected(b, carry_out(server, *send), 5));  // 0 < its first entry: compacted
  send = next_to(server, b);
  EXPECT_EQ(send->prev, (LogPosition{{2}, {5}}));
  server.step(t0, rejected(b, carry_out(server, *send), 5));
  send = next_to(server, b);
  EXPECT_EQ(send->prev, (LogPosition{{1}, {4}}));
  server.step(t0, rejected(b, carry_out(server, *send), 5));
  EXPECT_EQ(prev_to(server, b), (LogPosition{{1}, {3}}));
}

TEST(CheckQuorum, CountsVotersWhoAnswerAnything) {
  Consensus server = test::server({});
  const Sent sent = elect(server)[0];
  server.step(late() + 400ms, rejected(b, sent, 0));
  server.step(late() + 501ms, DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::leader);
  server.step(late() + 901ms, DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::follower);
}

// A peer whose last answer is nearly too old must not make the leader look again at once, and again
// (reference §8.2).
TEST(CheckQuorum, LooksNoMoreOftenThanItsPace) {
  Consensus server = test::server({});
  const Sent sent = elect(server)[0];
  server.step(late() + 1ms, rejected(b, sent, 0));
  server.step(late() + 501ms, DeadlineReached{});
  server.step(late() + 510ms, DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::leader);
  server.step(late() + 511ms, DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::follower);
}

// Thesis §6.2: a leader that cannot reach a majority steps down.
TEST(CheckQuorum, StepsDownWithoutAMajority) {
  Consensus server = test::server({});
  elect(server);
  server.step(late() + 501ms, DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::follower);
  EXPECT_FALSE(server.view().leader);
}

// A change of the configuration leaves alone what is known of the peers that stay.
TEST(Replication, GoesOnToThePeersThatStayWhenTheConfigurationChanges) {
  Consensus server = test::server({});
  server.step(late(), acknowledged(b, elect(server)[0]));
  take_and_persist(server, late());
  server.step(late(), Proposed{.first = {1}});
  const SendEntries send = take_and_persist(server, late()).entries_now.at(0);
  ASSERT_EQ(send.to, b);
  const Sent before = carry_out(server, send, late());
  server.step(late(), ChangeRequested{.kind = ChangeKind::add_nonvoter, .server = voter(d)});
  server.step(late(), acknowledged(b, before));
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
}

// What the driver says of a send that was given up tells nothing of the one after it.
TEST(Replication, IgnoresWhatTheDriverDidInAnOlderGeneration) {
  Consensus server = test::server({});
  const Sent probe = elect(server)[0];
  server.step(late(), RequestFailed{.to = b, .what = probe});
  server.step(late(), EntriesSent{.to = b, .generation = probe.generation, .last = {2}});
  server.step(late() + 250ms, acknowledged(c, {.term = {2}}));  // keeps us in office
  server.step(late() + 250ms, DeadlineReached{});
  EXPECT_EQ(prev_to(server, b), (LogPosition{{1}, {1}}));
}

// A refusal that is not for the log's sake is no reason to try again at once.
TEST(Replication, RestsAfterARefusalThatDoesNotAskForAnEarlierEntry) {
  Consensus server = test::server({});
  const Sent probe = elect(server)[0];
  server.step(late(), replied(b, AppendEntriesReply{.term = {2}, .last_log = {1}, .success = false},
                              probe));
  EXPECT_FALSE(next_to(server, b));
}

// A peer that refuses every previous entry, one by one, down to nothing, is asked from above again,
// but not as fast as messages travel.
TEST(Replication, RestsBeforeItSearchesTheWholeLogAgain) {
  Consensus server = test::server({.log = {1, 1}});
  Sent probe = elect(server)[0];
  std::optional<SendEntries> send;
  for (const std::uint64_t prev : {2, 0, 3, 2, 1, 0}) {
    ASSERT_EQ(probe.prev.index, LogIndex{prev});
    server.step(late(), rejected(b, probe, 3));
    send = next_to(server, b);
    if (!send) break;
    probe = carry_out(server, *send, late());
  }
  EXPECT_FALSE(send);
}

// A disk that went back to an older state may end where the match was, with other entries.
TEST(Replication, ReportsAPeerThatRefusesTheEntryItAcknowledged) {
  Consensus server = test::server({.log = {1, 1, 1}});
  const Sent first = elect(server)[0];
  server.step(late(), acknowledged(b, first));
  server.step(late(), Proposed{.first = {1}});
  const Sent second = carry_out(server, *next_to(server, b), late());
  ASSERT_EQ(second.prev.index, LogIndex{4});
  server.step(late(), rejected(b, second, 4));
  const Effects effects = server.take_effects();
  ASSERT_EQ(effects.incidents.size(), 1U);
  EXPECT_EQ(effects.incidents[0].kind, Incident::Kind::peer_lost_log);
}

// None of these has lost anything: it has compacted the entry, it has more that does not fit, or it
// has never acknowledged anything.
TEST(Replication, ReportsNoLossOfAPeerThatOnlyDisagrees) {
  struct Case {
    LogIndex match = {};
    LogIndex prev = {};
    std::uint64_t last_log = 0;
  };
  for (const Case& one : {Case{{4}, {4}, 6}, Case{{4}, {5}, 5}, Case{{}, {}, 0}}) {
    Consensus server = test::server({.log = {1, 1, 1}});
    Sent sent = elect(server)[0];
    if (one.match != LogIndex{}) server.step(late(), acknowledged(b, sent));
    server.step(late(), Proposed{.first = {1}, .count = 3});
    if (const std::optional<SendEntries> send = next_to(server, b))
      sent.generation = send->generation;
    sent.prev.index = one.prev;
    server.step(late(), rejected(b, sent, one.last_log));
    EXPECT_TRUE(server.take_effects().incidents.empty()) << to_string(one.prev);
  }
}

}  // namespace
}  // namespace proa::core::test
