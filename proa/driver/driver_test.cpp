#include <algorithm>

#include "proa/driver/driver_fixture_test.hpp"

namespace proa::driver {
namespace {

struct DriverWithLanes : DriverOfAServer {
  DriverWithLanes() : DriverOfAServer({.inline_percent = 0}) {}
};
struct DriverWithoutCache : DriverOfAServer {
  DriverWithoutCache() : DriverOfAServer({.tail_cache_bytes_max = 0}) {}
};
struct DriverOfANewServer : DriverOfAServer {
  DriverOfANewServer() : DriverOfAServer({.log_is_new = true}) {}
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

// So that a start without the log is noticed. Never before: a crash in between must not look like a
// log that was lost.
TEST_F(DriverOfANewServer, NotesThatItHasALogOnceSomethingIsInIt) {
  receive_append({}, entries_at(1, {2}));
  settle();
  EXPECT_EQ(journal.take(), "save write1..1 save accepted flush");
  receive_append({.term = {2}, .index = {1}}, entries_at(2, {2}));
  settle();
  EXPECT_EQ(journal.take(), "write2..2 accepted flush");
}

// A term that is saved alone is no log.
TEST_F(DriverOfANewServer, NotesNoLogAsLongAsNothingIsInIt) {
  receive_append({}, {});
  settle();
  EXPECT_EQ(journal.take(), "save accepted flush");
  receive_append({}, entries_at(1, {2}));
  settle();
  EXPECT_EQ(journal.take(), "write1..1 save accepted flush");
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

// A new term is not lost in an older write.
TEST_F(DriverWithLanes, JoinsWhatWaitsForTheDiskUpToTheNextTerm) {
  runtime->set_task_max(Lane::log, std::chrono::milliseconds{30});
  receive_append({.term = {1}, .index = {1}}, entries_at(2, {2}));
  settle();
  for (const std::uint64_t index : {3U, 4U}) {
    receive_append({.term = {2}, .index = {index - 1}}, entries_at(index, {2}));
    settle();
  }
  const RequestVoteRequest vote{.term = {3},
                                .candidate = {.id = {"c"}, .address = {"c"}},
                                .last_log = {{2}, {9}},
                                .leadership_transfer = true};
  runtime->loop().post([this, vote] {
    transport->events->on_request(Request{vote},
                                  [this](const Result<Reply>&) { transport->note("voted"); });
  });
  run_for(std::chrono::milliseconds{120});
  const std::string all = journal.take();
  const std::size_t joined = all.find("write3..4");
  ASSERT_NE(joined, std::string::npos) << all;
  EXPECT_LT(all.find("save", joined), all.find("voted")) << all;
}

// So that the loop is not kept waiting by a new file.
TEST_F(DriverOfAServer, HasTheLogPreparedWhenTheNextWriteWouldNotBeQuick) {
  become_leader();
  const std::size_t prepared = logs->prepared;
  propose();
  settle();
  EXPECT_EQ(logs->prepared, prepared);
  accept_append("b");
  logs->is_ready = false;
  propose();
  settle();
  EXPECT_EQ(logs->prepared, prepared + 1);
}

// What is cut off was perhaps written a moment before.
TEST_F(DriverWithLanes, CutsOffWhatANewLeaderDoesNotHaveAfterTheWritesBefore) {
  runtime->set_task_max(Lane::log, std::chrono::milliseconds{30});
  receive_append({.term = {1}, .index = {1}}, entries_at(2, {2}));
  settle();
  receive_append({.term = {2}, .index = {2}}, entries_at(3, {2}));
  settle();
  receive_append({}, {}, {3});  // its term alone
  settle();
  receive_append({.term = {2}, .index = {2}}, entries_at(3, {3}), {3});
  run_for(std::chrono::milliseconds{200});
  EXPECT_EQ(listener->view.durable_index, LogIndex{3});
  EXPECT_EQ(logs->read({.first = {3}, .last = {3}}, 1 << 20)->back().term, Term{3});
}

TEST_F(DriverOfAServer, AsksAnotherToTakeOverBeforeItLeaves) {
  become_leader();
  Promise<void> promise{runtime};
  promise.future().then([](const Result<void>&) {});
  runtime->loop().post(
      [this, promise = std::move(promise)]() mutable { driver->shut_down(std::move(promise)); });
  settle();
  EXPECT_EQ(journal.take(), "timeout-now>b flush");
}

// As many as the round before released come again soon, but nobody waits for them long.
TEST_F(DriverOfAServer, WaitsAMomentForAsManyProposalsAsTheRoundBeforeHad) {
  become_leader();
  propose(3);
  run_for(std::chrono::milliseconds{8});
  accept_append("b");
  run_until([this] { return listener->view.commit_index == LogIndex{5}; });
  journal.take();
  propose();
  run_for(std::chrono::microseconds{50});
  EXPECT_EQ(journal.take(), "");
  settle();
  EXPECT_EQ(journal.take(), "append6..6>b flush write6..6");
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
  run_for(
      std::chrono::seconds{1});  // nobody answers, so it cannot hand over and then leads no more
  EXPECT_EQ(answered(), "leadership_lost? not_leader not_leader");
  EXPECT_TRUE(is_down);
  EXPECT_TRUE(listener->has_ended);
  EXPECT_FALSE(listener->death.has_value());
}

TEST_F(DriverOfAServer, TellsTheTruthAboutEveryOpenProposalWhenItIsClosed) {
  become_leader();
  propose();
  settle();
  propose();  // waits for the round
  settle();
  Fn<void()> close = [this] { driver->close(); };
  runtime->run_on_loop(close);
  driver = nullptr;
  settle();
  EXPECT_EQ(answered(), "shutdown? shutdown");
}

TEST_F(DriverOfAServer, KeepsCommandsAndBarriersOfOneRoundApart) {
  become_leader();
  propose();
  inbox->push(Proposal{.kind = EntryKind::barrier});
  propose();
  settle();
  const EntryView entries =
      std::get<AppendEntriesRequest>(transport->peers["b"]->append.back().request).entries;
  ASSERT_EQ(entries.last_index(), LogIndex{5});
  for (const std::uint64_t index : {3U, 4U, 5U}) {
    const EntryKind kind = index == 4 ? EntryKind::barrier : EntryKind::command;
    EXPECT_EQ(entries.sub({.first = {index}, .last = {index}}).back().kind, kind);
  }
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

TEST_F(DriverWithoutCache, StopsWhenItsLogCannotBeRead) {
  become_leader();
  logs->read_fails = true;
  answer("c", Channel::append,
         AppendEntriesReply{.term = {2}, .last_log = {1}, .no_retry_backoff = true});
  settle();
  ASSERT_TRUE(listener->death.has_value());
  EXPECT_EQ(listener->death->detail, "the disk cannot be read");
}

TEST_F(DriverWithoutCache, SendsNothingThatItHasReadOnceItIsDeposed) {
  become_leader();
  runtime->set_task_max(Lane::reader, std::chrono::milliseconds{60});
  propose();
  settle();
  answer("c", Channel::append,
         AppendEntriesReply{.term = {2}, .last_log = {1}, .no_retry_backoff = true});
  settle();
  ASSERT_NE(journal.take().find("read1"), std::string::npos);
  answer("b", Channel::append, AppendEntriesReply{.term = {9}});
  run_for(std::chrono::milliseconds{100});
  ASSERT_EQ(listener->view.role, core::Role::follower);
  EXPECT_EQ(journal.take(), "save");
}

// What a read finds gone was removed behind a snapshot, so the peer needs that.
TEST_F(DriverWithoutCache, SendsASnapshotInPlaceOfEntriesThatAReadFindsGone) {
  become_leader();
  logs->readable_from = {2};
  answer("c", Channel::append,
         AppendEntriesReply{.term = {2}, .last_log = {1}, .no_retry_backoff = true});
  run_until([this] { return std::ranges::count(journal.words, "view") > 0; });
  EXPECT_FALSE(listener->death.has_value());
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
