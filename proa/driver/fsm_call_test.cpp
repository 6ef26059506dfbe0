#include "proa/driver/fsm_call.hpp"

#include <gtest/gtest.h>

#include "proa/driver/test_support.hpp"

namespace proa::driver {
namespace {

/// Writes down what it is asked to do.
struct Recorder final : Fsm {
  void apply(std::span<const Committed> batch, Responses& responses) override {
    heard += "apply(";
    for (std::size_t at = 0; at < batch.size(); ++at) {
      heard += std::string{text_of(batch[at].command)} + " ";
      responses.set(at, std::string{text_of(batch[at].command)});
    }
    heard += ") ";
  }
  Result<std::unique_ptr<Snapshot>> snapshot() override { return std::unique_ptr<Snapshot>{}; }
  Result<void> restore(ByteSource&) override { return {}; }
  void configuration_committed(LogIndex index, const Configuration& configuration) override {
    heard += "configuration(" + to_string(index) + " " + to_string(configuration) + ") ";
  }
  LogIndex durable_index() const override { return durable; }

  std::string heard;
  LogIndex durable = {};
};

TEST(StateMachine, RunsCommandsInOneCallAndNothingForNoopsAndBarriers) {
  Recorder fsm;
  EntryView entries = entries_at(5, {2}, EntryKind::noop);
  entries.append(entries_at(6, {2, 2}));
  entries.append(entries_at(8, {2}, EntryKind::barrier));
  entries.append(entries_at(9, {2}));
  FsmAnswers answers;
  EXPECT_TRUE(run(fsm, entries, answers));
  EXPECT_EQ(fsm.heard, "apply(c6 c7 c9 ) ");
}

TEST(StateMachine, HearsOfAConfigurationBetweenTheCommandsAroundIt) {
  Recorder fsm;
  const Configuration configuration{.servers = {{.id = {"a"}, .address = {"a:1"}}}};
  const NewEntry change{.index = {6},
                        .term = {2},
                        .kind = EntryKind::configuration,
                        .data = wire::encode_configuration(configuration)};
  EntryView entries = entries_at(5, {2});
  entries.append(EntryView{wire::encode_block(std::span{&change, 1})});
  entries.append(entries_at(7, {2}));
  FsmAnswers answers;
  EXPECT_TRUE(run(fsm, entries, answers));
  EXPECT_EQ(fsm.heard, "apply(c5 ) configuration(6 {[{Voter a a:1}]}) apply(c7 ) ");
}

TEST(StateMachine, GivesResponsesOnlyWhereSomebodyWaits) {
  Recorder fsm;
  EntryView entries = entries_at(5, {2}, EntryKind::noop);
  entries.append(entries_at(6, {2, 2}));
  FsmAnswers answers{.wanted = {false, false, true}};
  EXPECT_TRUE(run(fsm, entries, answers));
  ASSERT_EQ(answers.responses.size(), 3U);
  EXPECT_FALSE(answers.responses[1].has_value());
  EXPECT_EQ(std::any_cast<std::string>(answers.responses[2]), "c7");
}

TEST(StateMachine, SkipsCommandsThatItHasOnItsOwnDisk) {
  Recorder fsm;
  fsm.durable = {6};
  FsmAnswers answers;
  EXPECT_TRUE(run(fsm, entries_at(5, {2, 2, 2}), answers));
  EXPECT_EQ(fsm.heard, "apply(c7 ) ");
}

TEST(StateMachine, StopsAtAKindOfEntryThatIsNotKnown) {
  Recorder fsm;
  FsmAnswers answers;
  const auto ran = run(fsm, entries_at(5, {2}, static_cast<EntryKind>(77)), answers);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::corrupt);
  EXPECT_NE(ran.error().detail.find("77"), std::string::npos);
}

}  // namespace
}  // namespace proa::driver
