#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

std::string log_of(const Consensus& server) { return to_string(server.view().last_log); }

Send accepted(Term term, std::uint64_t last_log_before) {
  return answer(AppendEntriesReply{.term = term, .last_log = {last_log_before}, .success = true});
}
Send disagreed(Term term, std::uint64_t last_log) {
  return answer(AppendEntriesReply{.term = term, .last_log = {last_log}, .no_retry_backoff = true});
}
Send refused(Term term, std::uint64_t last_log) {
  return answer(AppendEntriesReply{.term = term, .last_log = {last_log}});
}

// Paper Figure 2, AppendEntries 1: reply false if term < currentTerm.
TEST(AppendEntries, OfAnOldTermIsRefusedWithTheCurrentOne) {
  Consensus server = test::server({.term = {5}});
  server.step(t0, received(append(b, {4}, {{1}, {1}}, {4})));
  EXPECT_EQ(server.take_effects().send_now, (std::vector{refused({5}, 1)}));
  EXPECT_FALSE(server.view().leader);
}

// Paper Figure 2, AppendEntries 2: reply false if the log has no entry at prevLogIndex whose term
// matches prevLogTerm; the model's reply says that an earlier one should be tried at once.
TEST(AppendEntries, AfterAnEntryThatIsNotThereIsRejected) {
  Consensus server = test::server({.log = {1, 1, 1}});
  server.step(t0, received(append(b, {1}, {{1}, {5}}, {1})));
  EXPECT_EQ(server.take_effects().send_now, (std::vector{disagreed({1}, 3)}));
}

TEST(AppendEntries, AfterAnEntryOfAnotherTermIsRejected) {
  Consensus server = test::server({.log = {1, 1, 2}, .term = {3}});
  server.step(t0, received(append(b, {3}, {{3}, {3}}, {3})));
  EXPECT_EQ(server.take_effects().send_now, (std::vector{disagreed({3}, 3)}));
}

// Paper Figure 2, AppendEntries 3: an existing entry that conflicts is deleted, with all that
// follow it; 4: the new ones are appended.
TEST(AppendEntries, ReplacesWhatConflicts) {
  Consensus server = test::server({.log = {1, 1, 2, 2, 2}, .term = {3}});
  server.step(t0, received(append(b, {3}, {{1}, {2}}, {3, 3})));
  const Effects effects = server.take_effects();
  EXPECT_EQ(
      effects.write,
      (Write{
          .ticket = {1}, .truncate_from = LogIndex{3}, .append = {{3}, {4}}, .commit_hint = {1}}));
  EXPECT_EQ(effects.appended,
            (std::vector<Appended>{ReceivedEntries{.request = {1}, .entries = {{3}, {4}}}}));
  EXPECT_EQ(log_of(server), "3/4");
}

// What is there already and matches stays, and so does what follows it: the request may be an old
// one, and the entries behind it acknowledged.
TEST(AppendEntries, KeepsWhatMatchesAndWhatFollowsIt) {
  Consensus server = test::server({.log = {1, 1, 1, 1, 1}});
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1})));
  const Effects effects = server.take_effects();
  EXPECT_FALSE(effects.write);
  EXPECT_TRUE(effects.appended.empty());
  EXPECT_EQ(log_of(server), "1/5");
  EXPECT_EQ(effects.send_now, (std::vector{accepted({1}, 5)}));
}

TEST(AppendEntries, AppendsOnlyWhatIsNew) {
  Consensus server = test::server({.log = {1, 1, 1}});
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1, 1, 1})));
  EXPECT_EQ(server.take_effects().write->append, (IndexRange{{4}, {5}}));
}

// A follower acknowledges what is durable, never what is on its way (durability contract).
TEST(AppendEntries, IsAcknowledgedOnceDurable) {
  Consensus server = test::server({});
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1})));
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.send_now.empty());
  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.take_effects().send_now, (std::vector{accepted({1}, 1)}));
}

TEST(AppendEntries, RepeatedIsNotAcknowledgedBeforeTheFirstOneIsDurable) {
  Consensus server = test::server({});
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1}), 1));
  const Effects effects = server.take_effects();
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1}), 2));
  const Effects repeated = server.take_effects();
  EXPECT_FALSE(repeated.write);
  EXPECT_TRUE(repeated.send_now.empty());
  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.take_effects().send_now.size(), 2U);
}

// A heartbeat promises nothing but the term, so a slow write of entries does not delay it.
TEST(AppendEntries, HeartbeatIsAnsweredWhileEntriesAreBeingWritten) {
  Consensus server = test::server({});
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1}), 1));
  server.take_effects();
  server.step(t0, received(heartbeat(b, {1}), 2));
  EXPECT_EQ(
      server.take_effects().send_now,
      (std::vector{answer(AppendEntriesReply{.term = {1}, .last_log = {3}, .success = true}, 2)}));
}

TEST(AppendEntries, HeartbeatOfANewTermIsAnsweredOnceTheTermIsDurable) {
  Consensus server = test::server({});
  server.step(t0, received(heartbeat(b, {2})));
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.send_now.empty());
  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.take_effects().send_now, (std::vector{accepted({2}, 1)}));
}

// Paper Figure 2, AppendEntries 5: commitIndex = min(leaderCommit, index of last new entry).
TEST(AppendEntries, MovesTheCommitIndexAsFarAsItVerifies) {
  Consensus server = test::server({.log = {1, 1, 1}});
  server.step(t0, received(append(b, {1}, {{1}, {3}}, {1}, {9})));
  EXPECT_EQ(server.view().commit_index, LogIndex{4});
}

// The model and a careless reading of the paper take the follower's last entry. Entries 3 to 5 here
// are of a leader that lost; the request verifies entry 2 and nothing more.
TEST(AppendEntries, NeverCommitsBeyondWhatItVerifies) {
  Consensus server = test::server({.log = {1, 1, 2, 2, 2}, .term = {3}});
  server.step(t0, received(append(b, {3}, {{1}, {2}}, {}, {5})));
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
}

TEST(AppendEntries, NeverMovesTheCommitIndexBack) {
  Consensus server = test::server({.log = {1, 1, 1}, .commit_hint = {3}});
  server.step(t0, received(append(b, {1}, {{1}, {2}}, {}, {1})));
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
}

// What is handed to the state machine is committed and durable, in order, and each entry once.
TEST(AppendEntries, HandsOutWhatIsCommittedAndDurable) {
  Consensus server = test::server({});
  EXPECT_EQ(server.take_effects().apply, (IndexRange{{1}, {1}})) << "committed before the start";
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1, 1}, {3})));
  const Effects effects = server.take_effects();
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
  EXPECT_EQ(effects.apply, std::nullopt) << "not durable here yet";
  server.step(t0, Persisted{effects.write->ticket});
  EXPECT_EQ(server.take_effects().apply, (IndexRange{{2}, {3}}));
  EXPECT_EQ(server.take_effects().apply, std::nullopt);
}

TEST(AppendEntries, PutsAConfigurationInForceAtOnceAndTakesItBackWithItsEntry) {
  Consensus server = test::server({.term = {2}});
  AppendEntriesInfo request = append(b, {2}, {{1}, {1}}, {2, 2});
  request.entries.configurations = {{.configuration = voters({a, b}), .index = {3}}};
  server.step(t0, received(request));
  EXPECT_EQ(server.view().latest_configuration.index, LogIndex{3});
  EXPECT_EQ(server.view().committed_configuration.index, LogIndex{1});
  server.step(t0, received(append(c, {3}, {{2}, {2}}, {3})));
  EXPECT_EQ(server.view().latest_configuration,
            (ConfigurationAt{.configuration = voters({a, b, c}), .index = {1}}));
}

// A leader that wants committed entries replaced has lost them, or its cluster has: outside our
// control, so it is refused and reported.
TEST(AppendEntries, ThatWouldReplaceCommittedEntriesIsRefusedAndReported) {
  Consensus server = test::server({.log = {1, 1, 1}, .term = {2}, .commit_hint = {3}});
  server.step(t0, received(append(b, {2}, {{1}, {1}}, {2, 2})));
  const Effects effects = server.take_effects();
  EXPECT_FALSE(effects.write);
  EXPECT_EQ(effects.send_now, (std::vector{refused({2}, 3)}));
  ASSERT_EQ(effects.incidents.size(), 1U);
  EXPECT_EQ(effects.incidents[0].kind, Incident::Kind::commit_contradicted);
  EXPECT_EQ(log_of(server), "1/3");
}

TEST(AppendEntries, OfASecondLeaderOfTheTermIsRefusedAndReported) {
  Consensus server = test::server({});
  server.step(t0, received(heartbeat(b, {1})));
  server.take_effects();
  server.step(t0, received(append(c, {1}, {{1}, {1}}, {1})));
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.send_now, (std::vector{refused({1}, 1)}));
  ASSERT_EQ(effects.incidents.size(), 1U);
  EXPECT_EQ(effects.incidents[0].kind, Incident::Kind::second_leader);
}

// Paper §5.2: at most one leader per term. While we lead there is no telling who is wrong: stop.
TEST(AppendEntriesDeathTest, OfOurOwnTermWhileWeLeadStopsTheServer) {
  Consensus server = test::server({});
  elect(server);
  const Input request = received(heartbeat(b, server.view().term));
  EXPECT_DEATH(server.step(t0, request), "another_server_leads_in_our_term");
}

TEST(AppendEntries, InOurOwnNameIsRefused) {
  Consensus server = test::server({});
  elect(server);
  server.step(t0, received(heartbeat(a, server.view().term)));
  EXPECT_EQ(server.view().role, Role::leader);
}

TEST(AppendEntries, OfAHigherTermMakesALeaderAFollower) {
  Consensus server = test::server({});
  elect(server);
  server.step(t0, received(append(b, {9}, {{1}, {1}}, {9})));
  const Effects effects = server.take_effects();
  EXPECT_TRUE(effects.lost_leadership);
  EXPECT_EQ(server.view().leader, sender(b));
  EXPECT_EQ(log_of(server), "9/2") << "its own no-op is replaced";
}

// Each of these contradicts itself or is out of range. They are refused, nothing asserts and
// nothing changes (bytes from the network).
TEST(AppendEntries, ThatContradictItselfIsRefusedAndReported) {
  const auto with = [](const std::function<void(AppendEntriesInfo&)>& change) {
    AppendEntriesInfo request = append(b, {2}, {{1}, {1}}, {2, 2});
    change(request);
    return request;
  };
  const std::vector<AppendEntriesInfo> bad = {
      with([](auto& r) { r.entries.entries = {{3}, {4}}; }),  // a gap
      with([](auto& r) { r.entries.term_starts.clear(); }),   // entries without a term
      with([](auto& r) { r.entries.term_starts[0].index = {3}; }),
      with([](auto& r) { r.entries.term_starts[0].term = {3}; }),  // beyond the leader's
      with([](auto& r) { r.entries.term_starts[0].term = {0}; }),
      with([](auto& r) { r.entries.term_starts.push_back({{1}, {3}}); }),  // terms go back
      with([](auto& r) { r.entries.term_starts.push_back({{2}, {9}}); }),  // outside
      with([](auto& r) {  // beyond the last entry, in a later term
        r.entries.term_starts = {{{1}, {2}}, {{2}, {9}}};
      }),
      with([](auto& r) {  // two terms for one entry
        r.entries.term_starts = {{{1}, {2}}, {{2}, {2}}};
      }),
      with([](auto& r) {  // a gap that the terms do not show
        r.entries.entries = {{3}, {4}};
        r.entries.term_starts[0].index = {3};
      }),
      append(b, {2}, {}, {0}),  // no entry has term 0
      with([](auto& r) { r.prev_log = {{9}, {1}}; }),
      with([](auto& r) {  // two configurations in one entry
        r.entries.configurations = {{voters({a}), {2}}, {voters({a}), {2}}};
      }),
      with([](auto& r) { r.entries.configurations = {{voters({a}), {7}}}; }),
      with([](auto& r) { r.entries.configurations = {{Configuration{}, {2}}}; }),
      with([](auto& r) { r.entries.configurations = {{voters({a, a}), {2}}}; }),
      with([](auto& r) { r.term = Term{UINT64_MAX}; }),
      with([](auto& r) { r.prev_log.index = LogIndex{UINT64_MAX}; }),
      with([](auto& r) { r.entries.entries.last = LogIndex{UINT64_MAX}; }),
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    SCOPED_TRACE(i);
    Consensus server = test::server({});
    server.step(t0, received(bad[i]));
    const Effects effects = server.take_effects();
    EXPECT_EQ(effects.send_now, (std::vector{refused({1}, 1)}));
    EXPECT_FALSE(effects.write);
    EXPECT_EQ(effects.incidents.size(), 1U);
  }
}

TEST(AppendEntries, WithAHugeCommitIndexCommitsWhatIsThere) {
  Consensus server = test::server({});
  server.step(t0, received(append(b, {1}, {{1}, {1}}, {1}, LogIndex{UINT64_MAX})));
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
}

// A log of later terms than the leader claims to send, behind a previous entry that is not checked.
TEST(AppendEntries, FromTheVeryBeginningStillKeepsTermsInOrder) {
  Consensus server = test::server({.log = {1, 5, 5}, .term = {5}});
  server.step(t0, received(append(b, {5}, {}, {1, 5, 5, 5})));
  EXPECT_EQ(log_of(server), "5/4");
}

// Before the first election there is no leader, whatever a message says.
TEST(AppendEntries, OfTermZeroIsRefused) {
  Consensus server = test::server({.log = {}, .term = {}, .commit_hint = {}});
  server.step(t0, received(heartbeat(b, {0})));
  EXPECT_EQ(server.take_effects().send_now, (std::vector{refused({0}, 0)}));
  EXPECT_FALSE(server.view().leader);
}

// An old leader sends no id; it is the one that is known already.
TEST(AppendEntries, WithoutAnIdIsTakenForTheKnownLeaders) {
  Consensus server = test::server({});
  server.step(t0, received(heartbeat(b, {1})));
  AppendEntriesInfo request = append(b, {1}, {{1}, {1}}, {1});
  request.leader.id = {};
  server.step(t0, received(request));
  EXPECT_EQ(log_of(server), "1/2");
  EXPECT_TRUE(server.take_effects().incidents.empty());
}

// Nothing comes before entry 1, so it does not matter which term the leader says that has.
TEST(AppendEntries, OfTheFirstEntryAgreesWhateverTermStandsBeforeIt) {
  Consensus server = test::server({.log = {}, .term = {7}, .commit_hint = {}});
  server.step(t0, received(append(b, {7}, {.term = {7}, .index = {}}, {3})));
  EXPECT_EQ(log_of(server), "3/1");
}

}  // namespace
}  // namespace proa::core::test
