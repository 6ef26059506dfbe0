#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proa/driver/driver.hpp"
#include "proa/driver/scripted_test.hpp"

namespace proa::driver {

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
    bool log_is_new = false;
    std::size_t inbox_requests_max = Config{}.inbox_requests_max;
    std::size_t inbox_bytes_max = Config{}.inbox_bytes_max;
  };
  DriverOfAServer() : DriverOfAServer(Setting{}) {}
  explicit DriverOfAServer(Setting setting) {
    testing::SimRuntimeOptions options;
    options.inline_percent.fill(setting.inline_percent);
    options.task_max.fill(std::chrono::microseconds{10});
    runtime = std::make_shared<testing::SimRuntime>(scheduler, options, 1);
    transport = std::make_shared<ScriptedTransport>(runtime, journal);
    Configuration configuration;
    for (const char* name : {"a", "b", "c"})
      configuration.servers.push_back({.id = {name}, .address = {name}});
    const NewEntry first{.index = {1},
                         .term = {1},
                         .kind = EntryKind::configuration,
                         .data = wire::encode_configuration(configuration)};
    if (!setting.log_is_new) {
      EXPECT_TRUE(logs->write({.entries = EntryView{wire::encode_block(std::span{&first, 1})}}));
    }
    start(setting);
    journal.take();
  }
  ~DriverOfAServer() override {
    EXPECT_TRUE(logger->is_enabled || logger->lines.empty());
    if (driver == nullptr) return;
    Fn<void()> close = [this] { driver->close(); };
    runtime->run_on_loop(close);
  }

  void start(const Setting& setting) {
    core::Restored restored;
    restored.hard_state.term = {1};
    restored.log = *logs->open();
    Config config;
    config.local_id = {"a"};
    config.append_entries_max = 4;
    config.trailing_logs = 0;
    config.tail_cache_bytes_max = setting.tail_cache_bytes_max;
    config.inbox_requests_max = setting.inbox_requests_max;
    config.inbox_bytes_max = setting.inbox_bytes_max;
    config.logger = logger;
    driver =
        std::make_shared<Driver>(DriverParts{.config = config,
                                             .runtime = runtime,
                                             .fsm = fsm,
                                             .logs = logs,
                                             .stable = std::make_shared<ScriptedStable>(journal),
                                             .snapshots = snapshots,
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
  void settle() { run_for(std::chrono::milliseconds{1}); }

  /// Answers the oldest request that waits on this channel of `name`.
  void answer(const std::string& name, Channel channel, Result<Reply> reply) {
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
    while (!transport->peers["b"]->control.empty()) {  // the heartbeat
      answer("b", Channel::control, AppendEntriesReply{.term = {2}, .success = true});
      settle();
    }
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
  void receive_append(LogPosition prev, EntryView entries, Term term = {2}) {
    const AppendEntriesRequest request{.term = term,
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
  std::shared_ptr<ScriptedFsm> fsm = std::make_shared<ScriptedFsm>(journal);
  std::shared_ptr<ScriptedSnapshots> snapshots = std::make_shared<ScriptedSnapshots>();
  std::shared_ptr<ScriptedLog> logs = std::make_shared<ScriptedLog>(journal);
  std::shared_ptr<RecordingLogger> logger = std::make_shared<RecordingLogger>();
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>(InboxLimits{});
  std::shared_ptr<SilentListener> listener = std::make_shared<SilentListener>();
  std::shared_ptr<Driver> driver;
  std::vector<std::string> answers;
};

}  // namespace proa::driver
