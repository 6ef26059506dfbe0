#include "proa/testing/sim_file_system.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

namespace proa::testing {
namespace {

constexpr std::uint64_t kFates = 200;  // enough that each fate of one sector is drawn

std::string content_of(FileSystem& files, const std::string& path) {
  auto file = files.open(path, OpenMode::read);
  if (!file) return "(missing)";
  std::string text((*file)->size().value(), '\0');
  const auto read = (*file)->read_at(0, std::as_writable_bytes(std::span{text}));
  EXPECT_EQ(read.value(), text.size());
  return text;
}

void write(FileSystem& files, const std::string& path, const std::string& text, bool sync) {
  auto file = files.open(path, OpenMode::create);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(0, view_of(text)));
  if (sync) {
    ASSERT_TRUE((*file)->sync());
  }
}

std::shared_ptr<SimDisk> new_disk(std::uint64_t seed = 1) {
  return std::make_shared<SimDisk>(SimDiskOptions{.sector_bytes = 512}, seed);
}

/// A disk on which `path` durably holds `text`.
std::shared_ptr<SimDisk> disk_with(const std::string& path, const std::string& text,
                                   std::uint64_t seed = 1) {
  auto disk = new_disk(seed);
  SimFileSystem files{disk};
  write(files, path, text, true);
  EXPECT_TRUE(files.sync_directory("/"));
  return disk;
}

TEST(SimDisk, KeepsWhatWasSyncedWithItsDirectoryThroughAPowerCut) {
  for (std::uint64_t seed = 0; seed < kFates; ++seed) {
    const auto disk = disk_with("/a", "durable", seed);
    disk->cut_power();
    SimFileSystem files{disk};
    EXPECT_EQ(content_of(files, "/a"), "durable");
  }
}

TEST(SimDisk, KeepsTheUnsyncedWritesOfACrashedProcessAndLosesThemOnlyWithThePower) {
  const auto disk = disk_with("/a", "old");
  {
    SimFileSystem files{disk};
    write(files, "/a", "new", false);
    files.crash();
  }
  SimFileSystem next_process{disk};
  EXPECT_EQ(content_of(next_process, "/a"), "new");
  disk->lose_everything_unsynced();
  EXPECT_EQ(content_of(next_process, "/a"), "old");
}

TEST(SimDisk, LetsAnUnsyncedSectorSurviveVanishOrTear) {
  const std::string before(512, 'o');
  const std::string after(512, 'n');
  std::set<std::string> kinds;
  for (std::uint64_t seed = 0; seed < kFates; ++seed) {
    const auto disk = disk_with("/a", before, seed);
    SimFileSystem files{disk};
    write(files, "/a", after, false);
    disk->cut_power();
    const std::string left = content_of(files, "/a");
    kinds.insert(left == before ? "vanished" : left == after ? "survived" : "torn");
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"survived", "torn", "vanished"}));
}

TEST(SimDisk, DecidesEachSectorAlone) {
  bool only_the_second_survived = false;
  for (std::uint64_t seed = 0; seed < kFates && !only_the_second_survived; ++seed) {
    const auto disk = disk_with("/a", std::string(1024, 'o'), seed);
    SimFileSystem files{disk};
    write(files, "/a", std::string(1024, 'n'), false);
    disk->cut_power();
    only_the_second_survived =
        content_of(files, "/a") == std::string(512, 'o') + std::string(512, 'n');
  }
  EXPECT_TRUE(only_the_second_survived);
}

TEST(SimDisk, LosesTheLengthOfAGrownFileSeparatelyFromItsBytes) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < kFates; ++seed) {
    const auto disk = disk_with("/a", "old", seed);
    SimFileSystem files{disk};
    write(files, "/a", std::string(1024, 'n'), false);
    disk->cut_power();
    sizes.insert(content_of(files, "/a").size());
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{3, 1024}));
}

TEST(SimDisk, ReadsZerosWhereACutFileGrewAgain) {
  const auto disk = disk_with("/a", std::string(600, 'o'));
  SimFileSystem files{disk};
  {
    auto file = files.open("/a", OpenMode::write);
    ASSERT_TRUE((*file)->truncate(100));
    ASSERT_TRUE((*file)->truncate(600));
    ASSERT_TRUE((*file)->sync());
  }
  disk->cut_power();
  EXPECT_EQ(content_of(files, "/a"), std::string(100, 'o') + std::string(500, '\0'));
}

TEST(SimDisk, MayLoseANameThatWasNotSyncedWithItsDirectory) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < kFates; ++seed) {
    const auto disk = new_disk(seed);
    SimFileSystem files{disk};
    write(files, "/a", "synced", true);
    disk->cut_power();
    seen.insert(content_of(files, "/a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"(missing)", "synced"}));
}

TEST(SimDisk, KeepsARenameWhole) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < kFates; ++seed) {
    const auto disk = disk_with("/a", "content", seed);
    SimFileSystem files{disk};
    ASSERT_TRUE(files.rename("/a", "/b"));
    disk->cut_power();
    seen.insert(content_of(files, "/a") + content_of(files, "/b"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"(missing)content", "content(missing)"}));
}

TEST(SimDisk, LosesWhatBuildsOnALostChange) {
  for (std::uint64_t seed = 0; seed < kFates; ++seed) {
    const auto disk = new_disk(seed);
    SimFileSystem files{disk};
    write(files, "/a", "x", true);
    ASSERT_TRUE(files.rename("/a", "/b"));
    ASSERT_TRUE(files.rename("/b", "/c"));
    disk->cut_power();
    EXPECT_LE(files.list("/").value().size(), 1U);
  }
}

TEST(SimDisk, BringsAnUnlinkedFileBackIfTheUnlinkIsLost) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < kFates; ++seed) {
    const auto disk = disk_with("/a", "content", seed);
    SimFileSystem files{disk};
    ASSERT_TRUE(files.remove("/a"));
    disk->cut_power();
    seen.insert(content_of(files, "/a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"(missing)", "content"}));
}

TEST(SimDisk, ClonesIntoADiskWithALifeOfItsOwn) {
  const auto disk = disk_with("/a", "old");
  SimFileSystem files{disk};
  write(files, "/a", "new", false);
  const std::shared_ptr<SimDisk> copy = disk->clone(2);
  copy->lose_everything_unsynced();
  SimFileSystem copied{copy};
  EXPECT_EQ(content_of(copied, "/a"), "old");
  EXPECT_EQ(content_of(files, "/a"), "new");
}

TEST(SimFileSystem, ChangesNothingFromTheOperationOnAtWhichTheProcessCrashes) {
  const auto disk = disk_with("/a", "old");
  {
    SimFileSystem files{disk};
    auto file = files.open("/a", OpenMode::write);
    files.crash_after(2);
    EXPECT_TRUE((*file)->write_at(0, view_of("new")));
    EXPECT_FALSE((*file)->sync());
    EXPECT_FALSE((*file)->write_at(0, view_of("xxx")));
    EXPECT_FALSE(files.open("/b", OpenMode::create));
    EXPECT_TRUE(files.crashed());
  }
  SimFileSystem next_process{disk};
  EXPECT_EQ(content_of(next_process, "/a"), "new");
  EXPECT_EQ(next_process.list("/").value().size(), 1U);
}

TEST(SimFileSystem, CrashesRightAfterASyncThatIsDurableAlready) {
  const auto disk = disk_with("/a", "old");
  {
    SimFileSystem files{disk};
    auto file = files.open("/a", OpenMode::write);
    files.crash_at_next(SimFileSystem::Moment::after_sync);
    EXPECT_TRUE((*file)->write_at(0, view_of("new")));
    EXPECT_FALSE((*file)->sync());
  }
  disk->lose_everything_unsynced();
  SimFileSystem next_process{disk};
  EXPECT_EQ(content_of(next_process, "/a"), "new");
}

TEST(SimFileSystem, LosesThePagesOfAFailedSyncWithThePowerAlthoughTheNextSyncSucceeds) {
  const auto disk = disk_with("/a", "old");
  SimFileSystem files{disk};
  {
    auto file = files.open("/a", OpenMode::write);
    ASSERT_TRUE((*file)->write_at(0, view_of("new")));
    files.inject({.at_operation = files.operations() + 1, .kind = DiskFault::Kind::sync_error});
    EXPECT_FALSE((*file)->sync());
    EXPECT_TRUE((*file)->sync());
  }
  EXPECT_EQ(content_of(files, "/a"), "new");
  disk->cut_power();
  EXPECT_EQ(content_of(files, "/a"), "old");
}

TEST(SimFileSystem, FailsTheDrawnSyncOnceWhicheverProcessAsksForIt) {
  const auto disk = disk_with("/a", "old");
  std::vector<DiskFault::Kind> told;
  disk->on_fault([&](DiskFault::Kind kind) { told.push_back(kind); });
  disk->fail_after(2, DiskFault::Kind::sync_error);
  {
    SimFileSystem first{disk};
    write(first, "/a", "new", true);
  }
  SimFileSystem second{disk};
  auto file = second.open("/a", OpenMode::write);
  ASSERT_TRUE((*file)->write_at(0, view_of("bad")));
  EXPECT_FALSE((*file)->sync());
  EXPECT_TRUE((*file)->sync());
  EXPECT_EQ(told, std::vector{DiskFault::Kind::sync_error});
  EXPECT_EQ(content_of(second, "/a"), "bad");
  disk->cut_power();
  EXPECT_EQ(content_of(second, "/a"), "new");
}

TEST(SimFileSystem, FailsTheDrawnChangeOnceAndChangesNothing) {
  const auto disk = disk_with("/a", "old");
  SimFileSystem files{disk};
  disk->fail_after(1, DiskFault::Kind::io_error);
  EXPECT_EQ(files.rename("/a", "/b").error().code, Errc::io_error);
  EXPECT_EQ(content_of(files, "/a"), "old");
  EXPECT_TRUE(files.rename("/a", "/b"));
}

TEST(SimFileSystem, FailsTheDrawnReadOnce) {
  const auto disk = disk_with("/a", "old");
  SimFileSystem files{disk};
  auto file = files.open("/a", OpenMode::read);
  std::array<std::byte, 3> bytes{};
  disk->fail_after(2, DiskFault::Kind::read_error);
  EXPECT_TRUE((*file)->read_at(0, bytes));
  EXPECT_EQ((*file)->read_at(0, bytes).error().code, Errc::io_error);
  EXPECT_TRUE((*file)->read_at(0, bytes));
}

TEST(SimFileSystem, ForgetsAFaultThatHasNotHappened) {
  const auto disk = disk_with("/a", "old");
  SimFileSystem files{disk};
  disk->fail_after(1, DiskFault::Kind::read_error);
  disk->forget_fault();
  EXPECT_EQ(content_of(files, "/a"), "old");
}

TEST(SimFileSystem, RefusesToGrowBeyondItsCapacity) {
  const auto disk = new_disk();
  disk->options().capacity_bytes = 1000;
  SimFileSystem files{disk};
  auto file = files.open("/a", OpenMode::create);
  EXPECT_TRUE((*file)->write_at(0, view_of(std::string(1000, 'x'))));
  EXPECT_EQ((*file)->write_at(1000, view_of("y")).error().code, Errc::io_error);
}

TEST(SimFileSystem, HoldsALockUntilItsProcessEnds) {
  const auto disk = new_disk();
  SimFileSystem first{disk};
  SimFileSystem second{disk};
  auto held = first.lock("/LOCK");
  ASSERT_TRUE(held);
  EXPECT_EQ(second.lock("/LOCK").error().code, Errc::busy);
  first.crash();
  auto taken = second.lock("/LOCK");
  EXPECT_TRUE(taken);
  held = fail(Errc::io_error, "");  // the dead process's object goes, the new lock stays
  SimFileSystem third{disk};
  EXPECT_FALSE(third.lock("/LOCK"));
}

TEST(SimFileSystem, ChargesASyncItsDrawnCostAndItsStall) {
  using namespace std::chrono_literals;
  const auto disk = new_disk();
  SimFileSystem files{disk};
  auto file = files.open("/a", OpenMode::create);
  files.take_cost();
  ASSERT_TRUE((*file)->sync());
  EXPECT_GE(files.take_cost(), 60us);
  disk->stall_next_sync(3s);
  ASSERT_TRUE((*file)->sync());
  EXPECT_GE(files.take_cost(), 3s);
  ASSERT_TRUE((*file)->sync());
  EXPECT_LT(files.take_cost(), 1s);
}

}  // namespace
}  // namespace proa::testing
