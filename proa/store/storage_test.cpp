#include "proa/store/storage.hpp"

#include <gtest/gtest.h>

#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

using testing::SimDisk;
using testing::SimFileSystem;

const std::string kDirectory = "/srv/data";

std::shared_ptr<SimDisk> new_disk(std::uint64_t seed = 1) {
  return std::make_shared<SimDisk>(testing::SimDiskOptions{}, seed);
}

Result<Storage> open_on(const std::shared_ptr<SimDisk>& disk) {
  return open_storage(std::make_shared<SimFileSystem>(disk), kDirectory,
                      {.log = {.segment_bytes = WalOptions::kSegmentBytesMin}});
}

void put(const std::shared_ptr<SimDisk>& disk, const std::string& name, std::string_view content) {
  SimFileSystem files(disk);
  ASSERT_TRUE(files.create_directories(kDirectory));
  auto file = files.open(kDirectory + "/" + name, OpenMode::create);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->truncate(0));
  ASSERT_TRUE((*file)->write_at(0, view_of(content)));
}

/// Names and sizes of everything in the directory: what a refused start must leave alone.
std::string content_of(const std::shared_ptr<SimDisk>& disk) {
  SimFileSystem files(disk);
  std::string found;
  const auto entries = files.list(kDirectory);
  if (!entries) return "(missing)";
  for (const DirectoryEntry& entry : *entries) {
    found += entry.name + " ";
    if (entry.is_directory) continue;
    found += std::to_string(
        files.open(kDirectory + "/" + entry.name, OpenMode::read).value()->size().value());
  }
  return found;
}

EntryView one_entry() {
  const NewEntry entry{.index = LogIndex{1}, .term = Term{1}, .data = bytes_of("x")};
  return EntryView{wire::encode_block(std::span{&entry, 1})};
}

TEST(Storage, KeepsWhatItsStoresWereGivenThroughAPowerCut) {
  const auto disk = new_disk();
  {
    auto storage = open_on(disk);
    ASSERT_TRUE(storage);
    ASSERT_TRUE(storage->stable->open());
    ASSERT_TRUE(storage->logs->open());
    ASSERT_TRUE(storage->snapshots->open());
    ASSERT_TRUE(
        storage->stable->set(std::vector<KeyValue>{{.key = "term", .value = bytes_of("7")}}));
    ASSERT_TRUE(storage->logs->write({.entries = one_entry()}));
  }
  disk->lose_everything_unsynced();
  auto storage = open_on(disk);
  ASSERT_TRUE(storage) << to_string(storage.error());
  ASSERT_TRUE(storage->stable->open());
  EXPECT_EQ(storage->stable->get("term").value(), bytes_of("7"));
  EXPECT_EQ(storage->logs->open().value().log.entries.last, LogIndex{1});
}

TEST(Storage, RefusesASecondProcessAsLongAsAnyStoreOfTheFirstLives) {
  const auto disk = new_disk();
  std::shared_ptr<LogStore> logs;
  {
    auto storage = open_on(disk);
    ASSERT_TRUE(storage);
    logs = storage->logs;
  }
  const std::string before = content_of(disk);
  const auto second = open_on(disk);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::busy);
  EXPECT_NE(second.error().detail.find("in use by another process"), std::string::npos);
  EXPECT_EQ(content_of(disk), before);
  logs.reset();
  EXPECT_TRUE(open_on(disk));
}

TEST(Storage, RefusesADirectoryThatHoldsSomethingElseAndLeavesItAlone) {
  for (const std::string name : {"photo.jpg", "raft.db", "stable"}) {
    const auto disk = new_disk();
    put(disk, name, "precious");
    const std::string before = content_of(disk);
    const auto opened = open_on(disk);
    ASSERT_FALSE(opened) << name;
    EXPECT_EQ(opened.error().code, Errc::invalid_config);
    EXPECT_EQ(opened.error().outcome, Outcome::not_executed);
    EXPECT_EQ(opened.error().detail.find("hashicorp") != std::string::npos, name == "raft.db");
    EXPECT_EQ(content_of(disk), before);
  }
}

TEST(Storage, RefusesANewerFormatAndADamagedMarker) {
  const std::pair<const char*, Errc> cases[] = {
      {"proa data directory, format 2\n", Errc::unsupported_protocol},
      {"proa data directory, format 0\n", Errc::corrupt},
      {"proa data directory, format 1", Errc::corrupt},
      {"proa data directory, format x\n", Errc::corrupt},
      {"", Errc::corrupt}};
  for (const auto& [text, code] : cases) {
    const auto disk = new_disk();
    put(disk, "proa-format", text);
    const std::string before = content_of(disk);
    const auto opened = open_on(disk);
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, code) << text;
    EXPECT_EQ(content_of(disk), before);
  }
}

// Goal: a first start may be interrupted anywhere and the next one works. Method: cut the power at
// each of its operations.
TEST(Storage, StartsAfterAPowerCutAtAnyMomentOfTheFirstStart) {
  for (std::uint64_t crash_at = 1; crash_at < 40; ++crash_at) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const auto disk = new_disk(seed);
      {
        const auto files = std::make_shared<SimFileSystem>(disk);
        files->crash_after(crash_at);
        auto storage = open_storage(files, kDirectory,
                                    {.log = {.segment_bytes = WalOptions::kSegmentBytesMin}});
        if (storage && storage->stable->open()) (void)storage->logs->open();
      }
      disk->cut_power();
      auto storage = open_on(disk);
      ASSERT_TRUE(storage) << "crash at operation " << crash_at << ", seed " << seed << ": "
                           << to_string(storage.error());
      ASSERT_TRUE(storage->stable->open());
      ASSERT_TRUE(storage->logs->open());
      ASSERT_TRUE(storage->snapshots->open());
    }
  }
}

}  // namespace
}  // namespace proa
