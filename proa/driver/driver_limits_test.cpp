#include <set>

#include "proa/driver/driver_fixture_test.hpp"

namespace proa::driver {
namespace {

using namespace std::chrono_literals;

/// The leader of three whose followers acknowledge, while its own disk or state machine is slow.
struct DriverWithLimits : DriverOfAServer {
  DriverWithLimits() : DriverWithLimits({.inline_percent = 0}) {}
  explicit DriverWithLimits(Setting setting) : DriverOfAServer(setting) {}

  /// What is on its way to the disk now comes back after this time.
  void stall_disk(Duration time) {
    runtime->set_disk_cost([time] { return time; });
  }
  void end_stall() { runtime->set_disk_cost(nullptr); }
  void stall_state_machine(Duration most = 500ms) { runtime->set_task_max(Lane::fsm, most); }

  void accept_everything() {
    for (const char* name : {"b", "c"}) {
      while (!transport->peers[name]->append.empty()) {
        accept_append(name);
        settle();
      }
      while (!transport->peers[name]->control.empty()) {
        answer(name, Channel::control, AppendEntriesReply{.term = {2}, .success = true});
        settle();
      }
    }
  }
  void read_index() {
    Promise<LogIndex> promise{runtime};
    Future<LogIndex> future = promise.future();
    hand_over(ReadIndexCall{.promise = std::move(promise)}, std::move(future));
  }
  /// A server without a vote comes, or goes.
  void change(bool comes) {
    Promise<LogIndex> promise{runtime};
    Future<LogIndex> future = promise.future();
    const core::ChangeKind kind =
        comes ? core::ChangeKind::add_nonvoter : core::ChangeKind::remove_server;
    hand_over(ChangeCall{.change = {.kind = kind, .server = {.id = {"d"}, .address = {"d"}}},
                         .promise = std::move(promise)},
              std::move(future));
  }
  /// One round after the other; each is committed by this server's followers, if it begins.
  void propose_one_by_one(std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) {
      propose();
      settle();
      accept_everything();
    }
  }
  std::string stand() const {
    const core::View& now = listener->view;
    return "last " + to_string(now.last_log.index) + ", committed " + to_string(now.commit_index) +
           ", durable " + to_string(now.durable_index);
  }
  template <class Condition>
  void run_with_followers_until(Condition condition) {
    for (int at = 0; at < 2000 && !condition(); ++at) {
      accept_everything();
      settle();
    }
    ASSERT_TRUE(condition());
  }

 private:
  void hand_over(Call call, Future<LogIndex> future) {
    std::move(future).then([this](Result<LogIndex> result) {
      answers.push_back(result ? "ok" : std::string{to_string(result.error().code)});
    });
    if (inbox->push(std::move(call)) != Inbox::Pushed::wake_loop) return;
    runtime->loop().post([this] { driver->look_into_inbox(); });
  }
};
struct DriverWithFewWaiters : DriverWithLimits {
  DriverWithFewWaiters() : DriverWithLimits({.inline_percent = 0, .inbox_requests_max = 3}) {}
};
struct DriverWithFewBytes : DriverWithLimits {
  DriverWithFewBytes() : DriverWithLimits({.inline_percent = 0, .inbox_bytes_max = 1}) {}
};

// A majority goes on without the leader's own disk, but an answer waits for it, and so does the
// memory that the entry takes.
TEST_F(DriverWithFewWaiters, TakesUpNoMoreThanItsLimitWhileItsOwnDiskStalls) {
  become_leader();
  stall_disk(100ms);
  propose_one_by_one(5);
  EXPECT_EQ(stand(), "last 5, committed 5, durable 2");
  EXPECT_EQ(answered(), "");
  end_stall();
  run_with_followers_until([this] { return answers.size() == 5; });
  EXPECT_EQ(answered(), "ok3 ok4 ok5 ok6 ok7");
}

TEST_F(DriverWithFewWaiters, TakesUpNoMoreThanItsLimitWhileItsStateMachineIsSlow) {
  become_leader();
  stall_state_machine();
  propose_one_by_one(5);
  EXPECT_EQ(stand(), "last 5, committed 5, durable 5");
  EXPECT_EQ(answered(), "");
  runtime->set_task_max(Lane::fsm, {});
  run_with_followers_until([this] { return answers.size() == 5; });
  EXPECT_EQ(answered(), "ok3 ok4 ok5 ok6 ok7");
}

// One round may be larger than the limit, or a single large command could never be taken up.
TEST_F(DriverWithFewBytes, TakesUpOneRoundAndThenWaitsForItsDisk) {
  become_leader();
  stall_disk(100ms);
  propose(2);
  settle();
  accept_everything();
  propose_one_by_one(2);
  EXPECT_EQ(stand(), "last 4, committed 4, durable 2");
  end_stall();
  run_with_followers_until([this] { return answers.size() == 4; });
  EXPECT_EQ(answered(), "ok3 ok4 ok5 ok6");
}

// The bytes are those that are not durable: they do not wait for the state machine as well, and the
// write that comes back opens the turn in which the next round begins.
TEST_F(DriverWithFewBytes, GoesOnAsSoonAsItsDiskHasFollowed) {
  become_leader();
  stall_state_machine(10s);
  propose_one_by_one(1);
  stall_disk(20ms);
  propose_one_by_one(1);
  propose();
  settle();
  EXPECT_EQ(stand(), "last 4, committed 4, durable 3");
  run_for(20ms);
  EXPECT_EQ(stand(), "last 5, committed 4, durable 4");
  EXPECT_EQ(answered(), "");
}

// What waits is not held back any more from who leads no more: it is refused.
TEST_F(DriverWithFewWaiters, RefusesWhatItHasNotTakenUpWhenItLosesItsLeadership) {
  become_leader();
  stall_disk(10s);
  propose_one_by_one(5);
  EXPECT_EQ(stand(), "last 5, committed 5, durable 2");
  run_for(1s);  // nobody answers any more
  EXPECT_EQ(answered(), "not_leader not_leader");
}

// A read index is confirmed by a majority and then waits for this server's state machine.
TEST_F(DriverWithFewWaiters, RefusesReadsOnceTooManyWaitForItsStateMachine) {
  become_leader();
  stall_state_machine(10s);
  propose_one_by_one(1);
  for (std::size_t at = 0; at < 2 * kOpenCallsMax; ++at) {
    read_index();
    if (at % 1024 == 0) settle(), accept_everything();
  }
  settle();
  accept_everything();
  ASSERT_GT(answers.size(), kOpenCallsMax / 2);
  EXPECT_EQ(std::set<std::string>(answers.begin(), answers.end()), std::set<std::string>{"busy"});
}

// A leader that hears nothing sends the same once more, as often as it likes.
TEST_F(DriverWithLimits, KeepsNothingOfAnAppendThatItHasAlreadyWhileItsDiskStalls) {
  stall_disk(100ms);
  receive_append({.term = {1}, .index = {1}}, entries_at(2, {2}));
  settle();
  EntryView again = entries_at(2, {2});
  const std::weak_ptr<const EntryBlock> block = again.runs().front().block;
  receive_append({.term = {1}, .index = {1}}, std::move(again));
  settle();
  EXPECT_EQ(listener->view.durable_index, LogIndex{1});
  EXPECT_TRUE(block.expired());
}

// A change of the configuration does not wait behind proposals, so it has a limit of its own.
TEST_F(DriverWithFewWaiters, RefusesChangesOnceTooManyWaitForItsDisk) {
  become_leader();
  stall_disk(400ms);
  for (std::size_t at = 0; at < kChangesInLogMax + 20; ++at) {
    change(at % 2 == 0);
    settle();
    accept_everything();
  }
  EXPECT_GT(listener->view.commit_index, LogIndex{kChangesInLogMax});
  EXPECT_LT(listener->view.last_log.index, LogIndex{kChangesInLogMax + 20});
  ASSERT_FALSE(answers.empty());
  EXPECT_EQ(answers.back(), "busy");
}

}  // namespace
}  // namespace proa::driver
