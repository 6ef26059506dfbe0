#include "proa/store/wal.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "proa/store/detail/wal_format.hpp"
#include "proa/testing/log_model.hpp"
#include "proa/testing/power_cuts.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

using testing::DiskFault;
using testing::LogModel;
using testing::LogStep;
using testing::LogWorkload;
using testing::SimDisk;
using testing::SimFileSystem;

const std::string kDirectory = "/data/log";
constexpr std::uint64_t kBlock = 4096;
constexpr std::uint64_t kBatchesInSegment = 13;  // of one block each, beside two headers and a seal

std::shared_ptr<SimDisk> new_disk(std::uint64_t seed = 1) {
  return std::make_shared<SimDisk>(testing::SimDiskOptions{}, seed);
}

/// A process with an open log on that disk.
struct Process {
  explicit Process(const std::shared_ptr<SimDisk>& disk, std::uint64_t seed = 1,
                   std::uint64_t segment_bytes = WalOptions::kSegmentBytesMin)
      : files(std::make_shared<SimFileSystem>(disk)),
        log(files, kDirectory, {.segment_bytes = segment_bytes, .seed = seed}),
        opened(log.open()) {}
  std::shared_ptr<SimFileSystem> files;
  Wal log;
  Result<LogSummary> opened;
};

std::size_t spares_on(const std::shared_ptr<SimDisk>& disk) {
  SimFileSystem files(disk);
  const auto entries = files.list(kDirectory);
  return static_cast<std::size_t>(
      std::count_if(entries->begin(), entries->end(),
                    [](const DirectoryEntry& entry) { return entry.name.ends_with(".spare"); }));
}

std::vector<std::string> segments_on(const std::shared_ptr<SimDisk>& disk) {
  SimFileSystem files(disk);
  std::vector<std::string> names;
  const auto entries = files.list(kDirectory);
  for (const DirectoryEntry& entry : *entries) {
    if (store::parse_segment_name(entry.name)) names.push_back(entry.name);
  }
  return names;
}

EntryView commands(std::uint64_t first, std::uint64_t count, std::size_t bytes,
                   Term term = Term{1}) {
  std::vector<NewEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string data = std::to_string(first + i) + " in term " + to_string(term);
    data.resize(std::max(bytes, data.size()), '.');
    entries.push_back({.index = LogIndex{first + i}, .term = term, .data = bytes_of(data)});
  }
  return EntryView{wire::encode_block(entries)};
}

/// One-block batches with the entries [first, last].
void write_one_by_one(Wal& log, std::uint64_t first, std::uint64_t last, Term term = Term{1}) {
  for (std::uint64_t i = first; i <= last; ++i) {
    ASSERT_TRUE(log.write({.entries = commands(i, 1, 10, term)}));
  }
}

void prepare_all(Wal& log) {
  while (true) {
    const auto more = log.prepare();
    ASSERT_TRUE(more) << to_string(more.error());
    if (!*more) return;
  }
}

Result<void> carry_out(LogStore& log, const LogStep& step) {
  return step.write ? log.write(*step.write) : log.truncate_prefix(*step.truncate_prefix);
}

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

TEST(Wal, WritesABatchWithOneWriteAndOneSync) {
  Process process(new_disk());
  const std::uint64_t operations = process.files->operations();
  const std::uint64_t syncs = process.files->syncs();
  ASSERT_TRUE(process.log.write({.entries = commands(1, 8, 3000)}));
  ASSERT_TRUE(process.log.write({.truncate_from = LogIndex{5}, .entries = commands(5, 2, 10)}));
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{2}));
  EXPECT_EQ(process.files->syncs() - syncs, 3U);
  EXPECT_EQ(process.files->operations() - operations, 6U);
}

TEST(Wal, DoesNothingForAnEmptyBatchAndForWhatIsRemovedAlready) {
  Process process(new_disk());
  ASSERT_TRUE(process.log.write({.entries = commands(1, 8, 10)}));
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{5}));
  const std::uint64_t operations = process.files->operations();
  ASSERT_TRUE(process.log.write({.commit_hint = LogIndex{7}}));
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{5}));
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{3}));
  EXPECT_EQ(process.files->operations(), operations);
}

// A torn block must not take an acknowledged batch with it.
TEST(Wal, BeginsEveryBatchOnABlockOfItsOwn) {
  auto disk = new_disk();
  disk->options().block_bytes = 2 * kBlock;
  Process process(disk);
  write_one_by_one(process.log, 1, 3);
  const auto file =
      process.files->open(kDirectory + "/" + segments_on(disk).front(), OpenMode::read);
  for (std::uint64_t offset = 0; offset < 10 * kBlock; offset += kBlock) {
    std::vector<std::byte> bytes(kBlock);
    ASSERT_TRUE((*file)->read_at(offset, bytes));
    const bool begins = offset == 4 * kBlock || offset == 6 * kBlock || offset == 8 * kBlock;
    EXPECT_EQ(store::resembles_batch_of(bytes, 1), begins) << offset;
  }
}

TEST(Wal, ReportsAtOpenNothingThatAPowerCutStillTakes) {
  const auto disk = new_disk();
  {
    Process process(disk);
    process.files->crash_at_next(SimFileSystem::Moment::before_sync);
    ASSERT_FALSE(process.log.write({.entries = commands(1, 3, 10)}));
  }
  // The process is dead, the page cache still holds what it wrote.
  {
    Process process(disk);
    ASSERT_EQ(process.opened.value().log.entries.last, LogIndex{3});
  }
  disk->lose_everything_unsynced();
  EXPECT_EQ(Process(disk).opened.value().log.entries.last, LogIndex{3});
}

TEST(Wal, RefusesEveryWriteAfterAFailedOne) {
  for (const DiskFault::Kind kind :
       {DiskFault::Kind::io_error, DiskFault::Kind::no_space, DiskFault::Kind::sync_error}) {
    Process process(new_disk());
    ASSERT_TRUE(process.log.write({.entries = commands(1, 3, 10)}));
    process.files->inject({.at_operation = process.files->operations() + 2, .kind = kind});
    ASSERT_FALSE(process.log.write({.entries = commands(4, 1, 10)}));
    const auto later = process.log.write({.entries = commands(4, 1, 10)});
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().code, Errc::io_error);
    EXPECT_NE(later.error().detail.find("an earlier write failed"), std::string::npos);
    EXPECT_FALSE(process.log.truncate_prefix(LogIndex{1}));
    EXPECT_FALSE(process.log.prepare());
    EXPECT_EQ(process.log.read({LogIndex{1}, LogIndex{3}}, SIZE_MAX).value().size(), 3U);
  }
}

// The kernel marks pages clean that it could not write. A process that starts on that page cache
// must not take them for durable.
TEST(Wal, CopiesItsNewestSegmentAfterASyncHasFailed) {
  const auto disk = new_disk();
  {
    Process process(disk);
    ASSERT_TRUE(process.log.write({.entries = commands(1, 3, 10)}));
    process.files->inject(
        {.at_operation = process.files->operations() + 2, .kind = DiskFault::Kind::sync_error});
    ASSERT_FALSE(process.log.write({.entries = commands(4, 1, 10)}));
  }
  {
    Process process(disk);
    ASSERT_EQ(process.opened.value().log.entries.last, LogIndex{4});
    EXPECT_EQ(process.log.counters().tails_copied, 1U);
  }
  disk->lose_everything_unsynced();
  Process process(disk);
  EXPECT_EQ(process.opened.value().log.entries.last, LogIndex{4});
  EXPECT_EQ(process.log.counters().tails_copied, 0U);
}

TEST(Wal, IsReadyForAWriteAsLongAsItNeedsNoNewSegment) {
  Process process(new_disk());
  for (std::uint64_t i = 1; i <= kBatchesInSegment; ++i) {
    ASSERT_TRUE(process.log.ready_for(100)) << i;
    ASSERT_TRUE(process.log.write({.entries = commands(i, 1, 10)}));
  }
  EXPECT_FALSE(process.log.ready_for(100));
  EXPECT_EQ(process.log.counters().rolls, 1U);
  ASSERT_TRUE(process.log.write({.entries = commands(kBatchesInSegment + 1, 1, 10)}));
  EXPECT_EQ(process.log.counters().rolls, 2U);
  EXPECT_TRUE(process.log.ready_for(100));
  EXPECT_FALSE(process.log.ready_for(kBatchesInSegment * kBlock));
  EXPECT_FALSE(process.log.ready_for(kInlineWriteMax));
}

TEST(Wal, IsNotReadyForAWriteThatWouldNotBeQuickHoweverMuchRoomThereIs) {
  Process process(new_disk(), 1, 4 * kInlineWriteMax);
  EXPECT_TRUE(process.log.ready_for(kInlineWriteMax - 1));
  EXPECT_FALSE(process.log.ready_for(kInlineWriteMax));
}

TEST(Wal, IsNotReadyForAWriteWhenItFoundItsNewestSegmentSealed) {
  const auto disk = new_disk();
  {
    Process process(disk);
    write_one_by_one(process.log, 1, kBatchesInSegment - 3);
    process.files->crash_after(3);  // when the seal is durable and the next segment is not there
    ASSERT_FALSE(process.log.write({.entries = commands(kBatchesInSegment - 2, 4, 6000)}));
  }
  Process process(disk);
  ASSERT_TRUE(process.opened);
  EXPECT_FALSE(process.log.ready_for(10));
  ASSERT_TRUE(process.log.write({.entries = commands(kBatchesInSegment - 2, 1, 10)}));
  EXPECT_EQ(process.log.counters().rolls, 1U);
  EXPECT_EQ(Process(disk).opened->log.entries.last, LogIndex{kBatchesInSegment - 2});
}

TEST(Wal, RemovesASpareThatWasNotFinished) {
  const auto disk = new_disk();
  {
    Process process(disk, 1, std::uint64_t{4} << 20);
    ASSERT_TRUE(process.log.write({.entries = commands(1, 1, 3 << 20)}));
    ASSERT_TRUE(process.log.prepare());
    ASSERT_EQ(spares_on(disk), 1U);
  }
  Process process(disk, 1, std::uint64_t{4} << 20);
  ASSERT_TRUE(process.opened);
  EXPECT_EQ(spares_on(disk), 0U);
}

TEST(Wal, TakesNoRoomForASpareThatTheDiskHasNoneFor) {
  const auto disk = new_disk();
  Process process(disk, 1, std::uint64_t{4} << 20);
  ASSERT_TRUE(process.log.write({.entries = commands(1, 1, 3 << 20)}));
  const std::uint64_t used = disk->bytes_used();
  disk->options().capacity_bytes = used + (std::uint64_t{2} << 20);
  Result<bool> more = true;
  while (more && *more)
    more = process.log.prepare();
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Errc::io_error);
  EXPECT_EQ(spares_on(disk), 0U);
  EXPECT_EQ(disk->bytes_used(), used);
}

TEST(Wal, LeavesNoCopyOfItsNewestSegmentThatTheDiskHasNoRoomFor) {
  const auto disk = new_disk();
  {
    Process process(disk);
    ASSERT_TRUE(process.log.write({.entries = commands(1, 3, 10)}));
    process.files->inject(
        {.at_operation = process.files->operations() + 2, .kind = DiskFault::Kind::sync_error});
    ASSERT_FALSE(process.log.write({.entries = commands(4, 1, 10)}));
  }
  disk->options().capacity_bytes = disk->bytes_used() + kBlock;
  ASSERT_FALSE(Process(disk).opened);
  EXPECT_FALSE(*SimFileSystem(disk).exists(kDirectory + "/tail.copy"));
  disk->options().capacity_bytes = UINT64_MAX;
  Process process(disk);
  ASSERT_TRUE(process.opened);
  EXPECT_EQ(process.opened->log.entries.last, LogIndex{4});
  EXPECT_EQ(process.log.counters().tails_copied, 1U);  // it was not forgotten
}

TEST(Wal, PreparesNoSpareAsLongAsHalfOfItsSegmentIsFree) {
  const auto disk = new_disk();
  Process process(disk);
  write_one_by_one(process.log, 1, kBatchesInSegment / 2 - 1);
  prepare_all(process.log);
  EXPECT_EQ(spares_on(disk), 0U);
  write_one_by_one(process.log, kBatchesInSegment / 2, kBatchesInSegment / 2 + 1);
  prepare_all(process.log);
  EXPECT_EQ(spares_on(disk), 1U);
}

TEST(Wal, BeginsAPreparedSegmentWithoutFillingItFirst) {
  const auto disk = new_disk();
  Process process(disk);
  write_one_by_one(process.log, 1, kBatchesInSegment);
  prepare_all(process.log);
  prepare_all(process.log);
  EXPECT_EQ(spares_on(disk), 1U);
  const std::uint64_t operations = process.files->operations();
  ASSERT_TRUE(process.log.write({.entries = commands(kBatchesInSegment + 1, 1, 10)}));
  // Seal and sync, header and sync, rename, directory; then the batch.
  EXPECT_EQ(process.files->operations() - operations, 8U);
  EXPECT_EQ(process.log.counters().rolls_unprepared, 1U);  // that of the first start
}

TEST(Wal, GivesABatchThatIsLargerThanASegmentItsOwnAndNeverRecyclesIt) {
  const auto disk = new_disk();
  Process process(disk);
  const EntryView large = commands(1, 2, 60'000);
  ASSERT_TRUE(process.log.write({.entries = large}));
  ASSERT_TRUE(process.log.write({.entries = commands(3, 1, 10)}));
  EXPECT_EQ(process.log.counters().oversized, 1U);
  EXPECT_EQ(process.log.read({LogIndex{1}, LogIndex{2}}, SIZE_MAX).value(), large);
  const std::string own = segments_on(disk).at(1);
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{2}));
  prepare_all(process.log);
  EXPECT_EQ(process.log.counters().recycled, 1U);  // the first segment, of the usual size
  EXPECT_EQ(process.log.counters().removed, 1U);
  const auto left = segments_on(disk);
  EXPECT_EQ(std::count(left.begin(), left.end(), own), 0);
}

// A segment of its own for a large batch is the one file that grows while it is written. A batch
// may be whole although its process was killed before the block was written to its end. Growing the
// file from there writes that block once more, and must not tear what the log has reported.
TEST(Wal, FillsTheLastBlockOfAFileThatGrowsBeforeItReportsTheBatch) {
  const auto disk = std::make_shared<SimDisk>(
      testing::SimDiskOptions{.sector_bytes = kBlock, .keep_versions = true}, 1);
  {
    Process process(disk);
    ASSERT_TRUE(process.log.write({.entries = commands(1, 1, 100)}));
    bool renamed = false;
    process.files->set_on_change([&](const testing::DiskOperation& operation) {
      if (renamed) process.files->crash();
      renamed = operation.what == std::string("rename");
    });
    ASSERT_FALSE(process.log.write({.entries = commands(2, 1, 70'000)}));
    process.files->set_on_change(nullptr);
  }
  {
    Process process(disk);
    ASSERT_EQ(segments_on(disk).size(), 2U);
    process.files->crash_after(1, kBlock / 2);
    ASSERT_FALSE(process.log.write({.entries = commands(2, 1, 100)}));
  }
  Process process(disk);
  ASSERT_EQ(process.opened->log.entries.last, LogIndex{2});
  process.files->crash_at_next(SimFileSystem::Moment::before_sync);
  ASSERT_FALSE(process.log.write({.entries = commands(3, 1, 100)}));

  const testing::PowerCuts cuts(*disk);
  ASSERT_FALSE(cuts.unsynced().empty());
  for (std::size_t torn = 0; torn < cuts.unsynced().size(); ++torn) {
    std::vector<std::uint8_t> fates(cuts.unsynced().size(), testing::PowerCuts::kSurvives);
    fates[torn] = static_cast<std::uint8_t>(cuts.unsynced()[torn].fates() - 1);
    Process next(cuts.outcome(fates));
    ASSERT_TRUE(next.opened) << to_string(next.opened.error());
    EXPECT_GE(next.opened->log.entries.last, LogIndex{2});
  }
}

TEST(Wal, RemovesSegmentsOldestFirstAndOnlyBehindADurableRemoval) {
  const auto disk = new_disk();
  Process process(disk);
  write_one_by_one(process.log, 1, 5 * kBatchesInSegment);
  const auto before = segments_on(disk);
  ASSERT_EQ(before.size(), 5U);
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{3 * kBatchesInSegment}));
  EXPECT_EQ(segments_on(disk).front(), before.front());
  for (std::size_t gone = 1; gone <= 3; ++gone) {
    ASSERT_TRUE(process.log.prepare());
    EXPECT_EQ(segments_on(disk).front(), before[gone]);
  }
  prepare_all(process.log);
  EXPECT_EQ(segments_on(disk).front(), before[3]);
}

TEST(Wal, NeedsNoOldSegmentAfterARestartNorTheirFooters) {
  const auto disk = new_disk();
  Process process(disk);
  write_one_by_one(process.log, 1, 2 * kBatchesInSegment + 1);
  ASSERT_TRUE(process.log.write({.restart_after = LogPosition{.index = LogIndex{500}}}));
  prepare_all(process.log);
  EXPECT_EQ(segments_on(disk).size(), 1U);
  EXPECT_EQ(process.log.counters().recycled, 2U);
  EXPECT_EQ(process.log.counters().footers, 0U);
}

TEST(Wal, RecyclesASegmentWithoutItsFooter) {
  const auto disk = new_disk();
  Process process(disk);
  write_one_by_one(process.log, 1, kBatchesInSegment + 1);
  prepare_all(process.log);
  ASSERT_EQ(process.log.counters().footers, 1U);
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{kBatchesInSegment}));
  prepare_all(process.log);
  const auto entries = process.files->list(kDirectory);
  for (const DirectoryEntry& entry : *entries) {
    const auto file = process.files->open(kDirectory + "/" + entry.name, OpenMode::read);
    EXPECT_EQ((*file)->size().value(), WalOptions::kSegmentBytesMin) << entry.name;
  }
}

TEST(Wal, ReadsNoEntryBehindOneThatDoesNotFit) {
  Process process(new_disk());
  EntryView batch = commands(1, 1, 100);
  batch.append(commands(2, 1, 5000));
  ASSERT_TRUE(process.log.write({.entries = batch}));
  ASSERT_TRUE(process.log.write({.entries = commands(3, 1, 10)}));
  EXPECT_EQ(process.log.read({LogIndex{1}, LogIndex{3}}, 1000).value().size(), 1U);
}

TEST(Wal, ReadsTheBeginningOfARangeThatFitsButAtLeastOneEntry) {
  Process process(new_disk());
  for (std::uint64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(process.log.write({.entries = commands(1 + 5 * i, 5, 100)}));
  }
  const std::size_t bytes = commands(1, 1, 100).encoded_bytes();
  const auto read = [&](std::uint64_t first, std::uint64_t last, std::size_t bytes_max) {
    const auto found = process.log.read({LogIndex{first}, LogIndex{last}}, bytes_max);
    return found ? found->size() : 0;
  };
  EXPECT_EQ(read(3, 50, 0), 1U);
  EXPECT_EQ(read(3, 50, bytes), 1U);
  EXPECT_EQ(read(3, 50, 3 * bytes), 3U);
  EXPECT_EQ(read(3, 50, 4 * bytes - 1), 3U);
  EXPECT_EQ(read(3, 50, 20 * bytes), 20U);
  EXPECT_EQ(read(3, 12, SIZE_MAX), 10U);
  EXPECT_EQ(read(48, 90, SIZE_MAX), 3U);
  for (const LogIndex outside : {LogIndex{0}, LogIndex{51}}) {
    EXPECT_EQ(process.log.read({outside, LogIndex{60}}, 100).error().code, Errc::log_not_found);
  }
}

TEST(Wal, ReadsThroughABatchOfWhichAPartWasReplaced) {
  Process process(new_disk());
  ASSERT_TRUE(process.log.write({.entries = commands(1, 10, 100)}));
  ASSERT_TRUE(
      process.log.write({.truncate_from = LogIndex{6}, .entries = commands(6, 3, 100, Term{2})}));
  ASSERT_TRUE(process.log.truncate_prefix(LogIndex{3}));
  const EntryView found = process.log.read({LogIndex{4}, LogIndex{99}}, SIZE_MAX).value();
  EntryView expected = commands(1, 10, 100).sub({LogIndex{4}, LogIndex{5}});
  expected.append(commands(6, 3, 100, Term{2}));
  EXPECT_EQ(found, expected);
  EXPECT_FALSE(process.log.read({LogIndex{3}, LogIndex{5}}, SIZE_MAX));
}

TEST(Wal, GoesOnWithSegmentsOfAnotherSizeAndAnotherBlock) {
  const auto disk = new_disk();
  LogModel model;
  LogWorkload workload({}, 7);
  for (const std::uint64_t factor : {1U, 4U, 2U, 1U}) {
    disk->options().block_bytes = factor * kBlock;
    Process process(disk, factor, factor * WalOptions::kSegmentBytesMin);
    ASSERT_TRUE(process.opened) << to_string(process.opened.error());
    ASSERT_EQ(*process.opened, model.summary());
    for (int i = 0; i < 60; ++i) {
      const LogStep step = workload.next(model);
      apply(model, step);
      ASSERT_TRUE(carry_out(process.log, step));
      ASSERT_TRUE(process.log.prepare());
    }
    expect_same(process.log, model);
  }
}

}  // namespace
}  // namespace proa
