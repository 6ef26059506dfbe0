#include "proa/store/wal.hpp"

#include <gtest/gtest.h>

#include "proa/store/detail/wal_format.hpp"
#include "proa/testing/log_model.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

using testing::LogModel;
using testing::LogStep;
using testing::LogWorkload;
using testing::SimDisk;
using testing::SimFileSystem;

const std::string kDirectory = "/data/log";

std::shared_ptr<SimDisk> new_disk(std::uint64_t seed = 1) {
  return std::make_shared<SimDisk>(testing::SimDiskOptions{}, seed);
}

/// A process with a log on that disk.
struct Process {
  explicit Process(const std::shared_ptr<SimDisk>& disk, std::uint64_t seed = 1)
      : files(std::make_shared<SimFileSystem>(disk)),
        log(files, kDirectory, {.segment_bytes = WalOptions::kSegmentBytesMin, .seed = seed}),
        opened(log.open()) {}
  std::shared_ptr<SimFileSystem> files;
  Wal log;
  Result<LogSummary> opened;
};

[[maybe_unused]] EntryView commands(std::uint64_t first, std::uint64_t count, std::size_t bytes,
                                    Term term = Term{1}) {
  std::vector<NewEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string data = std::to_string(first + i) + " in term " + to_string(term);
    data.resize(bytes, '.');
    entries.push_back({.index = LogIndex{first + i}, .term = term, .data = bytes_of(data)});
  }
  return EntryView{wire::encode_block(entries)};
}

Result<void> carry_out(LogStore& log, const LogStep& step) {
  return step.write ? log.write(*step.write) : log.truncate_prefix(*step.truncate_prefix);
}

/// The log says what the model says, whatever is asked for.
void expect_same(const LogStore& log, const LogModel& model) {
  if (model.empty()) return;
  const auto all = log.read({model.first(), model.last()}, SIZE_MAX);
  ASSERT_TRUE(all) << to_string(all.error());
  EXPECT_EQ(*all, model.entries());
}

// Goal: what the log says, at any time and after every start, is what the simplest model says.
// Method: random steps over small segments, a restart now and then, with everything compared.
TEST(Wal, SaysAfterEveryStepAndEveryStartWhatTheModelSays) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto disk = new_disk(seed);
    Random random(seed);
    LogModel model;
    LogWorkload workload({.data_bytes_max = 5000,
                          .large_percent = 1,
                          .large_bytes = 100'000,
                          .restart_percent = 2,
                          .restart_back_percent = 30},
                         seed);
    for (int start = 0; start < 10; ++start) {
      Process process(disk, random.next());
      ASSERT_TRUE(process.opened) << to_string(process.opened.error());
      ASSERT_EQ(*process.opened, model.summary());
      for (int i = 0; i < 40; ++i) {
        const LogStep step = workload.next(model);
        apply(model, step);
        const auto done = carry_out(process.log, step);
        ASSERT_TRUE(done) << to_string(done.error());
        const bool prepares = random.percent(70);
        ASSERT_TRUE(!prepares || process.log.prepare());
        if (random.percent(10)) expect_same(process.log, model);
      }
      expect_same(process.log, model);
      if (random.percent(50)) disk->lose_everything_unsynced();
    }
  }
}

}  // namespace
}  // namespace proa
