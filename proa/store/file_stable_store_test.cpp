#include "proa/store/file_stable_store.hpp"

#include <gtest/gtest.h>

#include "proa/base/checksum.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa {
namespace {

using testing::SimDisk;
using testing::SimFileSystem;

constexpr std::uint64_t kFates = 40;
constexpr std::uint64_t kSlotBytes = std::uint64_t{64} << 10;
const std::string kPath = "/data/stable";

std::shared_ptr<SimDisk> new_disk(std::uint64_t seed = 1) {
  return std::make_shared<SimDisk>(testing::SimDiskOptions{}, seed);
}

KeyValue pair(std::string key, std::string_view value) {
  return {.key = std::move(key), .value = bytes_of(value)};
}

/// What the store on that disk holds under `key`, as a process that starts now finds it.
std::string value_of(const std::shared_ptr<SimDisk>& disk, std::string_view key) {
  FileStableStore stable(std::make_shared<SimFileSystem>(disk), kPath);
  const auto opened = stable.open();
  if (!opened) return to_string(opened.error().code);
  const auto value = stable.get(key);
  if (!value) return to_string(value.error().code);
  return value->has_value() ? std::string{text_of(**value)} : "(none)";
}

Result<void> save(const std::shared_ptr<SimDisk>& disk, std::string_view term,
                  std::string_view vote) {
  FileStableStore stable(std::make_shared<SimFileSystem>(disk), kPath);
  PROA_TRY(stable.open());
  return stable.set(std::vector{pair("term", term), pair("vote", vote)});
}

void overwrite(const std::shared_ptr<SimDisk>& disk, std::uint64_t offset, ByteView bytes) {
  SimFileSystem files(disk);
  auto file = files.open(kPath, OpenMode::write);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(offset, bytes));
  ASSERT_TRUE((*file)->sync());
}

TEST(FileStableStore, KeepsWhatWasSetThroughAPowerCut) {
  const auto disk = new_disk();
  ASSERT_TRUE(save(disk, "7", "n1"));
  disk->lose_everything_unsynced();
  EXPECT_EQ(value_of(disk, "term"), "7");
  EXPECT_EQ(value_of(disk, "vote"), "n1");
  EXPECT_EQ(value_of(disk, "other"), "(none)");
}

TEST(FileStableStore, KeepsTheKeysThatASetDoesNotName) {
  const auto disk = new_disk();
  ASSERT_TRUE(save(disk, "7", "n1"));
  FileStableStore stable(std::make_shared<SimFileSystem>(disk), kPath);
  ASSERT_TRUE(stable.open());
  ASSERT_TRUE(stable.set(std::vector{pair("term", "8")}));
  EXPECT_EQ(value_of(disk, "term"), "8");
  EXPECT_EQ(value_of(disk, "vote"), "n1");
}

// Goal: a set is there wholly or not at all, and what a set or an open returned is durable.
// Method: crash at every operation of a set, then at every operation of the open after it; by power
// cut, or of the process alone; then lose what that last open may not have made durable.
void crash_in_set_and_open(std::uint64_t crash_at, std::uint64_t crash_open_at,
                           std::uint64_t seed) {
  const std::string long_vote(1500, 'v');  // a copy of several sectors
  const auto disk = new_disk(seed);
  ASSERT_TRUE(save(disk, "7", "n1"));
  bool done = false;
  {
    const auto files = std::make_shared<SimFileSystem>(disk);
    FileStableStore stable(files, kPath);
    ASSERT_TRUE(stable.open());
    files->crash_after(crash_at);
    done = stable.set(std::vector{pair("term", "8"), pair("vote", long_vote)}).has_value();
  }
  if (seed % 2 == 0) disk->cut_power();
  {
    const auto files = std::make_shared<SimFileSystem>(disk);
    FileStableStore stable(files, kPath);
    files->crash_after(crash_open_at);
    (void)stable.open();
  }
  if (seed % 4 < 2) disk->cut_power();
  const std::string found = value_of(disk, "term") + value_of(disk, "vote");
  EXPECT_TRUE(found == "8" + long_vote || (found == "7n1" && !done)) << found;
  disk->lose_everything_unsynced();
  EXPECT_EQ(value_of(disk, "term") + value_of(disk, "vote"), found);
}

TEST(FileStableStore, HoldsAfterACrashAtAnyMomentTheOldOrTheNewValues) {
  for (std::uint64_t crash_at = 1; crash_at < 7; ++crash_at) {
    for (std::uint64_t crash_open_at = 1; crash_open_at < 7; ++crash_open_at) {
      for (std::uint64_t seed = 0; seed < kFates; ++seed) {
        SCOPED_TRACE("crash at operation " + std::to_string(crash_at) + " of the set, " +
                     std::to_string(crash_open_at) + " of the open, seed " + std::to_string(seed));
        crash_in_set_and_open(crash_at, crash_open_at, seed);
      }
    }
  }
}

// The same for the very first start: whatever the moment, the next start works.
TEST(FileStableStore, StartsAfterACrashAtAnyMomentOfItsCreation) {
  for (std::uint64_t crash_at = 1; crash_at < 20; ++crash_at) {
    for (std::uint64_t seed = 0; seed < kFates; ++seed) {
      const auto disk = new_disk(seed);
      {
        const auto files = std::make_shared<SimFileSystem>(disk);
        FileStableStore stable(files, kPath);
        files->crash_after(crash_at);
        const auto opened = stable.open();
        EXPECT_EQ(opened.has_value(), !files->crashed());
      }
      if (seed % 2 == 0) disk->cut_power();
      ASSERT_EQ(value_of(disk, "term"), "(none)") << "crash at operation " << crash_at;
      ASSERT_TRUE(save(disk, "1", "n1"));
      disk->lose_everything_unsynced();
      ASSERT_EQ(value_of(disk, "term"), "1");
    }
  }
}

// A rotten copy must never bring an older vote back: both copies hold the newest record.
TEST(FileStableStore, SurvivesRotOfEitherCopyWithTheNewestValues) {
  for (const std::uint64_t slot : {std::uint64_t{0}, std::uint64_t{1}}) {
    const auto disk = new_disk();
    ASSERT_TRUE(save(disk, "7", "n1"));
    ASSERT_TRUE(save(disk, "8", "n2"));
    ASSERT_TRUE(disk->flip_bit(kPath, slot * kSlotBytes + 45, 3));
    EXPECT_EQ(value_of(disk, "term"), "8");
    // That start has mended it: the other copy may rot now.
    ASSERT_TRUE(disk->flip_bit(kPath, (1 - slot) * kSlotBytes + 45, 3));
    EXPECT_EQ(value_of(disk, "term"), "8");
  }
}

TEST(FileStableStore, MendsTheOlderCopyThatACrashBetweenTheTwoHasLeft) {
  const auto disk = new_disk();
  ASSERT_TRUE(save(disk, "7", "n1"));
  {
    const auto files = std::make_shared<SimFileSystem>(disk);
    FileStableStore stable(files, kPath);
    ASSERT_TRUE(stable.open());
    files->crash_at_next(SimFileSystem::Moment::after_sync);
    ASSERT_FALSE(stable.set(std::vector{pair("term", "8")}));
  }
  ASSERT_EQ(value_of(disk, "term"), "8");
  ASSERT_TRUE(disk->flip_bit(kPath, 45, 3));
  EXPECT_EQ(value_of(disk, "term"), "8");
}

TEST(FileStableStore, RefusesToOpenWhenBothCopiesAreDamaged) {
  const auto disk = new_disk();
  ASSERT_TRUE(save(disk, "7", "n1"));
  ASSERT_TRUE(disk->flip_bit(kPath, 9, 0));
  ASSERT_TRUE(disk->flip_bit(kPath, kSlotBytes + 9, 0));
  EXPECT_EQ(value_of(disk, "term"), "corrupt");
}

TEST(FileStableStore, RefusesANewerFormatAndLeavesItAsItWas) {
  const auto disk = new_disk();
  ASSERT_TRUE(save(disk, "7", "n1"));
  std::vector<std::byte> header(12);
  header[0] = std::byte{'P'}, header[1] = std::byte{'R'}, header[2] = std::byte{'S'};
  header[3] = std::byte{'T'}, header[4] = std::byte{2}, header[6] = std::byte{12};
  const std::uint32_t crc = crc32c(ByteView{header}.first(8));
  for (std::size_t i = 0; i < 4; ++i) {
    header[8 + i] = static_cast<std::byte>(crc >> (8 * i));
  }
  overwrite(disk, 0, header);

  const auto files = std::make_shared<SimFileSystem>(disk);
  FileStableStore stable(files, kPath);
  const auto opened = stable.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unsupported_protocol);
  EXPECT_NE(opened.error().detail.find("newer format"), std::string::npos);
  std::vector<std::byte> found(12);
  ASSERT_TRUE(files->open(kPath, OpenMode::read).value()->read_at(0, found));
  EXPECT_EQ(found, header);
}

TEST(FileStableStore, RefusesEverySetAfterAFailedSync) {
  const auto files = std::make_shared<SimFileSystem>(new_disk());
  FileStableStore stable(files, kPath);
  ASSERT_TRUE(stable.open());
  files->inject(
      {.at_operation = files->operations() + 2, .kind = testing::DiskFault::Kind::sync_error});
  EXPECT_FALSE(stable.set(std::vector{pair("term", "7")}));
  const auto later = stable.set(std::vector{pair("term", "8")});
  ASSERT_FALSE(later);
  EXPECT_NE(later.error().detail.find("earlier write failed"), std::string::npos);
}

// After a failed sync pages look clean that the disk never got: however often starts fail likewise,
// what one that succeeds has read must be there after a power cut.
void fail_in_set_and_open(std::uint64_t failed_of_set, std::uint64_t failed_of_open) {
  const auto disk = new_disk();
  ASSERT_TRUE(save(disk, "7", "n1"));
  {
    FileStableStore stable(std::make_shared<SimFileSystem>(disk), kPath);
    ASSERT_TRUE(stable.open());
    disk->fail_after(failed_of_set, testing::DiskFault::Kind::sync_error);
    EXPECT_FALSE(stable.set(std::vector{pair("term", "8")}));
    disk->forget_fault();
  }
  {
    FileStableStore stable(std::make_shared<SimFileSystem>(disk), kPath);
    disk->fail_after(failed_of_open, testing::DiskFault::Kind::sync_error);
    (void)stable.open();
    disk->forget_fault();
  }
  const std::string found = value_of(disk, "term");
  disk->lose_everything_unsynced();
  EXPECT_EQ(value_of(disk, "term"), found);
}

TEST(FileStableStore, MakesDurableWhatFailedSyncsHaveLeftInThePageCache) {
  for (std::uint64_t failed_of_set = 1; failed_of_set < 3; ++failed_of_set) {
    for (std::uint64_t failed_of_open = 1; failed_of_open < 12; ++failed_of_open) {
      SCOPED_TRACE("sync " + std::to_string(failed_of_set) + " of the set fails, " +
                   std::to_string(failed_of_open) + " of the open");
      fail_in_set_and_open(failed_of_set, failed_of_open);
    }
  }
}

TEST(FileStableStore, LeavesNothingUnfinishedWhenThereIsNoRoomToBegin) {
  bool opened = false;
  for (std::uint64_t operation = 1; !opened; ++operation) {
    const auto disk = new_disk();
    const auto files = std::make_shared<SimFileSystem>(disk);
    files->inject({.at_operation = operation, .kind = testing::DiskFault::Kind::no_space});
    opened = FileStableStore(files, kPath).open().has_value();
    EXPECT_FALSE(*files->exists(kPath + ".tmp")) << operation;
    EXPECT_EQ(value_of(disk, "term"), "(none)");
  }
}

TEST(FileStableStore, RefusesMoreThanACopyHoldsAndGoesOn) {
  const auto disk = new_disk();
  FileStableStore stable(std::make_shared<SimFileSystem>(disk), kPath);
  ASSERT_TRUE(stable.open());
  const auto refused =
      stable.set(std::vector{pair("big", std::string(FileStableStore::kBytesMax, 'x'))});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::command_too_large);
  EXPECT_TRUE(stable.set(std::vector{pair("term", "8")}));
  EXPECT_EQ(value_of(disk, "term"), "8");
}

}  // namespace
}  // namespace proa
