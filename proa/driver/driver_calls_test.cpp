#include <algorithm>

#include "proa/driver/driver_fixture_test.hpp"

namespace proa::driver {
namespace {

using namespace std::chrono_literals;

/// What callers want besides entries, carried out by the leader `a` of three.
struct DriverCalls : DriverOfAServer {
  using DriverOfAServer::DriverOfAServer;
  void change(core::ChangeKind kind, const Server& server) {
    Promise<LogIndex> promise{runtime};
    Future<LogIndex> future = promise.future();
    hand_over(ChangeCall{.change = {.kind = kind, .server = server}, .promise = std::move(promise)},
              std::move(future));
  }
  void transfer(std::optional<ServerId> to = {}) {
    Promise<void> promise{runtime};
    Future<void> future = promise.future();
    hand_over(TransferCall{.to = std::move(to), .promise = std::move(promise)}, std::move(future));
  }
  void read_index() {
    Promise<LogIndex> promise{runtime};
    Future<LogIndex> future = promise.future();
    hand_over(ReadIndexCall{.promise = std::move(promise)}, std::move(future));
  }
  void read(ReadLevel level) {
    auto query = [this] {
      journal.add("query");
      return 0;
    };
    Promise<int> promise{runtime};
    Future<int> future = promise.future();
    hand_over(ReadCall{.level = level,
                       .query = std::make_shared<QueryOf<decltype(query)>>(std::move(query),
                                                                           std::move(promise))},
              std::move(future));
  }
  void wait_for_a_leader() {
    Promise<Server> promise{runtime};
    Future<Server> future = promise.future();
    hand_over(WaitLeaderCall{.promise = std::move(promise)}, std::move(future));
  }
  void shut_down() {
    Promise<void> promise{runtime};
    promise.future().then([this](const Result<void>&) { answers.emplace_back("down"); });
    runtime->loop().post(
        [this, promise = std::move(promise)]() mutable { driver->shut_down(std::move(promise)); });
  }

  void receive(Request request) {
    runtime->loop().post([this, request = std::move(request)] {
      transport->events->on_request(Request{request}, [this](Result<Reply> reply) {
        const auto* vote = reply ? std::get_if<RequestVoteReply>(&*reply) : nullptr;
        transport->note(vote != nullptr && vote->granted ? "granted" : "answered");
      });
    });
  }
  void accept_everything_of(const std::string& name) {
    while (transport->peers.contains(name) && !transport->peers[name]->append.empty()) {
      accept_append(name);
      settle();
    }
    while (transport->peers.contains(name) && !transport->peers[name]->control.empty()) {
      answer(name, Channel::control, AppendEntriesReply{.term = {2}, .success = true});
      settle();
    }
  }

 private:
  template <class T>
  void hand_over(Call call, Future<T> future) {
    std::move(future).then([this](Result<T> result) {
      const bool is_open = !result && result.error().outcome == Outcome::unknown;
      answers.push_back(std::string{result ? "ok" : to_string(result.error().code)} +
                        (is_open ? "?" : ""));
    });
    const Inbox::Pushed pushed = inbox->push(std::move(call));
    ASSERT_TRUE(pushed == Inbox::Pushed::taken || pushed == Inbox::Pushed::wake_loop);
    if (pushed == Inbox::Pushed::taken) return;
    runtime->loop().post([this] { driver->look_into_inbox(); });
  }
};

struct DriverCallsWithLanes : DriverCalls {
  DriverCallsWithLanes() : DriverCalls(Setting{.inline_percent = 0}) {}
};
struct DriverCallsWithoutCache : DriverCalls {
  DriverCallsWithoutCache() : DriverCalls(Setting{.tail_cache_bytes_max = 0}) {}
};

const Server d{.id = {"d"}, .address = {"d"}};

TEST_F(DriverCalls, ConnectsToAServerThatIsAdded) {
  become_leader();
  change(core::ChangeKind::add_voter, d);
  settle();
  ASSERT_TRUE(transport->peers.contains("d"));
  accept_append("b");
  settle();
  EXPECT_EQ(answered(), "");  // of four servers three must have it
  const AppendEntriesReply is_empty{.term = {2}, .no_retry_backoff = true};
  answer("d", Channel::append, is_empty);
  settle();
  accept_everything_of("d");
  EXPECT_EQ(answered(), "ok");
}

TEST_F(DriverCalls, ClosesTheLinkToARemovedServerWhenThatHasAnsweredEverything) {
  become_leader();
  accept_everything_of("c");
  change(core::ChangeKind::remove_server, {.id = {"c"}});
  settle();
  accept_append("b");
  settle();
  EXPECT_EQ(answered(), "ok");
  ASSERT_TRUE(transport->peers.contains("c"));  // it is still to hear of it
  accept_everything_of("c");
  EXPECT_FALSE(transport->peers.contains("c"));
}

TEST_F(DriverCalls, LetsGoOfARemovedServerThatAnswersNothing) {
  become_leader();
  change(core::ChangeKind::remove_server, {.id = {"c"}});
  settle();
  accept_append("b");
  settle();
  ASSERT_TRUE(transport->peers.contains("c"));
  while (transport->peers.contains("c") && !transport->peers["c"]->append.empty()) {
    answer("c", Channel::append, fail(Errc::peer_unreachable, "no answer in time"));
    settle();
  }
  while (transport->peers.contains("c") && !transport->peers["c"]->control.empty()) {
    answer("c", Channel::control, fail(Errc::peer_unreachable, "no answer in time"));
    settle();
  }
  EXPECT_FALSE(transport->peers.contains("c"));
}

// It is still to hear of its removal, and what it misses before that is just being read.
TEST_F(DriverCallsWithoutCache, KeepsTheLinkToARemovedServerWhileItReadsForIt) {
  become_leader();
  runtime->set_task_max(Lane::reader, 200ms);
  answer("c", Channel::append,
         AppendEntriesReply{.term = {2}, .last_log = {1}, .no_retry_backoff = true});
  settle();
  change(core::ChangeKind::remove_server, {.id = {"c"}});
  settle();
  accept_append("b");
  settle();
  ASSERT_EQ(answered(), "ok");
  accept_everything_of("c");
  ASSERT_TRUE(transport->peers.contains("c"));
  EXPECT_TRUE(transport->peers["c"]->append.empty());
  run_for(200ms);
  ASSERT_TRUE(transport->peers.contains("c"));
  EXPECT_FALSE(transport->peers["c"]->append.empty());
  accept_everything_of("c");
  EXPECT_FALSE(transport->peers.contains("c"));
}

TEST_F(DriverCalls, ConnectsToWhereAServerHasMoved) {
  become_leader();
  change(core::ChangeKind::add_voter, {.id = {"c"}, .address = {"elsewhere"}});
  settle();
  EXPECT_FALSE(transport->peers.contains("c"));  // what was on its way there has failed
  run_for(std::chrono::milliseconds{250});
  EXPECT_EQ(transport->addresses["c"], "elsewhere");
}

TEST_F(DriverCalls, TellsTheWaitingCallersOfAChangeThatItsOutcomeIsOpenWhenTheLeaderStepsDown) {
  become_leader();
  change(core::ChangeKind::add_voter, d);
  settle();
  change(core::ChangeKind::remove_server, d);  // waits for the one before
  settle();
  answer("b", Channel::append, AppendEntriesReply{.term = {9}});
  settle();
  EXPECT_EQ(answered(), "leadership_lost? leadership_lost");
}

// Thesis §3.10: the target has everything, so it is asked at once, and it takes over.
TEST_F(DriverCalls, AsksTheTargetOfATransferToStartAnElectionAndVotesForIt) {
  become_leader();
  transfer();
  settle();
  EXPECT_EQ(journal.take(), "timeout-now>b flush");
  answer("b", Channel::control, TimeoutNowReply{});
  receive(RequestVoteRequest{.term = {3},
                             .candidate = {.id = {"b"}, .address = {"b"}},
                             .last_log = {.term = {2}, .index = {2}},
                             .leadership_transfer = true});
  settle();
  EXPECT_EQ(journal.take(), "save granted flush");
  EXPECT_EQ(answered(), "ok");
}

TEST_F(DriverCalls, GoesOnLeadingWhenTheTargetOfATransferCannotBeReached) {
  become_leader();
  transfer(ServerId{"b"});
  settle();
  propose();
  settle();
  EXPECT_EQ(answered(), "leadership_transfer_in_progress");
  answer("b", Channel::control, fail(Errc::peer_unreachable, "connection refused"));
  settle();
  EXPECT_EQ(answered(), "peer_unreachable?");
  propose();
  settle();
  accept_append("b");
  settle();
  EXPECT_EQ(answered(), "ok3");
}

// What fails while effects are carried out has effects of its own.
TEST_F(DriverCalls, EndsATransferAtOnceWhenThereIsNoRoomForTheRequest) {
  become_leader();
  transport->peers["b"]->window = 0;
  transfer(ServerId{"b"});
  settle();
  EXPECT_EQ(answered(), "peer_unreachable?");
}

// A transfer that a caller began before is as good as its own.
TEST_F(DriverCalls, LeavesWhenTheTransferThatIsUnderWayIsOver) {
  become_leader();
  transfer(ServerId{"b"});
  settle();
  shut_down();
  settle();
  EXPECT_EQ(answered(), "");
  EXPECT_FALSE(listener->has_ended);
  receive(RequestVoteRequest{.term = {3},
                             .candidate = {.id = {"b"}, .address = {"b"}},
                             .last_log = {.term = {2}, .index = {2}},
                             .leadership_transfer = true});
  settle();
  EXPECT_EQ(answered(), "ok down");
}

TEST_F(DriverCalls, LeavesAtOnceWhenNobodyCanTakeOver) {
  become_leader();
  shut_down();
  settle();
  EXPECT_EQ(journal.take(), "timeout-now>b flush");
  answer("b", Channel::control, fail(Errc::peer_unreachable, "connection refused"));
  settle();
  EXPECT_EQ(answered(), "down");
}

TEST_F(DriverCalls, TellsWhoWaitsForALeaderOnceThereIsOne) {
  wait_for_a_leader();
  settle();
  EXPECT_EQ(answered(), "");
  become_leader();
  EXPECT_EQ(answered(), "ok");
  wait_for_a_leader();
  settle();
  EXPECT_EQ(answered(), "ok");
}

TEST_F(DriverCalls, ReadsStaleStateAlsoWhenItDoesNotLead) {
  for (const ReadLevel level : {ReadLevel::stale, ReadLevel::leader, ReadLevel::linearizable}) {
    read(level);
    settle();
  }
  EXPECT_EQ(answered(), "ok not_leader not_leader");
  EXPECT_EQ(journal.take(), "query");
}

// Thesis §6.4: nobody else leads as far as it knows, and only a majority can say that this is so.
TEST_F(DriverCalls, AsksAMajorityBeforeALinearizableReadAndNobodyBeforeOneOfTheLeader) {
  become_leader();
  read(ReadLevel::leader);
  settle();
  EXPECT_EQ(answered(), "ok");
  read(ReadLevel::linearizable);
  settle();
  EXPECT_EQ(answered(), "");
  accept_everything_of("b");
  EXPECT_EQ(answered(), "ok");
}

// A read that came between two parts would miss something that was acknowledged before it.
TEST_F(DriverCallsWithLanes, ReadsOnceEverythingIsAppliedThatWasCommittedBefore) {
  become_leader();
  runtime->set_task_max(Lane::fsm, 200ms);
  for (int part = 0; part < 2; ++part) {
    propose();
    settle();
    accept_append("b");
    settle();
  }
  ASSERT_EQ(listener->view.commit_index, LogIndex{4});
  ASSERT_EQ(journal.take().find("apply4..4"), std::string::npos);
  read(ReadLevel::leader);
  run_until([this] { return std::ranges::count(journal.words, "query") > 0; });
  EXPECT_EQ(std::ranges::count(journal.words, "apply4..4"), 1);
}

TEST_F(DriverCalls, StartsAnElectionAtOnceWhenItsLeaderAsksForIt) {
  receive_append({.term = {1}, .index = {1}}, entries_at(2, {2}));
  settle();
  journal.take();
  receive(TimeoutNowRequest{.leader = {.id = {"b"}, .address = {"b"}}});
  settle();
  EXPECT_EQ(journal.take(), "save vote>b vote>c answered flush");
}

// Beyond the limit a call is refused, whatever it is for.
TEST_F(DriverCalls, RefusesWhateverComesWhenTooManyWaitAlready) {
  become_leader();
  for (std::size_t at = 0; at < kOpenCallsMax; ++at) {
    read_index();  // b and c do not answer the heartbeats, so they wait
    if (at % 1024 == 0) settle();
  }
  settle();
  ASSERT_EQ(answered(), "");
  change(core::ChangeKind::add_voter, d);
  settle();
  transfer();
  settle();
  read_index();
  settle();
  EXPECT_EQ(answered(), "busy busy busy");
}

}  // namespace
}  // namespace proa::driver
