#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

// Paper §5.3: an entry is committed once the leader has replicated it on a majority of the servers.
TEST(Commit, FollowsAMajority) {
  Consensus server = test::server({.configuration = voters({a, b, c, d, e})});
  const std::vector<Sent> sent = elect(server);
  server.step(t0, acknowledged(b, sent[0]));
  EXPECT_EQ(server.view().commit_index, LogIndex{1});
  server.step(t0, acknowledged(c, sent[1]));
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
  EXPECT_EQ(server.take_effects().apply, (IndexRange{{2}, {2}}));
}

// Paper §5.4.2, Figure 8: entries of earlier terms are never committed by counting replicas.
TEST(Commit, CountsNoEntryOfAnEarlierTerm) {
  Consensus server = test::server({.log = {1, 1, 1}});
  elect(server);
  // b has the old entries and not the no-op, which is entry 4 of term 2.
  server.step(t0, acknowledged(b, Sent{.term = {2}, .last = {3}, .generation = {1}}));
  EXPECT_EQ(server.view().commit_index, LogIndex{1});
  server.step(t0, acknowledged(b, Sent{.term = {2}, .last = {4}, .generation = {1}}));
  EXPECT_EQ(server.view().commit_index, LogIndex{4}) << "and all before it";
}

// Thesis §10.2.1: the leader may write in parallel with its followers, and counts itself when its
// own write is durable. A majority without it commits as well.
TEST(Commit, CountsTheLeaderOnceItsOwnWriteIsDurable) {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(t0, acknowledged(b, sent[0]));
  server.step(t0, Proposed{.first = {1}});
  const Effects effects = server.take_effects();
  const Sent to_b = carry_out(server, effects.entries_now.at(0));
  server.step(t0, acknowledged(b, to_b));
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
}

TEST(Commit, NeedsNotTheLeaderItselfButItsStateMachineDoes) {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(t0, acknowledged(b, sent[0]));
  server.step(t0, acknowledged(c, sent[1]));
  server.take_effects();
  server.step(t0, Proposed{.first = {1}});
  const Effects effects = server.take_effects();
  server.step(t0, acknowledged(b, carry_out(server, effects.entries_now.at(0))));
  server.step(t0, acknowledged(c, carry_out(server, effects.entries_now.at(1))));
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
  EXPECT_FALSE(server.take_effects().apply) << "apply <= min(commit, durable)";
  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.take_effects().apply, (IndexRange{{3}, {3}}));
}

// A single server acknowledges nothing before its own sync either.
TEST(Commit, OfASingleServerWaitsForItsDisk) {
  Consensus server = test::server({.configuration = voters({a})});
  elect(server);
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
  server.step(t0, Proposed{.first = {1}, .count = 3});
  const Effects effects = server.take_effects();
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.view().commit_index, LogIndex{5});
}

TEST(Commit, CountsNoNonvoters) {
  Configuration configuration = voters({a, b, c});
  configuration.servers.push_back(nonvoter(d));
  configuration.servers.push_back(nonvoter(e));
  Consensus server = test::server({.configuration = configuration});
  const std::vector<Sent> sent = elect(server);
  ASSERT_EQ(sent.size(), 4U) << "they are replicated to";
  server.step(t0, acknowledged(d, sent[2]));
  server.step(t0, acknowledged(e, sent[3]));
  EXPECT_EQ(server.view().commit_index, LogIndex{1});
}

TEST(Commit, HintGoesWithEachWrite) {
  Consensus server = test::server({});
  server.step(t0, acknowledged(b, elect(server)[0]));
  server.step(t0, Proposed{.first = {1}});
  EXPECT_EQ(server.take_effects().write->commit_hint, LogIndex{2});
}

}  // namespace
}  // namespace proa::core::test
