#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

/// A leader of a, b, c whose no-op (entry 2 of term 2) is committed; nothing is on its way.
Consensus leader() {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), acknowledged(b, sent[0]));
  server.step(late(), acknowledged(c, sent[1]));
  server.take_effects();
  return server;
}

std::vector<Sent> beats_in(const Effects& effects) {
  std::vector<Sent> beats;
  for (const Send& send : effects.send_now) {
    const auto* request = std::get_if<SendRequest>(&send);
    if (request != nullptr && request->what.kind == SentKind::heartbeat) {
      beats.push_back(request->what);
    }
  }
  return beats;
}

Input alive(const ServerId& from, const Sent& what) {
  return replied(from, AppendEntriesReply{.term = what.term, .success = true}, what);
}

std::vector<Completion> done(Consensus& server) { return server.take_effects().complete; }

// Thesis §6.4: the leader notes its commit index, makes sure by a round of heartbeats that it still
// leads, and answers once that index is applied.
TEST(ReadIndex, IsTheCommitIndexOnceAMajorityHasConfirmed) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}});
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.complete.empty());
  const std::vector<Sent> beats = beats_in(effects);
  ASSERT_EQ(beats.size(), 2U);
  server.step(late(), alive(c, beats[1]));
  EXPECT_EQ(done(server), (std::vector{Completion{.first = {7}, .index = {2}}}));
}

// Thesis §6.4: only a round that began after the read counts; the reply to an older heartbeat may
// come from a time when another leader had not been elected yet.
TEST(ReadIndex, CountsNoReplyToWhatWasSentBefore) {
  Consensus server = leader();
  server.step(late() + 200ms, DeadlineReached{});
  const Effects before = server.take_effects();
  const std::vector<Sent> old_beats = beats_in(before);
  ASSERT_EQ(old_beats.size(), 2U);
  ASSERT_EQ(before.entries_now.size(), 2U);  // idle appends, also sent before
  const Sent old_append = carry_out(server, before.entries_now[0], late() + 200ms);

  server.step(late() + 200ms, ReadRequested{.id = {7}});
  const std::vector<Sent> beats = beats_in(server.take_effects());
  server.step(late() + 200ms, alive(b, old_beats[0]));
  server.step(late() + 200ms, alive(c, old_beats[1]));
  server.step(late() + 200ms, acknowledged(b, old_append));
  EXPECT_TRUE(done(server).empty());
  server.step(late() + 200ms, alive(b, beats.at(0)));
  EXPECT_EQ(done(server).size(), 1U);
}

// It is enough that we believe that we lead: nobody is asked.
TEST(ReadIndex, NeedsNoConfirmationIfTheReaderDoesNotWantIt) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}, .unconfirmed = true});
  const Effects effects = server.take_effects();
  EXPECT_TRUE(beats_in(effects).empty());
  EXPECT_EQ(effects.complete, (std::vector{Completion{.first = {7}, .index = {2}}}));
}

// Paper §8: also then, what was acknowledged before our election may still be uncommitted here.
TEST(ReadIndex, WaitsForAnEntryOfOurTermWhetherItIsConfirmedOrNot) {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), ReadRequested{.id = {7}, .unconfirmed = true});
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.complete.empty());
  server.step(late(), alive(b, beats_in(effects).at(0)));
  EXPECT_TRUE(done(server).empty());
  server.step(late(), acknowledged(b, sent[0]));
  EXPECT_EQ(done(server), (std::vector{Completion{.first = {7}, .index = {2}}}));
}

// A second read, registered after a request of the first one's round has left, is another round.
TEST(ReadIndex, DoesNotJoinARoundThatHasBegun) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}});
  const std::vector<Sent> first = beats_in(server.take_effects());
  server.step(late(), ReadRequested{.id = {8}});
  EXPECT_TRUE(beats_in(server.take_effects()).empty()) << "one round at a time";
  server.step(late(), alive(b, first.at(0)));
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.complete, (std::vector{Completion{.first = {7}, .index = {2}}}));
  const std::vector<Sent> second = beats_in(effects);
  ASSERT_EQ(second.size(), 2U) << "the waiting read begins the next";
  server.step(late(), alive(c, first.at(1)));
  EXPECT_TRUE(done(server).empty()) << "c answers the round before";
  server.step(late(), alive(c, second.at(1)));
  EXPECT_EQ(done(server), (std::vector{Completion{.first = {8}, .index = {2}}}));
}

TEST(ReadIndex, ReadsOfOneTurnShareARound) {
  Consensus server = leader();
  for (std::uint64_t id = 1; id <= 3; ++id)
    server.step(late(), ReadRequested{.id = {id}});
  const std::vector<Sent> beats = beats_in(server.take_effects());
  ASSERT_EQ(beats.size(), 2U);
  server.step(late(), alive(b, beats[0]));
  EXPECT_EQ(done(server).size(), 3U);
}

// Entries that are sent anyway carry the round too.
TEST(ReadIndex, IsConfirmedByAnAcknowledgedAppendAsWell) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}});
  server.step(late(), Proposed{.first = {8}});
  const Effects effects = server.take_effects();
  server.step(late(), acknowledged(b, carry_out(server, effects.entries_now.at(0), late())));
  EXPECT_EQ(done(server), (std::vector{Completion{.first = {7}, .index = {2}}}));
}

// Paper §8: at the start of its term a leader does not know which entries are committed.
TEST(ReadIndex, WaitsForTheFirstCommitOfTheTerm) {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), ReadRequested{.id = {7}});
  server.step(late(), ReadRequested{.id = {8}, .verify_only = true});
  const std::vector<Sent> beats = beats_in(server.take_effects());
  server.step(late(), alive(b, beats.at(0)));
  EXPECT_EQ(done(server), (std::vector{Completion{.first = {8}}}))
      << "whether it leads it knows, what is committed not";
  server.step(late(), acknowledged(b, sent[0]));
  EXPECT_EQ(done(server), (std::vector{Completion{.first = {7}, .index = {2}}}));
}

TEST(ReadIndex, CountsVotersOnly) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  configuration.servers.push_back(nonvoter(e));
  Consensus server = test::server({.configuration = configuration});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), acknowledged(b, sent[0]));
  server.take_effects();
  server.step(late(), ReadRequested{.id = {7}});
  const std::vector<Sent> beats = beats_in(server.take_effects());
  EXPECT_EQ(beats.size(), 2U) << "no use in asking others";
  server.step(late(), alive(d, beats.at(0)));
  server.step(late(), alive(e, beats.at(0)));
  EXPECT_TRUE(done(server).empty());
}

TEST(ReadIndex, OfASingleServerNeedsNobodyElse) {
  Consensus server = test::server({.configuration = voters({a})});
  elect(server);
  server.step(late(), ReadRequested{.id = {7}});
  EXPECT_EQ(done(server), (std::vector{Completion{.first = {7}, .index = {2}}}));
}

TEST(ReadIndex, FailsWhenLeadershipIsLostAndWithoutIt) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}});
  server.step(late(), received(heartbeat(b, {9})));
  server.step(late(), ReadRequested{.id = {8}});
  const std::vector<Completion> failed = done(server);
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_EQ(failed[0].error->code, Errc::leadership_lost);
  EXPECT_EQ(failed[0].error->outcome, Outcome::not_executed);
  EXPECT_EQ(failed[1].error->code, Errc::not_leader);
}

// Numbers of an earlier leadership mean nothing in a later one.
TEST(ReadIndex, CountsNoReplyOfAnEarlierTerm) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}});
  const Sent old = beats_in(server.take_effects()).at(0);
  server.step(late(), received(heartbeat(b, {3})));
  take_and_persist(server, late());
  server.step(late(late()), DeadlineReached{});
  take_and_persist(server, late(late()));
  server.step(late(late()), replied(b, RequestVoteReply{.term = {4}, .granted = true},
                                    {.term = {4}, .kind = SentKind::vote}));
  ASSERT_EQ(server.view().role, Role::leader);
  server.step(late(late()), ReadRequested{.id = {8}, .verify_only = true});
  server.take_effects();
  server.step(late(late()), alive(b, old));
  server.step(late(late()), alive(c, old));
  EXPECT_TRUE(done(server).empty());
}

// A server that refuses a request of our earlier leadership may know our term by now. It has not
// confirmed anything that was asked in it.
TEST(ReadIndex, CountsNoRefusalOfARequestOfAnEarlierTerm) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}});
  Sent old = beats_in(server.take_effects()).at(0);
  old.term = {1};
  server.step(late(), replied(b, AppendEntriesReply{.term = {2}}, old));
  server.step(late(), replied(c, AppendEntriesReply{.term = {2}}, old));
  EXPECT_TRUE(done(server).empty());
}

// A read that waited for the next round may be confirmed by something that was sent anyway. Then
// nobody needs to be asked.
TEST(ReadIndex, BeginsNoRoundThatNobodyWaitsFor) {
  Consensus server = leader();
  server.step(late(), ReadRequested{.id = {7}});
  ASSERT_EQ(beats_in(server.take_effects()).size(), 2U);
  server.step(late(), ReadRequested{.id = {8}});
  server.step(late(), Proposed{.first = {9}});
  const SendEntries send = server.take_effects().entries_now.at(0);
  server.step(late(), acknowledged(b, carry_out(server, send, late())));
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.complete.size(), 2U);
  EXPECT_TRUE(beats_in(effects).empty());
}

}  // namespace
}  // namespace proa::core::test
