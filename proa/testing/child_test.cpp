#include "proa/testing/child.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "proa/base/assert.hpp"

namespace proa::testing {
namespace {

std::string nothing_left(const std::string&) { return {}; }

TEST(Child, SaysWhatItsTaskHasFound) {
  const std::string long_text(1'000'000, 'x');  // more than a pipe holds
  const auto said = run_in_child({.run = [&] { return long_text; }, .last_words = nothing_left});
  ASSERT_TRUE(said) << said.error().detail;
  EXPECT_EQ(*said, long_text);
}

TEST(Child, SaysItsLastWordsWhenAnAssertionFails) {
  const int one = 1;
  const auto said = run_in_child({.run = [&]() -> std::string {
                                    PROA_ASSERT(one == 2);
                                    return "not this";
                                  },
                                  .last_words = [](const std::string& what) { return what; }});
  ASSERT_TRUE(said) << said.error().detail;
  EXPECT_EQ(said->find("assertion failed: one == 2 ("), 0U) << *said;
}

TEST(Child, ThatDiesWithoutAWordIsAnError) {
  const auto said = run_in_child({.run = []() -> std::string {
                                    std::raise(SIGKILL);
                                    return "not this";
                                  },
                                  .last_words = nothing_left});
  ASSERT_FALSE(said);
  EXPECT_NE(said.error().detail.find("signal 9"), std::string::npos) << said.error().detail;
}

}  // namespace
}  // namespace proa::testing
