#include "proa/core/membership.hpp"

#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

Server with(Suffrage suffrage, const ServerId& id, const char* address) {
  return {.suffrage = suffrage, .id = id, .address = {address}};
}

ChangeRequested change(ChangeKind kind, const ServerId& id, const char* address = "new:1") {
  return {.id = {7}, .kind = kind, .server = with(Suffrage::voter, id, address)};
}

/// b as the change leaves it, if it starts as a member with this suffrage.
std::optional<Server> changed(std::optional<Suffrage> suffrage, ChangeKind kind) {
  ConfigurationAt current{.configuration = voters({a}), .index = {5}};
  if (suffrage) current.configuration.servers.push_back(with(*suffrage, b, "old:1"));
  const Result<Configuration> result = change_of(current, change(kind, b));
  EXPECT_TRUE(result);
  const Server* found = result->find(b);
  return found == nullptr ? std::nullopt : std::optional<Server>{*found};
}

// The table of reference §8.13.2, cell by cell.
TEST(ChangeOf, FollowsTheModelsTable) {
  constexpr auto kVoter = Suffrage::voter;
  constexpr auto kNonvoter = Suffrage::nonvoter;
  constexpr auto kStaging = Suffrage::staging;
  using Kind = ChangeKind;
  EXPECT_EQ(changed({}, Kind::add_voter), with(kVoter, b, "new:1"));
  EXPECT_EQ(changed(kVoter, Kind::add_voter), with(kVoter, b, "new:1"));
  EXPECT_EQ(changed(kNonvoter, Kind::add_voter), with(kVoter, b, "new:1"));
  EXPECT_EQ(changed(kStaging, Kind::add_voter), with(kVoter, b, "new:1"));

  EXPECT_EQ(changed({}, Kind::add_nonvoter), with(kNonvoter, b, "new:1"));
  EXPECT_EQ(changed(kVoter, Kind::add_nonvoter), with(kVoter, b, "new:1"));
  EXPECT_EQ(changed(kNonvoter, Kind::add_nonvoter), with(kNonvoter, b, "new:1"));
  EXPECT_EQ(changed(kStaging, Kind::add_nonvoter), with(kStaging, b, "new:1"));

  EXPECT_EQ(changed({}, Kind::demote_voter), std::nullopt);
  EXPECT_EQ(changed(kVoter, Kind::demote_voter), with(kNonvoter, b, "old:1"));
  EXPECT_EQ(changed(kNonvoter, Kind::demote_voter), with(kNonvoter, b, "old:1"));
  EXPECT_EQ(changed(kStaging, Kind::demote_voter), with(kNonvoter, b, "old:1"));

  for (const auto suffrage : {kVoter, kNonvoter, kStaging}) {
    EXPECT_EQ(changed(suffrage, Kind::remove_server), std::nullopt);
  }
  EXPECT_EQ(changed({}, Kind::remove_server), std::nullopt);
}

TEST(ChangeOf, RefusesWhatWouldNotBeValid) {
  const ConfigurationAt current{.configuration = voters({a}), .index = {5}};
  EXPECT_EQ(change_of(current, change(ChangeKind::remove_server, a)).error().code,
            Errc::invalid_config)
      << "no voter is left";
  EXPECT_EQ(change_of(current, change(ChangeKind::add_voter, b, "a:1")).error().code,
            Errc::invalid_config)
      << "an address twice";
  EXPECT_EQ(change_of(current, change(ChangeKind::add_voter, {}, "b:1")).error().code,
            Errc::invalid_config);
}

TEST(ChangeOf, RefusesAChangeOfAnotherConfigurationThanThought) {
  const ConfigurationAt current{.configuration = voters({a}), .index = {5}};
  ChangeRequested request = change(ChangeKind::add_voter, b);
  request.based_on = {4};
  EXPECT_EQ(change_of(current, request).error().code, Errc::configuration_changed);
  request.based_on = {5};
  EXPECT_TRUE(change_of(current, request));
}

/// A leader of these voters whose no-op, entry 2, is committed.
Consensus leader(const std::vector<ServerId>& ids = {a, b, c}) {
  Consensus server = test::server({.configuration = voters(ids)});
  for (const Sent& sent : elect(server)) {
    for (const ServerId& id : ids) {
      if (id != a) server.step(late(), acknowledged(id, sent));
    }
  }
  server.take_effects();
  return server;
}

// Paper §6: a server uses a configuration from the moment it is in its log; the new server is
// replicated to at once.
TEST(Membership, AChangeIsInForceOnceAppended) {
  Consensus server = leader();
  server.step(late(), change(ChangeKind::add_voter, d, "d:1"));
  const Effects effects = server.take_effects();
  Configuration expected = voters({a, b, c, d});
  ASSERT_EQ(effects.appended.size(), 1U);
  const auto& own = std::get<OwnEntries>(effects.appended[0]);
  EXPECT_EQ(own.kind, EntryKind::configuration);
  EXPECT_EQ(own.first_proposal, ProposalId{7});
  EXPECT_EQ(*own.configuration, expected);
  EXPECT_EQ(server.view().latest_configuration,
            (ConfigurationAt{.configuration = expected, .index = {3}}));
  EXPECT_EQ(server.view().committed_configuration.index, LogIndex{1});
  EXPECT_EQ(effects.entries_now.size(), 3U);

  // Of four voters three make a majority.
  server.step(late(), Persisted{effects.write->ticket});
  server.step(late(), acknowledged(b, carry_out(server, effects.entries_now[0], late())));
  EXPECT_EQ(server.view().commit_index, LogIndex{2});
  server.step(late(), acknowledged(c, carry_out(server, effects.entries_now[1], late())));
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
  EXPECT_EQ(server.view().committed_configuration.index, LogIndex{3});
}

// The algorithm of thesis §4.1 as first published let a new leader change the configuration at
// once; the repair asks for a committed entry of its own term.
TEST(Membership, NoChangeBeginsBeforeACommitOfTheTerm) {
  Consensus server = test::server({});
  const std::vector<Sent> sent = elect(server);
  server.step(late(), change(ChangeKind::add_voter, d, "d:1"));
  EXPECT_TRUE(server.take_effects().appended.empty());
  server.step(late(), acknowledged(b, sent[0]));
  EXPECT_EQ(server.take_effects().appended.size(), 1U);
}

// Thesis §4.1: one change at a time.
TEST(Membership, ASecondChangeWaitsForTheFirst) {
  Consensus server = leader();
  server.step(late(), change(ChangeKind::remove_server, c));
  server.step(late(), change(ChangeKind::add_nonvoter, d, "d:1"));
  const Effects effects = server.take_effects();
  EXPECT_EQ(effects.appended.size(), 1U);
  server.step(late(), Persisted{effects.write->ticket});
  server.step(late(), acknowledged(b, carry_out(server, effects.entries_now.at(0), late())));
  const Effects next = server.take_effects();
  ASSERT_EQ(next.appended.size(), 1U);
  EXPECT_EQ(server.view().latest_configuration.configuration.find(d)->suffrage, Suffrage::nonvoter);
  EXPECT_FALSE(server.view().latest_configuration.configuration.is_member(c));
}

TEST(Membership, WaitingChangesAreBounded) {
  Consensus server = leader();
  for (std::size_t i = 0; i < kWaitingChangesMax + 2; ++i) {
    server.step(late(), change(ChangeKind::add_nonvoter, d, "d:1"));
  }
  const std::vector<Completion> refused = server.take_effects().complete;
  ASSERT_EQ(refused.size(), 1U) << "one is under way, the others wait";
  EXPECT_EQ(refused[0].error->code, Errc::busy);
}

TEST(Membership, WaitingChangesEndWithTheLeadership) {
  Consensus server = test::server({});
  elect(server);
  server.step(late(), change(ChangeKind::add_voter, d, "d:1"));
  server.step(late(), received(heartbeat(b, {9})));
  const std::vector<Completion> ended = server.take_effects().complete;
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].error->code, Errc::leadership_lost);
  EXPECT_EQ(ended[0].error->outcome, Outcome::not_executed);
}

/// `a` of a, b, c, with its own removal or demotion as entry 2.
Consensus with_change_of_itself(const Configuration& changed, LogIndex commit_hint) {
  const Start start{};
  Restored restored{.hard_state = {.term = {1}}, .log = {.commit_hint = commit_hint}};
  restored.log.log = entries_of({1, 1}, {1},
                                {{.configuration = voters({a, b, c}), .index = {1}},
                                 {.configuration = changed, .index = {2}}});
  return Consensus{t0, options_for(start), restored};
}

// Thesis §4.2.2: it is needed until its removal is committed, for nobody else may have that entry;
// it does not count itself.
TEST(Membership, AServerCampaignsAsLongAsItsRemovalIsNotCommitted) {
  Configuration demoted = voters({b, c});
  demoted.servers.push_back(nonvoter(a));
  for (const Configuration& changed : {voters({b, c}), demoted}) {
    Consensus server = with_change_of_itself(changed, {1});
    server.step(late(), DeadlineReached{});
    take_and_persist(server, late());
    const Sent asked{.term = {2}, .kind = SentKind::vote};
    const RequestVoteReply granted{.term = {2}, .granted = true};
    server.step(late(), replied(b, granted, asked));
    EXPECT_EQ(server.view().role, Role::candidate) << "b alone is no majority of b and c";
    server.step(late(), replied(c, granted, asked));
    ASSERT_EQ(server.view().role, Role::leader);

    const Effects effects = take_and_persist(server, late());
    for (const SendEntries& send : effects.entries_now)
      server.step(late(), acknowledged(send.to, carry_out(server, send, late())));
    EXPECT_EQ(server.view().commit_index, LogIndex{3});
    EXPECT_EQ(server.view().role, Role::follower);
  }
  Consensus server = with_change_of_itself(demoted, {2});
  server.step(late(), DeadlineReached{});
  EXPECT_EQ(server.view().role, Role::follower) << "it is committed";
}

// Paper §6: a leader that is not in the new configuration manages the cluster, without counting
// itself, and steps down once the configuration is committed.
TEST(Membership, ALeaderThatIsRemovedStepsDownOnceThatIsCommitted) {
  for (const ChangeKind kind : {ChangeKind::remove_server, ChangeKind::demote_voter}) {
    Consensus server = leader();
    server.step(late(), change(kind, a));
    const Effects effects = server.take_effects();
    server.step(late(), Persisted{effects.write->ticket});
    server.step(late(), acknowledged(b, carry_out(server, effects.entries_now.at(0), late())));
    EXPECT_EQ(server.view().role, Role::leader) << "two of the two others are needed";
    server.step(late(), acknowledged(c, carry_out(server, effects.entries_now.at(1), late())));
    EXPECT_EQ(server.view().role, Role::follower);
    EXPECT_EQ(server.view().commit_index, LogIndex{3});
    const Effects last = server.take_effects();
    EXPECT_TRUE(last.removed);
    EXPECT_TRUE(last.lost_leadership);
    server.step(late(late()), DeadlineReached{});
    EXPECT_EQ(server.view().role, Role::follower) << "and never campaigns";
  }
}

// A removed follower is told: it gets the entry and, once that is committed, the commit index.
TEST(Membership, ARemovedServerHearsOfIt) {
  Consensus server = leader();
  server.step(late(), change(ChangeKind::remove_server, c));
  const Effects effects = server.take_effects();
  ASSERT_EQ(effects.entries_now.size(), 2U);
  EXPECT_EQ(effects.entries_now[1].to, c);
  const Sent to_b = carry_out(server, effects.entries_now[0], late());
  server.step(late(), acknowledged(c, carry_out(server, effects.entries_now[1], late())));
  server.step(late(), Persisted{effects.write->ticket});
  EXPECT_EQ(server.view().commit_index, LogIndex{2}) << "it counts no more";
  server.step(late(), acknowledged(b, to_b));
  const Effects last = server.take_effects();
  ASSERT_EQ(last.entries_now.size(), 1U);
  EXPECT_EQ(last.entries_now[0].to, c);
  EXPECT_EQ(last.entries_now[0].commit, LogIndex{3});
  carry_out(server, last.entries_now[0], late());
  server.step(late(), Proposed{.first = {9}});
  for (const SendEntries& send : server.take_effects().entries_now)
    EXPECT_NE(send.to, c);
}

// Removed and added again, it starts from nothing: what it acknowledged before may be gone.
TEST(Membership, AServerThatIsAddedAgainIsReplicatedToAnew) {
  Consensus server = leader();
  server.step(late(), change(ChangeKind::remove_server, c));
  Effects effects = server.take_effects();
  const Sent old = carry_out(server, effects.entries_now[1], late());
  server.step(late(), Persisted{effects.write->ticket});
  server.step(late(), acknowledged(b, carry_out(server, effects.entries_now[0], late())));
  server.take_effects();
  server.step(late(), change(ChangeKind::add_voter, c, "c:1"));
  effects = server.take_effects();
  server.step(late(), Persisted{effects.write->ticket});
  server.step(late(), acknowledged(c, old));  // from before it was removed
  server.step(late(), acknowledged(c, {.term = {2}, .last = {4}, .generation = old.generation}));
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
}

// The addition waits for the removal, and begins in the step that commits it: while what is known
// of the one who leaves is still there.
TEST(Membership, AServerThatIsAddedAgainAtOnceIsCountedAgain) {
  Consensus server = leader();
  server.step(late(), change(ChangeKind::remove_server, c));
  server.step(late(), change(ChangeKind::add_voter, c, "c:1"));
  Effects effects = server.take_effects();
  server.step(late(), Persisted{effects.write->ticket});
  server.step(late(), acknowledged(b, carry_out(server, effects.entries_now.at(0), late())));
  effects = server.take_effects();
  server.step(late(), Persisted{effects.write->ticket});
  for (const SendEntries& send : effects.entries_now) {
    if (send.to == c) server.step(late(), acknowledged(c, carry_out(server, send, late())));
  }
  EXPECT_EQ(server.view().commit_index, LogIndex{4});
}

// A configuration that was never committed goes with its entry, also on a former leader.
TEST(Membership, AnUncommittedChangeIsRolledBackWithItsEntry) {
  Consensus server = leader();
  server.step(late(), change(ChangeKind::remove_server, c));
  take_and_persist(server, late());
  EXPECT_EQ(server.view().latest_configuration.index, LogIndex{3});
  server.step(late(), received(append(b, {5}, {{2}, {2}}, {5})));
  EXPECT_EQ(server.view().latest_configuration,
            (ConfigurationAt{.configuration = voters({a, b, c}), .index = {1}}));
}

// What is committed before the removal is no reason to go: until the removal is, nobody else may
// have it.
TEST(Membership, ALeaderThatIsRemovedStaysForWhatIsCommittedBeforeThat) {
  Consensus server = leader();
  server.step(late(), Proposed{.first = {8}});
  const Effects before = server.take_effects();
  server.step(late(), change(ChangeKind::remove_server, a));
  server.step(late(), Persisted{before.write->ticket});
  for (const SendEntries& send : before.entries_now)
    server.step(late(), acknowledged(send.to, carry_out(server, send, late())));
  EXPECT_EQ(server.view().commit_index, LogIndex{3});
  EXPECT_EQ(server.view().role, Role::leader);
}

// A change that waits when a transfer begins waits for its end too: the target must not have to
// catch up with more (thesis §3.10).
TEST(Membership, AWaitingChangeDoesNotBeginDuringATransfer) {
  Consensus server = leader();
  server.step(late(), change(ChangeKind::add_nonvoter, d, "d:1"));
  server.step(late(), change(ChangeKind::add_nonvoter, e, "e:1"));
  const Effects effects = server.take_effects();
  server.step(late(), TransferRequested{.id = {9}, .to = c});
  server.step(late(), Persisted{effects.write->ticket});
  server.step(late(), acknowledged(b, carry_out(server, effects.entries_now.at(0), late())));
  EXPECT_EQ(server.view().committed_configuration.index, LogIndex{3});
  EXPECT_TRUE(server.take_effects().appended.empty());
}

TEST(Membership, AChangeDoesNotBeginWhileASnapshotIsRestored) {
  Consensus server = leader();
  server.step(late(), RestoreRequested{.id = {9}, .snapshot_last = {100}});
  server.step(late(), change(ChangeKind::add_nonvoter, d, "d:1"));
  EXPECT_TRUE(server.take_effects().appended.empty());
  server.step(late(), RestoreStored{.id = {9}, .error = Error{.code = Errc::io_error}});
  EXPECT_EQ(server.take_effects().appended.size(), 1U);
}

}  // namespace
}  // namespace proa::core::test
