#include "proa/testing/power_cuts.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "proa/testing/sim_file_system.hpp"

namespace proa::testing {
namespace {

constexpr std::size_t kSector = 512;

std::shared_ptr<SimDisk> new_disk() {
  return std::make_shared<SimDisk>(SimDiskOptions{.sector_bytes = kSector, .keep_versions = true},
                                   1);
}

void write(FileSystem& files, const std::string& path, const std::string& text) {
  auto file = files.open(path, OpenMode::create);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(0, view_of(text)));
}

void sync(FileSystem& files, const std::string& path) {
  ASSERT_TRUE((*files.open(path, OpenMode::write))->sync());
  ASSERT_TRUE(files.sync_directory("/"));
}

std::string content_of(const std::shared_ptr<SimDisk>& disk, const std::string& path) {
  SimFileSystem files{disk};
  auto file = files.open(path, OpenMode::read);
  if (!file) return "(missing)";
  std::string text((*file)->size().value(), '\0');
  EXPECT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span{text})));
  return text;
}

/// What `path` holds after each outcome there is.
std::multiset<std::string> contents(const PowerCuts& cuts, const std::string& path) {
  std::multiset<std::string> all;
  std::vector<std::uint8_t> fates(cuts.unsynced().size());
  while (true) {
    all.insert(content_of(cuts.outcome(fates), path));
    std::size_t at = 0;
    while (at < fates.size() && ++fates[at] == cuts.unsynced()[at].fates())
      fates[at++] = 0;
    if (at == fates.size()) return all;
  }
}

TEST(PowerCuts, HaveOneOutcomeWhereEverythingIsSynced) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", "durable");
  sync(files, "/a");
  const PowerCuts cuts(*disk);
  EXPECT_TRUE(cuts.unsynced().empty());
  EXPECT_EQ(contents(cuts, "/a"), (std::multiset<std::string>{"durable"}));
}

TEST(PowerCuts, LetASectorVanishSurviveTearInTheMiddleOfWhatDiffersOrBecomeNoise) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", "..abcd");
  sync(files, "/a");
  write(files, "/a", "..wxyz");
  const PowerCuts cuts(*disk);
  const auto seen = contents(cuts, "/a");
  EXPECT_EQ(seen.size(), 5U);
  for (const std::string one : {"..abcd", "..wxyz", "..wxcd", "..abyz"}) {
    EXPECT_EQ(seen.count(one), 1U) << one;
  }
}

TEST(PowerCuts, SayOfASectorThatItsBytesStayTheSame) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", std::string(2 * kSector, 'o'));
  sync(files, "/a");
  write(files, "/a", std::string(kSector, 'o') + std::string(kSector, 'n'));
  const PowerCuts cuts(*disk);
  ASSERT_EQ(cuts.unsynced().size(), 2U);
  EXPECT_TRUE(cuts.unsynced()[0].equal);
  EXPECT_FALSE(cuts.unsynced()[1].equal);
}

TEST(PowerCuts, BringBackWhatASectorHeldBetweenTwoWrites) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", "1");
  sync(files, "/a");
  write(files, "/a", "2");
  write(files, "/a", "3");
  const PowerCuts cuts(*disk);
  ASSERT_EQ(cuts.unsynced().size(), 1U);
  EXPECT_EQ(cuts.unsynced()[0].versions, 3);
  const auto seen = contents(cuts, "/a");
  for (const std::string one : {"1", "2", "3"}) {
    EXPECT_GE(seen.count(one), 1U) << one;
  }
}

TEST(PowerCuts, LetALengthSurviveWithoutItsBytesAndHalf) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", "");
  sync(files, "/a");
  write(files, "/a", std::string(4 * kSector, 'n'));
  const PowerCuts cuts(*disk);
  ASSERT_EQ(cuts.unsynced().front().kind, Unsynced::Kind::length);
  std::set<std::size_t> sizes;
  std::vector<std::uint8_t> fates(cuts.unsynced().size());
  for (fates[0] = 0; fates[0] < cuts.unsynced()[0].fates(); ++fates[0]) {
    const std::string left = content_of(cuts.outcome(fates), "/a");
    EXPECT_EQ(left, std::string(left.size(), '\0'));
    sizes.insert(left.size());
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{0, 2 * kSector, 4 * kSector}));
}

TEST(PowerCuts, DecideEachNameAloneButLoseWhatBuildsOnALostOne) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", "");
  ASSERT_TRUE(files.rename("/a", "/b"));
  const PowerCuts cuts(*disk);
  ASSERT_EQ(cuts.unsynced().size(), 2U);
  const auto names = [&](std::uint8_t created, std::uint8_t renamed) {
    const std::uint8_t fates[] = {created, renamed};
    SimFileSystem left{cuts.outcome(fates)};
    std::string text;
    const auto entries = left.list("/");
    for (const DirectoryEntry& entry : *entries)
      text += entry.name;
    return text;
  };
  EXPECT_EQ(names(0, 0), "");
  EXPECT_EQ(names(0, 1), "");
  EXPECT_EQ(names(1, 0), "a");
  EXPECT_EQ(names(1, 1), "b");
}

TEST(PowerCuts, LeaveTheDiskAsItWas) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", "kept");
  const std::uint64_t before = disk->fingerprint();
  const PowerCuts cuts(*disk);
  const std::vector<std::uint8_t> lost(cuts.unsynced().size());
  EXPECT_EQ(content_of(cuts.outcome(lost), "/a"), "(missing)");
  EXPECT_EQ(disk->fingerprint(), before);
  EXPECT_EQ(content_of(disk, "/a"), "kept");
}

TEST(SimDisk, HasAFingerprintThatTellsPageCacheAndMediumApart) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  write(files, "/a", "old");
  sync(files, "/a");
  const std::uint64_t old = disk->fingerprint();
  write(files, "/a", "new");
  const std::uint64_t unsynced = disk->fingerprint();
  EXPECT_NE(unsynced, old);
  EXPECT_EQ(disk->clone(9)->fingerprint(), unsynced);
  sync(files, "/a");
  EXPECT_NE(disk->fingerprint(), unsynced);
  write(files, "/a", "old");
  sync(files, "/a");
  EXPECT_EQ(disk->fingerprint(), old);
}

TEST(SimFileSystem, TellsOfEachChangeBeforeItHappens) {
  const auto disk = new_disk();
  SimFileSystem files{disk};
  std::vector<std::string> told;
  files.set_on_change([&](const DiskOperation& operation) {
    told.push_back(std::string(operation.what) + " " + operation.path + " " +
                   std::to_string(operation.bytes) + " " + content_of(disk, "/a"));
  });
  write(files, "/a", "new");
  EXPECT_EQ(told, (std::vector<std::string>{"create /a 0 (missing)", "write /a 3 "}));
}

TEST(SimFileSystem, CrashesInAWriteOfWhichThatMuchReachesThePageCache) {
  const auto disk = new_disk();
  {
    SimFileSystem files{disk};
    auto file = files.open("/a", OpenMode::create);
    files.crash_after(1, 4);
    EXPECT_FALSE((*file)->write_at(0, view_of("1234567")));
  }
  EXPECT_EQ(content_of(disk, "/a"), "1234");
}

}  // namespace
}  // namespace proa::testing
