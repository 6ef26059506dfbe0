#include "kv/integer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace proa::kv {
namespace {

TEST(Integer, IsWhatIsPrintedExactlySo) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-1"), -1);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
  for (const char* text : {"", "-", "+1", "01", "-0", "1 ", " 1", "1.0", "0x1", "abc",
                           "9223372036854775808", "-9223372036854775809"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(Integer, SurvivesPrintingAndParsing) {
  EXPECT_TRUE(rc::check([](std::int64_t number) {
    RC_ASSERT(parse_integer(std::to_string(number)) == std::optional{number});
  }));
}

TEST(Integer, SumsThatDoNotFitAreNone) {
  EXPECT_EQ(add(INT64_MAX, 0), INT64_MAX);
  EXPECT_EQ(add(INT64_MAX, 1), std::nullopt);
  EXPECT_EQ(add(INT64_MIN, -1), std::nullopt);
  EXPECT_EQ(add(INT64_MIN, INT64_MAX), -1);
}

}  // namespace
}  // namespace proa::kv
