#include "proa/driver/driver_fixture_test.hpp"

namespace proa::driver {
namespace {

using namespace std::chrono_literals;

SharedBytes chunk_of(std::size_t bytes) { return SharedBytes::take(std::vector<std::byte>(bytes)); }

/// Snapshots of server `a` of three: its own, those it sends, those it gets.
struct DriverSnapshots : DriverOfAServer {
  void take_snapshot() {
    Promise<SnapshotMeta> promise{runtime};
    promise.future().then([this](Result<SnapshotMeta> meta) {
      if (meta) return answers.push_back(to_string(meta->last) + ":" + std::to_string(meta->size));
      answers.emplace_back(to_string(meta.error().code));
    });
    const Inbox::Pushed pushed = inbox->push(SnapshotCall{std::move(promise)});
    if (pushed != Inbox::Pushed::wake_loop) return;
    runtime->loop().post([this] {
      if (driver != nullptr) driver->look_into_inbox();
    });
  }
  std::size_t stored() const { return snapshots->list()->size(); }

  void commit_one() {
    propose();
    settle();
    accept_append("b");
    settle();
    answered();
    journal.take();
  }
  void commit_and_take_snapshot() {
    commit_one();
    take_snapshot();
    settle();
    answered();
    journal.take();
  }
  void lag_far_behind(const std::string& name) {
    answer(name, Channel::append,
           AppendEntriesReply{.term = {2}, .last_log = {1}, .no_retry_backoff = true});
    settle();
  }
  /// Leads, has compacted its log up to 3, and c needs more than that.
  void need_to_send() {
    become_leader();
    commit_and_take_snapshot();
    lag_far_behind("c");
  }
  void keep_behind_a_snapshot(std::uint64_t entries) {
    ReloadableConfig config;
    config.trailing_logs = entries;
    EXPECT_EQ(inbox->push(ReloadCall{config}), Inbox::Pushed::wake_loop);
    runtime->loop().post([this] { driver->look_into_inbox(); });
    settle();
  }
  /// Stays leader, by the voice of b.
  void go_on_until_something_is_sent_to_c() {
    for (Duration waited{}; waited < 10s && transport->peers["c"]->snapshots.empty();
         waited += 1ms) {
      for (const Channel channel : {Channel::control, Channel::append}) {
        auto& open = channel == Channel::control ? transport->peers["b"]->control
                                                 : transport->peers["b"]->append;
        if (!open.empty()) answer("b", channel, AppendEntriesReply{.term = {2}, .success = true});
      }
      settle();
    }
    ASSERT_FALSE(transport->peers["c"]->snapshots.empty());
    settle();
  }
  ScriptedPeer::Snapshot& sent() { return transport->peers["c"]->snapshots.front(); }

  /// A leader sends a snapshot up to `last`; what it says is in `installed`.
  std::shared_ptr<BytePipe> receive_snapshot(LogPosition last, std::uint64_t size, Term term = {2},
                                             const char* leader = "b") {
    settle();
    auto state = std::make_shared<BytePipe>();
    const InstallSnapshotRequest request{
        .term = term,
        .leader = {.id = {leader}, .address = {leader}},
        .snapshot = {
            .last = last, .configuration = listener->view.latest_configuration, .size = size}};
    runtime->loop().post([this, request, state] {
      transport->events->on_snapshot(
          InstallSnapshotRequest{request}, state, [this](Result<Reply> reply) {
            if (!reply) return transport->note("failed");
            const auto& said = std::get<InstallSnapshotReply>(*reply);
            transport->note((said.success ? "installed@" : "refused@") + to_string(said.term));
          });
    });
    settle();
    return state;
  }
};

TEST_F(DriverSnapshots, AreTakenOnRequestAndTheLogIsCompactedBehindThem) {
  become_leader();
  commit_one();
  const std::size_t prepared = logs->prepared;
  take_snapshot();
  settle();
  EXPECT_EQ(answered(), "2/3:10");
  EXPECT_EQ(journal.take(), "view compact3");
  EXPECT_LT(prepared, logs->prepared) << "what was given back is made ready";
  EXPECT_EQ(listener->view.snapshot, (LogPosition{{2}, {3}}));
}

TEST_F(DriverSnapshots, GiveRoomBackThatIsMadeReadyInStepsUntilNoneIsLeft) {
  become_leader();
  commit_one();
  logs->to_prepare = 3;
  const std::size_t prepared = logs->prepared;
  take_snapshot();
  settle();
  EXPECT_EQ(logs->prepared, prepared + 3);
}

TEST_F(DriverSnapshots, AreRefusedWhenThereIsNothingNew) {
  become_leader();
  take_snapshot();
  settle();
  EXPECT_EQ(answered(), "2/2:10");
  take_snapshot();
  settle();
  EXPECT_EQ(answered(), "nothing_new_to_snapshot");
}

TEST_F(DriverSnapshots, ThatCannotBeWrittenLeaveNothingBehindAndTheNodeGoesOn) {
  become_leader();
  commit_one();
  fsm->write_fails = true;
  take_snapshot();
  settle();
  EXPECT_EQ(answered(), "io_error");
  EXPECT_EQ(stored(), 0U);
  EXPECT_EQ(journal.take(), "view");
  EXPECT_FALSE(listener->death.has_value());
}

TEST_F(DriverSnapshots, AnswerEveryCallerWhenTheNodeIsShutDown) {
  become_leader();
  take_snapshot();
  take_snapshot();
  Fn<void()> close = [this] {
    driver->look_into_inbox();
    driver->close();
  };
  runtime->run_on_loop(close);
  driver = nullptr;
  settle();
  EXPECT_EQ(answered(), "shutdown shutdown");
}

// Who asked for it has been told that the node is shut down, so nothing says that it is stored.
TEST_F(DriverSnapshots, AreNotSpokenOfWhenTheNodeHasStoppedMeanwhile) {
  logger->is_enabled = true;
  become_leader();
  runtime->set_task_max(Lane::snapshot, 200ms);
  take_snapshot();
  settle();
  ASSERT_EQ(stored(), 1U);
  logs->fails = true;
  propose();
  settle();
  ASSERT_TRUE(listener->death.has_value());
  logger->lines.clear();
  run_until([this] { return listener->has_ended; });
  EXPECT_TRUE(logger->lines.empty()) << logger->lines.front();
  EXPECT_EQ(answered(), "shutdown? shutdown");
  const std::uint64_t tasks = runtime->counters(Lane::snapshot).lane_tasks;
  run_for(1s);
  EXPECT_EQ(runtime->counters(Lane::snapshot).lane_tasks, tasks) << "it ends when its lanes do";
}

TEST_F(DriverSnapshots, AreNotWrittenOnceTheNodeHasStopped) {
  become_leader();
  runtime->set_task_max(Lane::fsm, 200ms);
  take_snapshot();
  settle();
  ASSERT_EQ(journal.take(), "view");
  logs->fails = true;
  propose();
  run_until([this] { return listener->has_ended; });
  run_for(1s);
  EXPECT_EQ(answered(), "shutdown? shutdown");
  EXPECT_EQ(stored(), 0U);
}

// Reference §8.15: at the pace of the interval, if the log has grown by the threshold.
TEST_F(DriverSnapshots, AreTakenByThemselvesWhenTheLogHasGrownEnough) {
  become_leader();
  ReloadableConfig config;
  config.snapshot_interval = 10ms;
  config.snapshot_threshold = 2;
  config.trailing_logs = 0;
  EXPECT_EQ(inbox->push(ReloadCall{config}), Inbox::Pushed::wake_loop);
  runtime->loop().post([this] { driver->look_into_inbox(); });
  for (Duration waited{}; waited < 240s && stored() == 0; waited += 1s) {  // the timer of the start
    run_for(1s);
    while (!transport->peers["b"]->control.empty())
      answer("b", Channel::control, AppendEntriesReply{.term = {2}, .success = true}), settle();
    while (!transport->peers["b"]->append.empty())
      accept_append("b"), settle();
  }
  EXPECT_EQ(stored(), 1U);
}

// A follower that needs entries which are gone gets the newest snapshot (paper §7).
TEST_F(DriverSnapshots, AreSentInPlaceOfEntriesThatAreGone) {
  logger->is_enabled = true;  // of what goes well nothing is said
  need_to_send();
  EXPECT_EQ(journal.take(), "snapshot3>c");
  EXPECT_EQ(sent().request.snapshot.size, 10U);
  EXPECT_EQ(sent().state->try_pull().chunk.size(), 10U);
  settle();
  EXPECT_TRUE(sent().state->try_pull().end.has_value());
  runtime->loop().post([this] {
    sent().done(Reply{InstallSnapshotReply{.term = {2}, .success = true}});
    transport->peers["c"]->snapshots.pop_front();
  });
  commit_one();
  EXPECT_EQ(word_for(transport->peers["c"]->append.back().request), "append4..4");
  for (const std::string& line : logger->lines)
    EXPECT_EQ(line.find("cannot be read"), std::string::npos) << line;
}

// Who is removed while it gets one is let go of when that is answered, not before.
TEST_F(DriverSnapshots, KeepTheLinkToAServerThatIsRemovedMeanwhile) {
  need_to_send();
  while (!transport->peers["c"]->control.empty()) {
    answer("c", Channel::control, fail(Errc::peer_unreachable, "no answer in time"));
    settle();
  }
  Promise<LogIndex> promise{runtime};
  promise.future().then([](Result<LogIndex>) {});
  const core::ChangeRequested removal{.kind = core::ChangeKind::remove_server,
                                      .server = {.id = {"c"}}};
  EXPECT_EQ(inbox->push(ChangeCall{.change = removal, .promise = std::move(promise)}),
            Inbox::Pushed::wake_loop);
  runtime->loop().post([this] { driver->look_into_inbox(); });
  settle();
  accept_append("b");
  settle();
  ASSERT_TRUE(transport->peers.contains("c"));
  EXPECT_FALSE(sent().state->stopped().has_value());
  runtime->loop().post([this] {
    ScriptedPeer::Snapshot answered = std::move(sent());
    transport->peers["c"]->snapshots.pop_front();
    answered.done(Reply{InstallSnapshotReply{.term = {2}, .success = true}});
  });
  settle();
  while (transport->peers.contains("c") && !transport->peers["c"]->append.empty()) {
    accept_append("c");
    settle();
  }
  EXPECT_FALSE(transport->peers.contains("c"));
}

// The log goes on behind the end of the older one, so it is as good.
TEST_F(DriverSnapshots, AreOldOnesWhenTheNewestCannotBeReadAndTheLogGoesOnBehindThem) {
  become_leader();
  commit_and_take_snapshot();
  keep_behind_a_snapshot(100);
  commit_and_take_snapshot();
  snapshots->spoil_newest();
  logger->is_enabled = true;
  lag_far_behind("c");
  EXPECT_EQ(journal.take(), "snapshot3>c");
  ASSERT_FALSE(logger->lines.empty());
  EXPECT_NE(logger->lines.back().find("newer ones cannot be read"), std::string::npos);
}

TEST_F(DriverSnapshots, AreOldOnesAlsoWhenNobodyWantsToKnow) {
  become_leader();
  commit_and_take_snapshot();
  keep_behind_a_snapshot(100);
  commit_and_take_snapshot();
  snapshots->spoil_newest();
  lag_far_behind("c");
  EXPECT_EQ(journal.take(), "snapshot3>c");
}

// An older one would leave the peer before the beginning of the log, where it was, for ever.
TEST_F(DriverSnapshots, AreTakenAnewWhenNoneCanBeReadBehindWhichTheLogGoesOn) {
  become_leader();
  commit_and_take_snapshot();
  commit_and_take_snapshot();
  snapshots->spoil_newest();
  lag_far_behind("c");
  go_on_until_something_is_sent_to_c();
  EXPECT_EQ(sent().request.snapshot.last, (LogPosition{{2}, {4}}));
  EXPECT_EQ(sent().state->try_pull().chunk.size(), 10U);
}

// Neither the size of a snapshot nor a slow peer costs memory or stops the loop.
TEST_F(DriverSnapshots, AreReadNoFurtherAheadThanThePipeHasRoom) {
  fsm->state_bytes = 20 * BytePipe::kChunkBytes;
  need_to_send();
  run_for(100ms);
  std::size_t chunks = 0;
  while (sent().state->try_pull().chunk.data() != nullptr)
    ++chunks;  // nothing runs meanwhile, so nothing is read
  EXPECT_EQ(chunks, BytePipe::kChunksMax);
  std::size_t bytes = chunks * BytePipe::kChunkBytes;
  for (bool ended = false; !ended;) {
    settle();
    const BytePipe::Pulled pulled = sent().state->try_pull();
    bytes += pulled.chunk.size();
    ended = pulled.end.has_value();
  }
  EXPECT_EQ(bytes, fsm->state_bytes);
}

TEST_F(DriverSnapshots, AreGivenUpByALeaderThatIsDeposed) {
  fsm->state_bytes = 20 * BytePipe::kChunkBytes;
  need_to_send();
  propose();
  settle();
  answer("b", Channel::append, AppendEntriesReply{.term = {9}});
  settle();
  std::optional<BytePipe::End> end;
  while (!end) {
    end = sent().state->try_pull().end;
    settle();
  }
  EXPECT_TRUE(end->error.has_value()) << "half a state must not look like a whole one";
}

// Paper Figure 13. The answer waits for the restart of the log (design.md §4).
TEST_F(DriverSnapshots, AreStoredThenRestoredThenTheLogIsRestarted) {
  const auto state = receive_snapshot({{2}, {9}}, 12);
  EXPECT_EQ(journal.take(), "save");
  state->try_push(chunk_of(5));
  settle();
  state->try_push(chunk_of(7));
  state->finish({});
  settle();
  EXPECT_EQ(journal.take(), "restore12 restart9 installed@2 flush");
  EXPECT_EQ(stored(), 1U);
  EXPECT_EQ(listener->view.snapshot, (LogPosition{{2}, {9}}));
  EXPECT_EQ(listener->view.commit_index, LogIndex{9});
  receive_append({.term = {2}, .index = {9}}, entries_at(10, {2}));
  settle();
  EXPECT_EQ(journal.take(), "write10..10 accepted flush");
}

TEST_F(DriverSnapshots, ThatEndTooEarlyAreRefusedAndLeaveNothingBehind) {
  const auto state = receive_snapshot({{2}, {9}}, 12);
  journal.take();
  state->try_push(chunk_of(11));
  state->finish({});
  settle();
  EXPECT_EQ(journal.take(), "refused@2 flush");
  EXPECT_EQ(stored(), 0U);
  EXPECT_EQ(listener->view.commit_index, LogIndex{});
}

TEST_F(DriverSnapshots, WhoseConnectionBreaksAreRefusedAndLeaveNothingBehind) {
  const auto state = receive_snapshot({{2}, {9}}, 12);
  journal.take();
  state->try_push(chunk_of(12));
  state->finish(Error{.code = Errc::peer_unreachable, .detail = "the connection ended"});
  settle();
  EXPECT_EQ(journal.take(), "refused@2 flush");
  EXPECT_EQ(stored(), 0U);
}

TEST_F(DriverSnapshots, OfALeaderThatIsDeposedMeanwhileAreGivenUp) {
  const auto state = receive_snapshot({{2}, {9}}, 12);
  journal.take();
  state->try_push(chunk_of(5));
  settle();
  const RequestVoteRequest vote{.term = {3},
                                .candidate = {.id = {"c"}, .address = {"c"}},
                                .last_log = {{2}, {9}},
                                .leadership_transfer = true};
  runtime->loop().post([this, vote] {
    transport->events->on_request(Request{vote},
                                  [this](const Result<Reply>&) { transport->note("voted"); });
  });
  settle();
  const std::string all = journal.take();
  EXPECT_NE(all.find("refused@3"), std::string::npos) << all;
  EXPECT_TRUE(state->stopped().has_value());
  EXPECT_EQ(stored(), 0U);
}

// For the leader the first one has failed, or it would not send a second.
TEST_F(DriverSnapshots, GiveWayToTheNextOneOfTheSameLeader) {
  const auto first = receive_snapshot({{2}, {9}}, 12);
  const auto second = receive_snapshot({{2}, {9}}, 12);
  EXPECT_TRUE(first->stopped().has_value());
  EXPECT_EQ(journal.take(), "save refused@2 flush refused@2 flush");
  const auto third = receive_snapshot({{2}, {9}}, 12);
  third->try_push(chunk_of(12));
  third->finish({});
  settle();
  EXPECT_EQ(journal.take(), "restore12 restart9 installed@2 flush");
}

// A request from long ago says nothing about the one that is under way.
TEST_F(DriverSnapshots, DoNotGiveWayToOneOfAnOlderTerm) {
  const auto first = receive_snapshot({{2}, {9}}, 12);
  receive_snapshot({{1}, {9}}, 12, Term{1});
  EXPECT_EQ(journal.take(), "save refused@2 flush");
  EXPECT_FALSE(first->stopped().has_value());
}

TEST_F(DriverSnapshots, DoNotGiveWayToOneOfWhoDoesNotLead) {
  const auto first = receive_snapshot({{2}, {9}}, 12);
  receive_snapshot({{2}, {9}}, 12, Term{2}, "c");
  EXPECT_EQ(journal.take(), "save refused@2 flush");
  EXPECT_FALSE(first->stopped().has_value());
}

TEST_F(DriverSnapshots, DoNotGiveWayToNonsenseWhileNoLeaderIsKnown) {
  const auto first = receive_snapshot({{2}, {9}}, 12);
  run_until([this] { return !listener->view.leader.has_value(); });
  ASSERT_EQ(listener->view.term, Term{2});
  journal.take();
  receive_snapshot({{2}, {}}, 12);
  EXPECT_EQ(journal.take(), "refused@2 flush");
  EXPECT_FALSE(first->stopped().has_value());
}

TEST_F(DriverSnapshots, OfALeaderThatFallsSilentAreGivenUp) {
  const auto state = receive_snapshot({{2}, {9}}, 12);
  state->try_push(chunk_of(5));
  run_for(SnapshotReceiver::kSilenceMax + 1s);
  EXPECT_FALSE(state->stopped().has_value()) << "it was not silent all the time";
  run_for(SnapshotReceiver::kSilenceMax);
  EXPECT_TRUE(state->stopped().has_value());
  const std::string all = journal.take();
  EXPECT_NE(all.find("refused@"), std::string::npos) << all;
  EXPECT_EQ(stored(), 0U);
}

TEST_F(DriverSnapshots, UnderWayEndWithTheNode) {
  const auto state = receive_snapshot({{2}, {9}}, 12);
  state->try_push(chunk_of(5));
  settle();
  journal.take();
  Fn<void()> close = [this] { driver->close(); };
  runtime->run_on_loop(close);
  driver = nullptr;
  settle();
  EXPECT_EQ(journal.take(), "left failed");
  EXPECT_TRUE(state->stopped().has_value());
  EXPECT_EQ(stored(), 0U);
}

// A state machine that is half restored can go nowhere.
TEST_F(DriverSnapshots, ThatCannotBeRestoredStopTheNode) {
  fsm->restore_fails = true;
  const auto state = receive_snapshot({{2}, {9}}, 3);
  state->try_push(chunk_of(3));
  state->finish({});
  settle();
  ASSERT_TRUE(listener->death.has_value());
  EXPECT_NE(listener->death->detail.find("this is no state"), std::string::npos);
}

}  // namespace
}  // namespace proa::driver
