#include "proa/runtime/detail/watchdog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "proa/runtime/detail/recent_durations.hpp"

namespace proa::detail {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Lines final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view text) override { lines.emplace_back(text); }
  std::vector<std::string> lines;
};

TEST(WatchdogReports, OnlyWhoIsBusyWithTheSameWorkAtTwoLooks) {
  const auto log = std::make_shared<Lines>();
  Watchdog watchdog(log, std::chrono::seconds{1});
  const auto loop = watchdog.watch("the loop");
  const auto lane = watchdog.watch("the log lane");

  lane->begin();
  loop->begin();
  watchdog.check();
  loop->end();
  loop->begin();  // busy again, with something else
  EXPECT_THAT(log->lines, IsEmpty());

  watchdog.check();
  ASSERT_THAT(log->lines, SizeIs(1));
  EXPECT_THAT(log->lines[0], HasSubstr("the log lane has been busy with one piece of work for more "
                                       "than 1s"));
}

TEST(WatchdogReports, AtDoublingIntervalsAndOnceAtTheEnd) {
  const auto log = std::make_shared<Lines>();
  Watchdog watchdog(log, std::chrono::seconds{1});
  const auto lane = watchdog.watch("the log lane");
  lane->begin();
  for (int look = 0; look < 10; ++look)
    watchdog.check();  // the first sees it begin, the others see it stalled for 1 to 9 seconds
  EXPECT_THAT(log->lines, SizeIs(4));

  lane->end();
  watchdog.check();
  watchdog.check();
  ASSERT_THAT(log->lines, SizeIs(5));
  EXPECT_THAT(log->lines[4], HasSubstr("goes on after a stall of about 9s"));
}

TEST(WatchdogReports, NothingOfALaneThatIsGone) {
  const auto log = std::make_shared<Lines>();
  Watchdog watchdog(log, std::chrono::seconds{1});
  auto lane = watchdog.watch("the log lane");
  lane->begin();
  watchdog.check();
  lane.reset();
  watchdog.check();
  EXPECT_THAT(log->lines, IsEmpty());
}

// The 99th percentile: of the last 256 tasks at most two may have taken longer than the limit.
TEST(RecentDurationsOfALane, AreQuickUntilTheThirdSlowOneAndAgainWhenItIsForgotten) {
  const Duration limit = std::chrono::microseconds{500};
  RecentDurations recent(limit);
  EXPECT_TRUE(recent.quick());
  recent.add(limit);
  recent.add(limit);
  EXPECT_TRUE(recent.quick());
  recent.add(limit);
  EXPECT_FALSE(recent.quick());

  for (int task = 0; task < 253; ++task)
    recent.add(limit - Duration{1});
  EXPECT_FALSE(recent.quick());
  recent.add(limit - Duration{1});
  EXPECT_TRUE(recent.quick());
}

}  // namespace
}  // namespace proa::detail
