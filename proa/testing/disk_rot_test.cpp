#include "proa/testing/disk_rot.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "proa/store/file_snapshot_store.hpp"
#include "proa/store/file_stable_store.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::testing {
namespace {

constexpr std::uint64_t kSeeds = 300;

constexpr SimDiskOptions kKeepsOlder{.keeps_older = true};

void append(Wal& log, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t index = first; index <= last; ++index) {
    const NewEntry entry{.index = {index}, .term = {1}, .data = bytes_of("x")};
    EXPECT_TRUE(
        log.write({.entries = EntryView{wire::encode_block(std::span{&entry, 1})}}).has_value());
  }
}

/// A log of so many batches of one entry each, all of it durable.
std::shared_ptr<SimDisk> disk_with_log(std::uint64_t batches, const SimDiskOptions& options = {}) {
  auto disk = std::make_shared<SimDisk>(options, 1);
  const auto files = std::make_shared<SimFileSystem>(disk);
  Wal log(files, "wal", {.segment_bytes = WalOptions::kSegmentBytesMin, .seed = 1});
  EXPECT_TRUE(log.open());
  append(log, 1, batches);
  return disk;
}

/// The same, of which the first entries are gone and their segments are used again.
std::shared_ptr<SimDisk> disk_with_recycled_log(std::uint64_t batches) {
  auto disk = std::make_shared<SimDisk>(kKeepsOlder, 1);
  const auto files = std::make_shared<SimFileSystem>(disk);
  Wal log(files, "wal", {.segment_bytes = WalOptions::kSegmentBytesMin, .seed = 1});
  EXPECT_TRUE(log.open());
  append(log, 1, 2 * batches);
  EXPECT_TRUE(log.truncate_prefix({2 * batches - 1}));
  EXPECT_TRUE(log.prepare());
  append(log, 2 * batches + 1, 3 * batches);
  EXPECT_GT(log.counters().rolls_into_recycled, 0U);
  return disk;
}

Result<LogSummary> open(const std::shared_ptr<SimDisk>& disk) {
  const auto files = std::make_shared<SimFileSystem>(disk);
  return Wal(files, "wal", {.segment_bytes = WalOptions::kSegmentBytesMin, .seed = 2}).open();
}

TEST(SimDisk, IsDamagedUntilWhatHasRottedIsWrittenAgain) {
  const auto disk = std::make_shared<SimDisk>(SimDiskOptions{}, 1);
  SimFileSystem files{disk};
  const auto file = files.open("/a", OpenMode::create).value();
  ASSERT_TRUE(file->write_at(0, view_of("sound")));
  ASSERT_TRUE(file->sync());
  EXPECT_FALSE(disk->damage("/a", 0, view_of("sound"))) << "nothing has changed";
  EXPECT_FALSE(disk->damage("/a", 3, view_of("xxx"))) << "there is not so much";
  ASSERT_TRUE(disk->damage("/a", 1, view_of("xx")));
  EXPECT_TRUE(disk->is_damaged());
  ASSERT_TRUE(file->write_at(0, view_of("sound")));
  EXPECT_TRUE(disk->is_damaged()) << "the medium still is";
  ASSERT_TRUE(file->sync());
  EXPECT_FALSE(disk->is_damaged());
}

TEST(SimDisk, HasItsDamageUndoneOnlyWhereItIsStillThere) {
  const auto disk = std::make_shared<SimDisk>(SimDiskOptions{}, 1);
  SimFileSystem files{disk};
  const auto file = files.open("/a", OpenMode::create).value();
  ASSERT_TRUE(file->write_at(0, view_of("sound and old")));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(disk->damage("/a", 0, view_of("xx")));
  ASSERT_TRUE(disk->damage("/a", 10, view_of("xx")));
  ASSERT_TRUE(file->write_at(10, view_of("new")));
  ASSERT_TRUE(file->sync());
  disk->undo_damage();
  EXPECT_FALSE(disk->is_damaged());
  std::string content(13, ' ');
  ASSERT_TRUE(file->read_at(0, std::as_writable_bytes(std::span{content})));
  EXPECT_EQ(content, "sound and new");
}

TEST(SimDisk, GivesOnceMoreWhatAPlaceHeldBeforeItsLatestDurableWrite) {
  const auto disk = std::make_shared<SimDisk>(kKeepsOlder, 1);
  SimFileSystem files{disk};
  const auto file = files.open("/a", OpenMode::create).value();
  for (const std::string_view text : {"oldest", "older ", "newest"}) {
    ASSERT_TRUE(file->write_at(0, view_of("not durable")));
    ASSERT_TRUE(file->write_at(0, view_of(std::string(text) + " !!!!")));
    ASSERT_TRUE(file->sync());
  }
  Choices random{1};
  ASSERT_TRUE(go_stale(*disk, {.path = "a", .begin = 0, .end = 100}, random));
  EXPECT_TRUE(disk->is_damaged());
  std::string content(11, ' ');
  ASSERT_TRUE(file->read_at(0, std::as_writable_bytes(std::span{content})));
  EXPECT_EQ(content, "older  !!!!");
  disk->undo_damage();
  ASSERT_TRUE(file->read_at(0, std::as_writable_bytes(std::span{content})));
  EXPECT_EQ(content, "newest !!!!");
}

TEST(SimDisk, GivesNothingOlderThanWhatAPowerCutHasReplaced) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = std::make_shared<SimDisk>(kKeepsOlder, seed);
    {
      SimFileSystem files{disk};
      const auto file = files.open("/a", OpenMode::create).value();
      ASSERT_TRUE(files.sync_directory("/"));
      for (const std::string_view text : {"oldest", "older "}) {
        ASSERT_TRUE(file->write_at(0, view_of(text)));
        ASSERT_TRUE(file->sync());
      }
      ASSERT_TRUE(file->write_at(0, view_of("newest")));
    }
    if (disk->cut_power().survived == 0) continue;
    Choices random{seed};
    ASSERT_TRUE(go_stale(*disk, {.path = "a", .begin = 0, .end = 6}, random));
    std::string content(6, ' ');
    SimFileSystem files{disk};
    const auto file = files.open("/a", OpenMode::read).value();
    ASSERT_TRUE(file->read_at(0, std::as_writable_bytes(std::span{content})));
    EXPECT_EQ(content, "older ") << seed;
  }
}

TEST(SimDisk, KeepsNothingOlderUnlessItIsAsked) {
  const auto disk = disk_with_log(20);
  Choices random{1};
  EXPECT_FALSE(go_stale(*disk, log_at_rest(*disk, "wal").front(), random));
}

// Of the last batch rot reads as a torn tail, which nobody could tell from a crash.
TEST(DiskRot, OfALogIsAlwaysFoundOrWithoutEffect) {
  std::uint64_t found = 0;
  std::uint64_t mended = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = disk_with_log(20);  // in two segments, the first without a footer
    Choices random{seed};
    const std::vector<DiskPlace> places = log_at_rest(*disk, "wal");
    ASSERT_EQ(places.size(), 2U);
    ASSERT_TRUE(rot(*disk, places[random.below(2)], random));
    const auto opened = open(disk);
    if (!opened) {
      EXPECT_EQ(opened.error().code, Errc::corrupt);
      ++found;
      continue;
    }
    EXPECT_EQ(opened->log.entries.last, LogIndex{20}) << seed;
    if (!disk->is_damaged()) ++mended;
  }
  EXPECT_GT(found, kSeeds / 10);
  EXPECT_GT(mended, 0U);
}

TEST(DiskRot, OfASnapshotIsFoundWhenItIsListedOrOpened) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = std::make_shared<SimDisk>(SimDiskOptions{}, 1);
    FileSnapshotStore snapshots(std::make_shared<SimFileSystem>(disk), "state", {});
    ASSERT_TRUE(snapshots.open());
    const LogPosition last{.term = Term{3}, .index = LogIndex{40}};
    auto sink = snapshots.create({.last = last, .configuration = {}}).value();
    ASSERT_TRUE(sink->write(view_of("the state")));
    ASSERT_TRUE(sink->close());
    Choices random{seed};
    const std::vector<DiskPlace> places = snapshot_at_rest(*disk, "state", last);
    ASSERT_EQ(places.size(), 2U);
    ASSERT_TRUE(rot(*disk, places[random.below(2)], random));
    const auto listed = snapshots.list();
    ASSERT_TRUE(listed);
    if (listed->empty() || !snapshots.open(listed->front().id)) ++found;
  }
  EXPECT_GT(found, kSeeds * 9 / 10);
}

TEST(DiskRot, OfAMisdirectedWriteIsAlwaysFoundOrWithoutEffect) {
  std::uint64_t found = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = disk_with_log(20);
    Choices random{seed};
    const std::vector<DiskPlace> places = log_at_rest(*disk, "wal");
    const DiskPlace& onto = places[random.below(2)];
    const DiskPlace& from = places[random.below(2)];
    (void)misdirect(*disk, onto, from, random);
    const auto opened = open(disk);
    if (opened) {
      EXPECT_EQ(opened->log.entries.last, LogIndex{20}) << seed;
    } else {
      EXPECT_EQ(opened.error().code, Errc::corrupt);
      ++found;
    }
  }
  EXPECT_GT(found, kSeeds / 10);
}

/// What becomes of a log of which one place is stale.
struct StaleLogs {
  std::uint64_t found = 0;
  std::uint64_t mended = 0;
};
StaleLogs go_stale_and_open(const std::function<std::shared_ptr<SimDisk>()>& make, LogIndex last) {
  StaleLogs logs;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = make();
    Choices random{seed};
    const std::vector<DiskPlace> places = log_at_rest(*disk, "wal");
    if (!go_stale(*disk, places[random.below(places.size())], random)) continue;
    const auto opened = open(disk);
    if (!opened) {
      EXPECT_EQ(opened.error().code, Errc::corrupt);
      ++logs.found;
      continue;
    }
    EXPECT_EQ(opened->log.entries.last, last) << seed;
    if (!disk->is_damaged()) ++logs.mended;
  }
  return logs;
}

TEST(DiskRot, OfAStaleLogIsAlwaysFoundOrWithoutEffect) {
  const StaleLogs logs =
      go_stale_and_open([] { return disk_with_log(20, kKeepsOlder); }, LogIndex{20});
  EXPECT_GT(logs.found, kSeeds / 10);
  EXPECT_GT(logs.mended, kSeeds / 50);
}

// There an older block is a whole batch, or a header, of the segment that this file once was.
TEST(DiskRot, OfAStaleLogInRecycledSegmentsIsAlwaysFoundOrWithoutEffect) {
  const StaleLogs logs = go_stale_and_open([] { return disk_with_recycled_log(20); }, LogIndex{60});
  EXPECT_GT(logs.found, kSeeds / 10);
  EXPECT_GT(logs.mended, kSeeds / 50);
}

// One copy may be older, and is never believed.
TEST(DiskRot, OfAStaleCopyOfTermAndVoteIsMendedFromTheOther) {
  std::array<std::uint64_t, 2> stale = {};
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = std::make_shared<SimDisk>(kKeepsOlder, 1);
    const auto files = std::make_shared<SimFileSystem>(disk);
    FileStableStore before(files, "stable");
    ASSERT_TRUE(before.open());
    for (const std::string_view term : {"1", "2", "3"}) {
      const KeyValue value{.key = "term", .value = SharedBytes::copy_of(view_of(term))};
      ASSERT_TRUE(before.set(std::span{&value, 1}));
    }
    Choices random{seed};
    const std::vector<DiskPlace> places = stable_at_rest(*disk, "stable");
    ASSERT_EQ(places.size(), 2U);
    const std::size_t copy = random.below(2);
    if (!go_stale(*disk, places[copy], random)) continue;
    ++stale[copy];
    FileStableStore after(files, "stable");
    ASSERT_TRUE(after.open());
    EXPECT_EQ(text_of(*after.get("term").value()), "3") << seed;
    EXPECT_FALSE(disk->is_damaged());
  }
  EXPECT_GT(stale[0], kSeeds / 4);
  EXPECT_GT(stale[1], kSeeds / 4);
}

TEST(DiskRot, OfAStaleSnapshotIsFoundWhenItIsListedOrOpened) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto disk = std::make_shared<SimDisk>(kKeepsOlder, 1);
    FileSnapshotStore snapshots(std::make_shared<SimFileSystem>(disk), "state", {});
    ASSERT_TRUE(snapshots.open());
    const LogPosition last{.term = Term{3}, .index = LogIndex{40}};
    auto sink = snapshots.create({.last = last, .configuration = {}}).value();
    const bool is_empty = seed % 5 == 0;
    ASSERT_TRUE(sink->write(view_of(is_empty ? "" : "the state")));
    ASSERT_TRUE(sink->close());
    Choices random{seed};
    const std::vector<DiskPlace> places = snapshot_at_rest(*disk, "state", last);
    ASSERT_EQ(places.size(), is_empty ? 1U : 2U);
    ASSERT_TRUE(go_stale(*disk, places[random.below(places.size())], random));
    const auto listed = snapshots.list();
    ASSERT_TRUE(listed);
    EXPECT_TRUE(listed->empty() || !snapshots.open(listed->front().id)) << seed;
  }
}

}  // namespace
}  // namespace proa::testing
