#include "proa/testing/coverage.hpp"

#include <gtest/gtest.h>

#include <set>

#include "proa/testing/invariants.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::testing {
namespace {

TEST(Coverage, HasANameForEach) {
  std::set<std::string> names;
  for (std::size_t tuple = 0; tuple < kTuples; ++tuple)
    names.insert(name_of_tuple(tuple));
  for (std::size_t condition = 0; condition < kSometimes; ++condition)
    names.insert(name_of(static_cast<Sometimes>(condition)));
  EXPECT_EQ(names.size(), kTuples + kSometimes);
}

TEST(Coverage, NamesATupleByItsParts) {
  const std::size_t tuple =
      Coverage::tuple({.receiver = Receiver::candidate, .struck = Struck::slow_disk},
                      Asked::empty_append, Answer::mismatch);
  EXPECT_EQ(name_of_tuple(tuple), "candidate, empty append, mismatch, slow disk");
}

TEST(Coverage, KnowsWhatIsAsked) {
  const std::vector<NewEntry> one = {{.index = {1}, .term = {1}}};
  AppendEntriesRequest append;
  EXPECT_EQ(asked_by(append), Asked::empty_append);
  append.entries = EntryView{wire::encode_block(one)};
  EXPECT_EQ(asked_by(append), Asked::append);
  EXPECT_EQ(asked_by(AppendEntriesRequest{.heartbeat = true}), Asked::heartbeat);
  EXPECT_EQ(asked_by(RequestVoteRequest{}), Asked::vote);
  EXPECT_EQ(asked_by(RequestVoteRequest{.leadership_transfer = true}), Asked::vote_in_transfer);
  EXPECT_EQ(asked_by(RequestPreVoteRequest{}), Asked::pre_vote);
  EXPECT_EQ(asked_by(TimeoutNowRequest{}), Asked::timeout_now);
}

TEST(Coverage, KnowsWhatIsAnswered) {
  const Request append = AppendEntriesRequest{.term = {3}};
  const auto answer = [&](AppendEntriesReply reply) { return answer_of(append, Reply{reply}); };
  EXPECT_EQ(answer({.term = {3}, .success = true}), Answer::accepted);
  EXPECT_EQ(answer({.term = {3}, .no_retry_backoff = true}), Answer::mismatch);
  EXPECT_EQ(answer({.term = {3}}), Answer::refused);
  EXPECT_EQ(answer({.term = {4}}), Answer::old_term);
  EXPECT_EQ(answer_of(append, fail(Errc::shutdown, "")), Answer::failed);
  EXPECT_EQ(answer_to({3}, Reply{InstallSnapshotReply{.term = {4}}}), Answer::old_term);
}

/// Three servers, as the invariants see them.
struct Conditions : ::testing::Test {
  static Candidate candidate(const std::string& id) { return {.id = {id}, .address = {id}}; }
  std::uint32_t times(Sometimes condition) const {
    return invariants.coverage().counts().sometimes[static_cast<std::size_t>(condition)];
  }
  void save(std::size_t server, std::uint64_t term, const std::string& vote) {
    const HardState state{.term = {term}, .vote = candidate(vote)};
    invariants.hard_state_write_begins(server, state);
    invariants.hard_state_written(server, state);
  }
  void elect(std::size_t server, std::uint64_t term) {
    save(server, term, invariants.shadow(server).id.value);
    invariants.seen(server, {.leads = true, .term = {term}});
  }
  /// Of s2, asked in term 5 by s1.
  void answer_vote(RequestVoteReply reply) {
    const Request request = RequestVoteRequest{.term = {5}, .candidate = candidate("s1")};
    invariants.counts(1, invariants.meets(1, request), request, Reply{reply});
  }

  Invariants invariants{{{.id = {"s1"}, .address = {"s1"}},
                         {.id = {"s2"}, .address = {"s2"}},
                         {.id = {"s3"}, .address = {"s3"}}}};
};

TEST_F(Conditions, TellWhyALeaderStepsDown) {
  elect(0, 1);
  invariants.seen(0, {.term = {1}});
  EXPECT_EQ(times(Sometimes::leader_lost_contact), 1U);

  elect(0, 2);
  invariants.seen(0, {.term = {3}});
  EXPECT_EQ(times(Sometimes::leader_deposed), 1U);

  const Configuration without{.servers = {{.id = {"s2"}}, {.id = {"s3"}}}};
  elect(0, 4);
  invariants.seen(0, {.term = {4}, .latest = &without, .committed = &without});
  EXPECT_EQ(times(Sometimes::leader_removed_itself), 1U);
  EXPECT_EQ(times(Sometimes::leader_lost_contact), 1U);
}

TEST_F(Conditions, TellWhatLiesBetweenTwoLeaders) {
  elect(0, 1);
  elect(1, 3);
  EXPECT_EQ(times(Sometimes::term_without_leader), 1U);
  EXPECT_EQ(times(Sometimes::leader_beside_old_one), 1U);
  EXPECT_EQ(times(Sometimes::leader_followed_itself), 0U);

  elect(1, 4);
  EXPECT_EQ(times(Sometimes::leader_followed_itself), 1U);
}

TEST_F(Conditions, TellWhyAVoteIsRefused) {
  answer_vote({.term = {4}});
  EXPECT_EQ(times(Sometimes::vote_refused_for_leader), 1U);

  save(1, 5, "s3");
  answer_vote({.term = {5}});
  EXPECT_EQ(times(Sometimes::vote_refused_as_given), 1U);
}

TEST_F(Conditions, TellWhenAVoteBecameDurable) {
  const Request request = RequestVoteRequest{.term = {5}, .candidate = candidate("s1")};
  const Meeting before = invariants.meets(1, request);
  save(1, 5, "s1");
  const Reply granted = RequestVoteReply{.term = {5}, .granted = true};
  invariants.counts(1, before, request, granted);
  EXPECT_EQ(times(Sometimes::vote_granted_after_sync), 1U);

  invariants.counts(1, invariants.meets(1, request), request, granted);
  EXPECT_EQ(times(Sometimes::vote_granted_again), 1U);
}

TEST_F(Conditions, TellWhatAServerIsWhenARequestArrives) {
  invariants.coverage().ask_for_faults(
      [](std::size_t server) { return server == 2 ? Struck::slow_disk : Struck::no_fault; });
  elect(0, 1);
  invariants.seen(2, {.asks_for_votes = true, .term = {1}});

  EXPECT_EQ(invariants.meets(0).receiver, Receiver::leader);
  EXPECT_EQ(invariants.meets(1).receiver, Receiver::follower);
  EXPECT_EQ(invariants.meets(2).receiver, Receiver::candidate);
  EXPECT_EQ(invariants.meets(2).struck, Struck::slow_disk);
}

}  // namespace
}  // namespace proa::testing
