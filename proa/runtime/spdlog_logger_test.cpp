#include "proa/runtime/spdlog_logger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "proa/runtime/detail/temporary_directory.hpp"

namespace proa {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(LogFile, HoldsEveryLineFromItsLevelOnWithTimeAndLevel) {
  const detail::TemporaryDirectory directory;
  auto logger = make_logger({.level = LogLevel::info, .file = directory / "log"}).value();
  EXPECT_FALSE(logger->enabled(LogLevel::debug));
  EXPECT_TRUE(logger->enabled(LogLevel::info));
  logger->log(LogLevel::debug, "dropped");
  logger->log(LogLevel::warn, "a {} line");
  logger.reset();

  EXPECT_THAT(content_of(directory / "log"),
              MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:]+[.][0-9]+Z warn.* a \\{\\} line\n"));
}

TEST(LogFile, ThatCannotBeOpenedIsNamed) {
  const auto logger = make_logger({.file = "/proc/no/such/log"});
  ASSERT_FALSE(logger);
  EXPECT_THAT(logger.error().detail, HasSubstr("/proc/no/such/log"));
}

}  // namespace
}  // namespace proa
