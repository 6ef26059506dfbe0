#include "server/detail/index_gate.hpp"

#include <gtest/gtest.h>

#include "proa/testing/sim_runtime.hpp"

namespace proa::server {
namespace {

using ::proa::testing::Scheduler;
using ::proa::testing::SimRuntime;

class IndexGateTest : public ::testing::Test {
 protected:
  void ask(int who) {
    Fn<void()> task = [this, who] {
      gate->ask([this, who](Result<LogIndex> index) {
        answers.emplace_back(who, index ? index->value : 0);
      });
    };
    runtime->run_on_loop(task);
  }
  void settle() {
    while (scheduler.run_next()) {
    }
  }
  void answer(std::size_t question, Result<LogIndex> index) {
    Fn<void()> task = [&] { std::exchange(questions[question], {})(std::move(index)); };
    runtime->run_on_loop(task);
    settle();
  }

  Scheduler scheduler{1};
  std::shared_ptr<SimRuntime> runtime =
      std::make_shared<SimRuntime>(scheduler, ::proa::testing::SimRuntimeOptions{}, 1);
  std::vector<IndexGate::Done> questions = {};
  std::vector<std::pair<int, std::uint64_t>> answers = {};
  std::shared_ptr<IndexGate> gate = std::make_shared<IndexGate>(
      runtime, [this](IndexGate::Done done) { questions.push_back(std::move(done)); });
};

using Answers = std::vector<std::pair<int, std::uint64_t>>;

TEST_F(IndexGateTest, WhoeverAsksBeforeAQuestionLeavesSharesIt) {
  ask(1);
  ask(2);
  settle();
  ASSERT_EQ(questions.size(), 1U);
  answer(0, LogIndex{7});
  EXPECT_EQ(answers, (Answers{{1, 7}, {2, 7}}));
}

// An answer to a question that left before is no proof that nobody has taken over since.
TEST_F(IndexGateTest, WhoeverAsksLaterGetsAQuestionOfItsOwn) {
  ask(1);
  settle();
  ask(2);
  settle();
  ASSERT_EQ(questions.size(), 2U);
  answer(0, LogIndex{7});
  EXPECT_EQ(answers, (Answers{{1, 7}}));
  answer(1, LogIndex{9});
  EXPECT_EQ(answers, (Answers{{1, 7}, {2, 9}}));
}

TEST_F(IndexGateTest, AtMostFourQuestionsAreUnderWayAndTheRestShareTheNext) {
  for (int who = 1; who <= 7; ++who) {
    ask(who);
    settle();
  }
  EXPECT_EQ(questions.size(), 4U);
  answer(2, LogIndex{3});
  ASSERT_EQ(questions.size(), 5U);
  answer(4, LogIndex{5});
  EXPECT_EQ(answers, (Answers{{3, 3}, {5, 5}, {6, 5}, {7, 5}}));
  for (const std::size_t open : {0U, 1U, 3U})
    answer(open, LogIndex{6});
}

TEST_F(IndexGateTest, AFailureFailsThoseThatShareIt) {
  ask(1);
  ask(2);
  settle();
  answer(0, fail(Errc::not_leader, "no"));
  EXPECT_EQ(answers, (Answers{{1, 0}, {2, 0}}));
}

}  // namespace
}  // namespace proa::server
