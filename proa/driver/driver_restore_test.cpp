#include "proa/driver/driver_fixture_test.hpp"

namespace proa::driver {
namespace {

using namespace std::chrono_literals;

/// A snapshot that a caller brings becomes the state of the cluster that `a` of three leads.
struct DriverRestore : DriverOfAServer {
  using DriverOfAServer::DriverOfAServer;
  class State final : public ByteSource {
   public:
    static constexpr std::size_t kBytes = 300'000;  // copied in more than one piece
    Result<std::size_t> read(std::span<std::byte> buffer) override {
      const std::size_t count = std::min(buffer.size(), left_);
      left_ -= count;
      return count;
    }

   private:
    std::size_t left_ = kBytes;
  };

  void restore() {
    Promise<LogIndex> promise{runtime};
    promise.future().then([this](Result<LogIndex> result) {
      if (result) return answers.push_back("ok" + to_string(*result));
      answers.push_back(std::string{to_string(result.error().code)} +
                        (result.error().outcome == Outcome::unknown ? "?" : ""));
    });
    const SnapshotMeta meta{.last = {{1}, {50}}, .size = State::kBytes};
    EXPECT_EQ(
        inbox->push(RestoreCall{
            .meta = meta, .source = std::make_unique<State>(), .promise = std::move(promise)}),
        Inbox::Pushed::wake_loop);
    runtime->loop().post([this] { driver->look_into_inbox(); });
  }
  std::size_t stored() const { return snapshots->list()->size(); }
};

struct DriverRestoreWithLanes : DriverRestore {
  DriverRestoreWithLanes() : DriverRestore(Setting{.inline_percent = 0}) {}
};

// Reference §8.16: behind whatever anybody has, so that every follower needs it.
TEST_F(DriverRestore, PutsTheSnapshotInTheStateMachineAndTheLogBehindIt) {
  become_leader();
  restore();
  settle();
  EXPECT_EQ(listener->view.snapshot, (LogPosition{{2}, {51}}));
  EXPECT_EQ(stored(), 1U);
  const std::string all = journal.take();
  EXPECT_NE(all.find("restore300000"), std::string::npos) << all;
  EXPECT_NE(all.find("restart51 write52..52"), std::string::npos) << all;
  EXPECT_EQ(answered(), "");  // not before a majority has it
}

// What waits for the disk is not joined with it: it would go on where the log no longer is.
TEST_F(DriverRestoreWithLanes, RestartsTheLogBehindWhatStillWaitsToBeWritten) {
  become_leader();
  accept_append("c");
  settle();
  runtime->set_task_max(Lane::log, 60ms);
  propose();
  settle();
  accept_append("b");
  accept_append("c");
  settle();
  ASSERT_EQ(listener->view.commit_index, LogIndex{3});
  propose();
  settle();
  ASSERT_EQ(listener->view.last_log.index, LogIndex{4});
  restore();
  run_for(300ms);
  const std::string all = journal.take();
  EXPECT_NE(all.find("write4..4 restart51 write52..52"), std::string::npos) << all;
  EXPECT_EQ(logs->open()->log.entries, (IndexRange{{52}, {52}}));
}

TEST_F(DriverRestore, IsRefusedWhileAnotherOneIsUnderWay) {
  become_leader();
  runtime->set_task_max(Lane::snapshot, 60ms);
  restore();
  settle();
  restore();
  settle();
  EXPECT_EQ(answered(), "busy");
  propose();
  settle();
  EXPECT_EQ(answered(), "busy");
  run_for(300ms);
  EXPECT_EQ(listener->view.snapshot, (LogPosition{{2}, {51}}));
}

// The first entry of the leadership, in the same turn, is not the one that its caller waits for.
TEST_F(DriverRestore, IsRefusedAMomentBeforeItLeads) {
  run_until([this] { return transport->peers.contains("b"); });
  answer("b", Channel::control, RequestPreVoteReply{.term = {2}, .granted = true});
  settle();
  restore();
  answer("b", Channel::control, RequestVoteReply{.term = {2}, .granted = true});
  settle();
  ASSERT_EQ(listener->view.role, core::Role::leader);
  EXPECT_EQ(answered(), "not_leader");
}

TEST_F(DriverRestore, IsRefusedWhileASnapshotIsTaken) {
  become_leader();
  runtime->set_task_max(Lane::snapshot, 60ms);
  Promise<SnapshotMeta> promise{runtime};
  promise.future().then([](const Result<SnapshotMeta>&) {});
  EXPECT_EQ(inbox->push(SnapshotCall{std::move(promise)}), Inbox::Pushed::wake_loop);
  runtime->loop().post([this] { driver->look_into_inbox(); });
  settle();
  restore();
  settle();
  EXPECT_EQ(answered(), "busy");
}

// The lease ends while the state machine is busy, and nobody else leads: the term is still ours.
TEST_F(DriverRestore, ChangesNothingWhenTheLeadershipIsLostWithinTheTerm) {
  become_leader();
  runtime->set_task_max(Lane::fsm, 60s);
  restore();
  run_for(5s);
  ASSERT_NE(listener->view.role, core::Role::leader);
  EXPECT_EQ(answered(), "leadership_lost");
  run_for(60s);
  EXPECT_EQ(listener->view.term, Term{2});
  EXPECT_EQ(listener->view.snapshot, LogPosition{});
  EXPECT_EQ(stored(), 0U);
}

TEST_F(DriverRestore, ThatCannotBeStoredIsRefusedAndTheNodeGoesOn) {
  become_leader();
  snapshots->close_fails =
      Error{.code = Errc::io_error, .outcome = Outcome::not_executed, .detail = "no room"};
  restore();
  settle();
  EXPECT_EQ(answered(), "io_error");
  EXPECT_FALSE(listener->death.has_value());
  EXPECT_EQ(listener->view.snapshot, LogPosition{});
  snapshots->close_fails.reset();
  restore();
  settle();
  EXPECT_EQ(listener->view.snapshot, (LogPosition{{2}, {51}}));
}

// A later start may find it, so the log must not go on without it.
TEST_F(DriverRestore, ThatMayBeStoredAfterAllStopsTheNode) {
  become_leader();
  snapshots->close_fails =
      Error{.code = Errc::io_error, .outcome = Outcome::unknown, .detail = "a sync failed"};
  restore();
  settle();
  ASSERT_TRUE(listener->death.has_value());
  EXPECT_EQ(listener->death->detail, "a sync failed");
}

}  // namespace
}  // namespace proa::driver
