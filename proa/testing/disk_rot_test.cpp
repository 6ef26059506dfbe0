#include "proa/testing/disk_rot.hpp"

#include <gtest/gtest.h>

#include "proa/store/file_snapshot_store.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::testing {
namespace {

constexpr std::uint64_t kSeeds = 300;

/// A log of so many batches of one entry each, all of it durable.
std::shared_ptr<SimDisk> disk_with_log(std::uint64_t batches) {
  auto disk = std::make_shared<SimDisk>(SimDiskOptions{}, 1);
  const auto files = std::make_shared<SimFileSystem>(disk);
  Wal log(files, "wal", {.segment_bytes = WalOptions::kSegmentBytesMin, .seed = 1});
  EXPECT_TRUE(log.open());
  for (std::uint64_t index = 1; index <= batches; ++index) {
    const NewEntry entry{.index = {index}, .term = {1}, .data = bytes_of("x")};
    EXPECT_TRUE(
        log.write({.entries = EntryView{wire::encode_block(std::span{&entry, 1})}}).has_value());
  }
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

}  // namespace
}  // namespace proa::testing
