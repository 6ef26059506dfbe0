#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

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
  const Sent what{.term = {2}, .kind = SentKind::vote};
  EXPECT_EQ(server.take_effects().send_now,
            (std::vector<Send>{SendRequest{.to = b, .message = request, .what = what},
                               SendRequest{.to = c, .message = request, .what = what}}));
}

// Paper §5.2: a candidate wins an election if it receives votes from a majority of the servers.
TEST(Election, IsWonWithAMajority) {
  Consensus server = test::server({});
  server.step(late(), DeadlineReached{});
  take_and_persist(server);
  server.step(late(), replied(b, RequestVoteReply{.term = {2}, .granted = true},
                              {.term = {2}, .kind = SentKind::vote}));
  EXPECT_EQ(server.view().role, Role::leader);
}

}  // namespace
}  // namespace proa::core::test
