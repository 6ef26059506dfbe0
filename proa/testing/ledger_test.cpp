#include "proa/testing/detail/ledger.hpp"

#include <gtest/gtest.h>

#include "proa/testing/detail/readable.hpp"

namespace proa::testing {
namespace {

struct LedgerTest : ::testing::Test {
  AttemptId ask(const std::string& command) {
    const AttemptId attempt = ledger.new_attempt();
    ledger.asked(attempt, SharedBytes::copy_of(command));
    return attempt;
  }
  std::string found;
  Ledger ledger{[](ByteView command) { return readable(command); },
                [this](std::string what) { found = std::move(what); }};
};

TEST_F(LedgerTest, ApprovesOfACommandThatIsAppliedAndAcknowledgedOnce) {
  const AttemptId attempt = ask("a");
  ledger.applied(attempt, LogIndex{5});
  ledger.applied(attempt, LogIndex{5});  // on another server
  ledger.acknowledged(attempt, LogIndex{5});
  ledger.check_nothing_is_lost(LogIndex{5});
  EXPECT_EQ(found, "");
  EXPECT_EQ(ledger.acknowledged_commands(), 1U);
}

TEST_F(LedgerTest, RefusesAnAcknowledgementOfWhatWasNotApplied) {
  ledger.acknowledged(ask("a"), LogIndex{5});
  EXPECT_EQ(found, "acknowledged: \"a\" at 5, but it was applied at 0");
}

TEST_F(LedgerTest, RefusesACommandThatIsAppliedTwice) {
  const AttemptId attempt = ask("a");
  ledger.applied(attempt, LogIndex{5});
  ledger.applied(attempt, LogIndex{7});
  EXPECT_EQ(found, "applied twice: \"a\" at 5 and at 7");
}

TEST_F(LedgerTest, RefusesTheEffectOfACommandThatWasSaidToHaveNone) {
  const Error refusal{.code = Errc::not_leader, .outcome = Outcome::not_executed};
  const AttemptId early = ask("early");
  ledger.failed(early, refusal);
  ledger.applied(early, LogIndex{5});
  EXPECT_EQ(found, "not executed: \"early\" was refused and is applied at 5");
  const AttemptId late = ask("late");
  ledger.applied(late, LogIndex{6});
  ledger.failed(late, refusal);
  EXPECT_TRUE(found.starts_with("not executed: \"late\" failed")) << found;
}

TEST_F(LedgerTest, AllowsEitherFateForACommandOfUnknownOutcome) {
  const AttemptId attempt = ask("a");
  ledger.failed(attempt, {.code = Errc::leadership_lost, .outcome = Outcome::unknown});
  ledger.applied(attempt, LogIndex{5});
  EXPECT_EQ(found, "");
}

// Thesis §6.4: a read sees what was acknowledged, and what was read, before it began.
TEST_F(LedgerTest, RefusesAReadOfAnOlderStateThanOneThatIsKnown) {
  const AttemptId attempt = ask("a");
  ledger.applied(attempt, LogIndex{5});
  ledger.acknowledged(attempt, LogIndex{5});
  ledger.has_read(ledger.known_by_now(), LogIndex{6});
  EXPECT_EQ(found, "");
  ledger.has_read(ledger.known_by_now(), LogIndex{5});
  EXPECT_TRUE(found.starts_with("linearizable reads:")) << found;
}

TEST_F(LedgerTest, MissesAnAcknowledgedCommandBehindTheEnd) {
  const AttemptId attempt = ask("a");
  ledger.applied(attempt, LogIndex{5});
  ledger.acknowledged(attempt, LogIndex{5});
  ledger.check_nothing_is_lost(LogIndex{4});
  EXPECT_TRUE(found.starts_with("lost: \"a\"")) << found;
}

TEST_F(LedgerTest, KnowsTheLastCommandBeforeAnIndex) {
  ledger.applied(ask("a"), LogIndex{5});
  ledger.applied(ask("b"), LogIndex{8});
  EXPECT_EQ(ledger.last_command_up_to(LogIndex{4}), LogIndex{});
  EXPECT_EQ(ledger.last_command_up_to(LogIndex{5}), LogIndex{5});
  EXPECT_EQ(ledger.last_command_up_to(LogIndex{7}), LogIndex{5});
  EXPECT_EQ(ledger.last_command_up_to(LogIndex{9}), LogIndex{8});
  EXPECT_EQ(ledger.tell(LogIndex{}, LogIndex{8}), "\n    5: \"a\"\n    8: \"b\"");
}

TEST(Readable, ShowsTextAsTextAndBytesAsDigits) {
  EXPECT_EQ(readable(view_of("put x")), "\"put x\"");
  EXPECT_EQ(readable(bytes_of(std::int64_t{258})), "0x0201000000000000");
  EXPECT_EQ(readable({}), "nothing");
}

TEST(Readable, ShowsWhereTwoStatesBeginToDiffer) {
  EXPECT_EQ(difference("one two", "one too"),
            "byte 5 is the first that differs:\n    \"one two\"\n    \"one too\"");
  EXPECT_NE(difference("one", "one and a half").find("byte 3"), std::string::npos);
}

}  // namespace
}  // namespace proa::testing
