#include "proa/driver/driver.hpp"

#include <gtest/gtest.h>

#include "proa/driver/scripted_test.hpp"

namespace proa::driver {
namespace {

using namespace std::chrono_literals;

struct SilentListener final : Listener {
  void turn_ended(const core::View& now, LogIndex) override { view = now; }
  void incident(const core::Incident&) override {}
  void died(const Error& why) override { death = why; }
  void ended() override { has_ended = true; }
  core::View view;
  std::optional<Error> death;
  bool has_ended = false;
};

/// Server `a` of three, the others are the test.
struct DriverOfAServer : ::testing::Test {
  struct Setting {
    std::uint64_t inline_percent = 100;
    std::size_t tail_cache_bytes_max = std::size_t{1} << 20;
  };
  DriverOfAServer() : DriverOfAServer(Setting{}) {}
  explicit DriverOfAServer(Setting setting) {
    testing::SimRuntimeOptions options;
    options.inline_percent.fill(setting.inline_percent);
    options.task_max.fill(10us);
    runtime = std::make_shared<testing::SimRuntime>(scheduler, options, 1);
    transport = std::make_shared<ScriptedTransport>(runtime, journal);
    Configuration configuration;
    for (const char* name : {"a", "b", "c"})
      configuration.servers.push_back({.id = {name}, .address = {name}});
    const NewEntry first{.index = {1},
                         .term = {1},
                         .kind = EntryKind::configuration,
                         .data = wire::encode_configuration(configuration)};
    EXPECT_TRUE(logs->write({.entries = EntryView{wire::encode_block(std::span{&first, 1})}}));
    start(setting.tail_cache_bytes_max);
    journal.take();
  }
  ~DriverOfAServer() override {
    if (driver == nullptr) return;
    Fn<void()> close = [this] { driver->close(); };
    runtime->run_on_loop(close);
  }

  void start(std::size_t tail_cache_bytes_max) {
    core::Restored restored;
    restored.hard_state.term = {1};
    restored.log = *logs->open();
    Config config;
    config.local_id = {"a"};
    config.append_entries_max = 4;
    config.tail_cache_bytes_max = tail_cache_bytes_max;
    driver =
        std::make_shared<Driver>(DriverParts{.config = config,
                                             .runtime = runtime,
                                             .fsm = std::make_shared<ScriptedFsm>(journal),
                                             .logs = logs,
                                             .stable = std::make_shared<ScriptedStable>(journal),
                                             .snapshots = std::make_shared<MemorySnapshotStore>(),
                                             .transport = transport,
                                             .inbox = inbox,
                                             .restored = restored},
                                 listener);
    Fn<void()> begin = [this] { EXPECT_TRUE(driver->start()); };
    runtime->run_on_loop(begin);
  }

  void run_for(Duration time) {
    const Instant until = scheduler.now() + time;
    scheduler.at(until, 0, [] {});
    while (scheduler.now() < until && scheduler.run_next()) {
    }
  }
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition() && scheduler.run_next()) {
    }
    ASSERT_TRUE(condition());
  }
  void settle() { run_for(1ms); }

  /// Answers the oldest request that waits on this channel of `name`.
  void answer(const std::string& name, Channel channel, Reply reply) {
    auto& waiting = channel == Channel::control ? transport->peers[name]->control
                                                : transport->peers[name]->append;
    ASSERT_FALSE(waiting.empty());
    ScriptedPeer::Waiting first = std::move(waiting.front());
    waiting.pop_front();
    runtime->loop().post([first = std::move(first), reply]() mutable { first.done(reply); });
  }
  /// Says yes to the oldest append of `name`, and to nothing else.
  void accept_append(const std::string& name) {
    const auto& waiting = transport->peers[name]->append;
    ASSERT_FALSE(waiting.empty());
    const auto& append = std::get<AppendEntriesRequest>(waiting.front().request);
    const LogIndex last =
        append.entries.empty() ? append.prev_log.index : append.entries.last_index();
    answer(name, Channel::append,
           AppendEntriesReply{.term = append.term, .last_log = last, .success = true});
  }
  void become_leader() {
    run_until([this] { return transport->peers.contains("b"); });
    answer("b", Channel::control, RequestPreVoteReply{.term = {2}, .granted = true});
    settle();
    answer("b", Channel::control, RequestVoteReply{.term = {2}, .granted = true});
    settle();
    accept_append("b");
    settle();
    ASSERT_EQ(listener->view.role, core::Role::leader);
    ASSERT_EQ(listener->view.commit_index, LogIndex{2});
    transport->peers["b"]->control.clear();
    journal.take();
  }

  void propose(std::size_t count = 1) {
    for (std::size_t at = 0; at < count; ++at) {
      Promise<Applied> promise{runtime};
      promise.future().then([this](Result<Applied> result) {
        if (result) return answers.push_back("ok" + to_string(result->index));
        answers.push_back(std::string{to_string(result.error().code)} +
                          (result.error().outcome == Outcome::unknown ? "?" : ""));
      });
      const Inbox::Pushed pushed = inbox->push(
          Proposal{.data = SharedBytes::copy_of("command"), .waiter = std::move(promise)});
      if (pushed != Inbox::Pushed::wake_loop) continue;
      runtime->loop().post([this] { driver->look_into_inbox(); });
    }
  }
  std::string answered() {
    std::string text;
    for (const std::string& answer : std::exchange(answers, {}))
      text += (text.empty() ? "" : " ") + answer;
    return text;
  }
  void receive_append(LogPosition prev, EntryView entries) {
    const AppendEntriesRequest request{.term = {2},
                                       .leader = {.id = {"b"}, .address = {"b"}},
                                       .prev_log = prev,
                                       .entries = std::move(entries),
                                       .leader_commit = {}};
    runtime->loop().post([this, request] {
      transport->events->on_request(Request{request}, [this](Result<Reply> reply) {
        const bool success = reply && std::get<AppendEntriesReply>(*reply).success;
        transport->note(success ? "accepted" : "refused");
      });
    });
  }

  testing::Scheduler scheduler{1};
  Journal journal;
  std::shared_ptr<testing::SimRuntime> runtime;
  std::shared_ptr<ScriptedTransport> transport;
  std::shared_ptr<ScriptedLog> logs = std::make_shared<ScriptedLog>(journal);
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>(InboxLimits{});
  std::shared_ptr<SilentListener> listener = std::make_shared<SilentListener>();
  std::shared_ptr<Driver> driver;
  std::vector<std::string> answers;
};

struct DriverWithLanes : DriverOfAServer {
  DriverWithLanes() : DriverOfAServer({.inline_percent = 0}) {}
};
struct DriverWithoutCache : DriverOfAServer {
  DriverWithoutCache() : DriverOfAServer({.tail_cache_bytes_max = 0}) {}
};

TEST_F(DriverOfAServer, SavesItsVoteBeforeItAsksForOthers) {
  run_until([this] { return transport->peers.contains("b"); });
  settle();
  EXPECT_EQ(journal.take(), "prevote>b prevote>c flush");
  answer("b", Channel::control, RequestPreVoteReply{.term = {2}, .granted = true});
  settle();
  EXPECT_EQ(journal.take(), "save vote>b vote>c flush");
}

TEST_F(DriverOfAServer, SendsEntriesBeforeItsOwnWriteAndAppliesAfterACommit) {
  become_leader();
  propose();
  settle();
  EXPECT_EQ(journal.take(), "append3..3>b flush write3..3");
  EXPECT_EQ(answered(), "");
  accept_append("b");
  settle();
  EXPECT_EQ(journal.take(), "apply3..3");
  EXPECT_EQ(answered(), "ok3");
}

TEST_F(DriverOfAServer, SendsWhatWaitsInOneRoundAsManyRequestsAsItTakes) {
  become_leader();
  propose(10);
  settle();
  EXPECT_EQ(journal.take(), "append3..6>b append7..10>b append11..12>b flush write3..12");
}

TEST_F(DriverOfAServer, KeepsProposalsUntilTheRoundBeforeIsCommitted) {
  become_leader();
  propose();
  settle();
  propose(3);
  settle();
  EXPECT_EQ(journal.take(), "append3..3>b flush write3..3");
  accept_append("b");
  settle();
  EXPECT_EQ(journal.take(), "append4..6>b flush write4..6 apply3..3");
}

TEST_F(DriverOfAServer, RefusesProposalsWhenItDoesNotLead) {
  propose(2);
  settle();
  EXPECT_EQ(answered(), "not_leader not_leader");
}

TEST_F(DriverOfAServer, AcknowledgesOnlyWhatItHasWritten) {
  receive_append({.term = {1}, .index = {1}}, entries_at(2, {2, 2}));
  settle();
  EXPECT_EQ(journal.take(), "save write2..3 accepted flush");
}

// Several appends that come while a write is on its way share the next one (design.md §4, Rounds).
TEST_F(DriverWithLanes, WritesOnceWhatCameDuringTheWriteBefore) {
  receive_append({.term = {1}, .index = {1}}, entries_at(2, {2}));
  run_until([this] { return !journal.words.empty(); });  // the first write has begun
  receive_append({.term = {2}, .index = {2}}, entries_at(3, {2}));
  settle();
  receive_append({.term = {2}, .index = {3}}, entries_at(4, {2}));
  receive_append({.term = {2}, .index = {4}}, entries_at(5, {2}));
  settle();
  EXPECT_EQ(listener->view.durable_index, LogIndex{5});
  const std::string all = journal.take();
  EXPECT_NE(all.find("write2..2"), std::string::npos) << all;
  EXPECT_EQ(all.find("write5..5"), std::string::npos) << all;
}

TEST_F(DriverOfAServer, StopsWhenAWriteFails) {
  become_leader();
  logs->fails = true;
  propose(2);
  settle();
  ASSERT_TRUE(listener->death.has_value());
  EXPECT_EQ(listener->death->detail, "the disk is broken");
  EXPECT_EQ(answered(), "shutdown? shutdown?");
  EXPECT_EQ(journal.take(), "append3..4>b flush left");
  EXPECT_EQ(transport->events, nullptr);
  EXPECT_TRUE(listener->has_ended);
}

TEST_F(DriverOfAServer, TellsTheTruthAboutEveryOpenProposalWhenItIsShutDown) {
  become_leader();
  propose();
  settle();
  propose(2);  // they wait for the round
  settle();
  Promise<void> promise{runtime};
  bool is_down = false;
  promise.future().then([&](Result<void> done) { is_down = done.has_value(); });
  runtime->loop().post(
      [this, promise = std::move(promise)]() mutable { driver->shut_down(std::move(promise)); });
  settle();
  EXPECT_EQ(answered(), "shutdown? shutdown shutdown");
  EXPECT_TRUE(is_down);
  EXPECT_TRUE(listener->has_ended);
  EXPECT_FALSE(listener->death.has_value());
}

TEST_F(DriverOfAServer, TellsTheTruthWhenItLosesItsLeadership) {
  become_leader();
  propose();
  settle();
  propose();  // waits for the round
  answer("b", Channel::append, AppendEntriesReply{.term = {9}});
  settle();
  EXPECT_EQ(answered(), "leadership_lost? not_leader");
}

TEST_F(DriverOfAServer, AnswersEveryRequestOfAnotherServerWhenItStops) {
  logs->fails = true;
  receive_append({.term = {1}, .index = {1}}, entries_at(2, {2}));
  settle();
  EXPECT_TRUE(listener->death.has_value());
  EXPECT_EQ(journal.take(), "save left refused");
}

// At most two bursts are on their way to a peer that does not answer; then it gets what was kept.
TEST_F(DriverOfAServer, SendsAtMostTwoBurstsToAPeerThatDoesNotKeepUp) {
  become_leader();
  accept_append("c");
  settle();
  for (int round = 0; round < 4; ++round) {
    propose();
    settle();
    accept_append("b");
    settle();
  }
  std::string to_c;
  for (const auto& waiting : transport->peers["c"]->append)
    to_c += word_for(waiting.request) + " ";
  EXPECT_EQ(to_c, "append3..3 append4..4 ");
  accept_append("c");
  settle();
  EXPECT_EQ(word_for(transport->peers["c"]->append.back().request), "append5..6");
}

TEST_F(DriverWithoutCache, ReadsFromTheLogWhatTheTailHasLetGo) {
  become_leader();
  propose();
  settle();
  accept_append("b");
  settle();
  journal.take();
  answer("c", Channel::append,
         AppendEntriesReply{.term = {2}, .last_log = {1}, .no_retry_backoff = true});
  settle();
  EXPECT_EQ(journal.take(), "read1..3 append1..3>c flush");
}

TEST_F(DriverOfAServer, TriesAgainWhenTheWindowHasRoom) {
  become_leader();
  transport->peers["b"]->window = 0;
  propose();
  settle();
  EXPECT_EQ(journal.take(), "write3..3");
  transport->peers["b"]->window = 1;
  runtime->loop().post([this] { transport->peers["b"]->writable(); });
  settle();
  EXPECT_EQ(journal.take(), "append3..3>b flush");
}

}  // namespace
}  // namespace proa::driver
