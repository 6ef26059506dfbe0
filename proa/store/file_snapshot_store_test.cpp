#include "proa/store/file_snapshot_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proa/store/detail/snapshot_meta_json.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa {
namespace {

using testing::SimDisk;
using testing::SimFileSystem;

constexpr const char* kGolden = PROA_SOURCE_DIR "/tests/golden/stores/snapshots";
const std::string kDirectory = "/data";
constexpr std::string_view kOurKey = ",\"ProaMetaCRC\":\"";

std::shared_ptr<SimDisk> new_disk(std::uint64_t seed = 1) {
  return std::make_shared<SimDisk>(testing::SimDiskOptions{}, seed);
}

void put(FileSystem& files, const std::string& path, std::string_view content) {
  auto file = files.open(path, OpenMode::create);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->truncate(0));
  ASSERT_TRUE((*file)->write_at(0, view_of(content)));
  ASSERT_TRUE((*file)->sync());
}

std::string get(FileSystem& files, const std::string& path) {
  auto file = files.open(path, OpenMode::read);
  if (!file) return "(missing)";
  std::string content((*file)->size().value(), '\0');
  EXPECT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span{content})));
  return content;
}

/// A simulated disk with a directory that the real FileSnapshotStore has written.
std::shared_ptr<SimFileSystem> golden_files() {
  auto files = std::make_shared<SimFileSystem>(new_disk());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kGolden)) {
    const std::string path =
        kDirectory + "/" + std::filesystem::relative(entry.path(), kGolden).string();
    if (entry.is_directory()) {
      EXPECT_TRUE(files->create_directories(path));
    }
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kGolden)) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream content;
    content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    put(*files, kDirectory + "/" + std::filesystem::relative(entry.path(), kGolden).string(),
        content.str());
  }
  return files;
}

std::vector<std::string> ids_of(const SnapshotStore& snapshots) {
  std::vector<std::string> ids;
  const auto metas = snapshots.list();
  for (const SnapshotMeta& meta : *metas)
    ids.push_back(meta.id);
  return ids;
}

std::string state_of(const SnapshotStore& snapshots, const std::string& id) {
  auto opened = snapshots.open(id);
  if (!opened) return to_string(opened.error().code);
  std::string state;
  std::string chunk(7000, '\0');
  while (true) {
    const std::size_t count = opened->state->read(std::as_writable_bytes(std::span{chunk})).value();
    if (count == 0) return state;
    state.append(chunk, 0, count);
  }
}

SnapshotMeta meta_at(std::uint64_t term, std::uint64_t index) {
  return {.last = {.term = Term{term}, .index = LogIndex{index}},
          .configuration = {.configuration = {.servers = {{.id = {"n1"}, .address = {"n1:1"}}}},
                            .index = LogIndex{1}}};
}

FileSnapshotOptions options(std::size_t retain = 2, std::int64_t milliseconds = 1000) {
  return {.retain = retain, .unix_milliseconds = [milliseconds] { return milliseconds; }};
}

Result<std::string> save(SnapshotStore& snapshots, const SnapshotMeta& meta,
                         std::string_view state) {
  PROA_TRY(const auto sink, snapshots.create(meta));
  PROA_TRY(sink->write(view_of(state)));
  PROA_TRY(sink->close());
  return sink->id();
}

// Reference §5.4: by term first, then index, then id; the one left over is not among them.
TEST(FileSnapshotStore, ListsWhatHashicorpRaftHasWrittenInItsOrder) {
  FileSnapshotStore snapshots(golden_files(), kDirectory, options(10));
  ASSERT_TRUE(snapshots.open());
  EXPECT_EQ(ids_of(snapshots),
            (std::vector<std::string>{"37-130350-1795503957406", "37-130350-1795503957402",
                                      "36-204917-1795503957398", "9-100-1795503957394"}));
}

TEST(FileSnapshotStore, ReadsWhatHashicorpRaftHasWritten) {
  FileSnapshotStore snapshots(golden_files(), kDirectory, options(10));
  ASSERT_TRUE(snapshots.open());
  const SnapshotMeta meta = snapshots.open("37-130350-1795503957402")->meta;
  EXPECT_EQ(meta.last, (LogPosition{.term = Term{37}, .index = LogIndex{130350}}));
  EXPECT_EQ(meta.configuration.index, LogIndex{130000});
  ASSERT_EQ(meta.configuration.configuration.servers.size(), 2U);
  EXPECT_EQ(meta.configuration.configuration.servers[0].id.value,
            "a<b>&\"\\\xe2\x80\xa8\xc3\xa4\x01");
  EXPECT_EQ(meta.configuration.configuration.servers[1],
            (Server{.suffrage = Suffrage::staging, .id = {"n3"}, .address = {"[::1]:7000"}}));
  EXPECT_EQ(state_of(snapshots, "37-130350-1795503957402"), "123456789");
  EXPECT_EQ(state_of(snapshots, "37-130350-1795503957406").size(), 16384U);
  EXPECT_EQ(state_of(snapshots, "9-100-1795503957394"), "");
}

TEST(FileSnapshotStore, WritesMetaAsHashicorpRaftButForOurKey) {
  const auto files = golden_files();
  int compared = 0;
  const auto entries = files->list(kDirectory + "/snapshots");
  for (const DirectoryEntry& entry : *entries) {
    const std::string golden = get(*files, kDirectory + "/snapshots/" + entry.name + "/meta.json");
    const std::string ours = store::encode_meta(store::decode_meta(golden).value());
    const std::size_t key = ours.find(kOurKey);
    ASSERT_NE(key, std::string::npos);
    EXPECT_EQ(ours.substr(0, key) + "}\n", golden);
    ++compared;
  }
  EXPECT_EQ(compared, 5);
}

TEST(FileSnapshotStore, EscapesTextAsGoDoes) {
  store::MetaFile file;
  file.meta.configuration.configuration.servers = {
      {.id = {std::string("\b\f\n\r\t\x7f/\xff\xc3\xed\xa0\x80\xf0\x9f\x98\x80")}, .address = {}}};
  const std::string line = store::encode_meta(file);
  EXPECT_NE(line.find("\"ID\":\"\\b\\f\\n\\r\\t\x7f/"
                      "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\xf0\x9f\x98\x80\""),
            std::string::npos)
      << line;
}

TEST(FileSnapshotStore, ReadsAVersionThatKnowsPeersOnly) {
  const auto file = store::decode_meta(
      R"({"version":0,"ID":"1-7-1","iNDEX":7,"Term":1,"Peers":"ka0xMC4wLjAuMTo3MDAw","Size":0,)"
      R"("CRC":"AAAAAAAAAAA=","Unknown":{"a":[1.5]}})");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->meta.configuration.index, LogIndex{7});
  ASSERT_EQ(file->meta.configuration.configuration.servers.size(), 1U);
  EXPECT_EQ(file->meta.configuration.configuration.servers[0].id.value, "10.0.0.1:7000");
}

TEST(FileSnapshotStore, RefusesMetaThatIsDamagedOrOfANewerVersion) {
  const std::string line = store::encode_meta({.meta = meta_at(3, 14), .crc = 5});
  ASSERT_TRUE(store::decode_meta(line));
  for (const std::string_view digit : {"\"Index\":14", "\"Term\":3", "n1:1", "\"CRC\":\"AAAA"}) {
    std::string damaged = line;
    damaged[damaged.find(digit) + digit.size() - 1] = '2';
    const auto decoded = store::decode_meta(damaged);
    ASSERT_FALSE(decoded) << damaged;
    EXPECT_EQ(decoded.error().code, Errc::corrupt);
  }
  for (const std::string_view wrong : {"", "[]", "{\"Index\":-1}", "{\"ID\":5}", "{\"Index\":1.5}",
                                       "{\"Configuration\":{\"Servers\":[3]}}", "{\"Index\":1"}) {
    EXPECT_FALSE(store::decode_meta(wrong)) << wrong;
  }
  EXPECT_EQ(store::decode_meta("{\"Version\":2}").error().code, Errc::unsupported_protocol);
}

TEST(FileSnapshotStore, KeepsASnapshotThroughAPowerCutOnceItIsClosed) {
  const auto disk = new_disk();
  const std::string state(3'000'000, 's');
  std::string id;
  {
    FileSnapshotStore snapshots(std::make_shared<SimFileSystem>(disk), kDirectory, options());
    ASSERT_TRUE(snapshots.open());
    id = save(snapshots, meta_at(3, 14), state).value();
  }
  EXPECT_EQ(id, "3-14-1000");
  disk->lose_everything_unsynced();
  FileSnapshotStore snapshots(std::make_shared<SimFileSystem>(disk), kDirectory, options());
  ASSERT_TRUE(snapshots.open());
  ASSERT_EQ(ids_of(snapshots), (std::vector<std::string>{id}));
  SnapshotMeta expected = meta_at(3, 14);
  expected.id = id;
  expected.size = state.size();
  EXPECT_EQ(snapshots.list().value().front(), expected);
  EXPECT_EQ(state_of(snapshots, id), state);
}

// Goal: whenever the power goes, the snapshots that were there are there, and the new one wholly or
// not at all. Method: cut it at each operation of a create, write, close and reap.
TEST(FileSnapshotStore, ShowsAfterACrashAtAnyMomentWholeSnapshotsOnly) {
  for (std::uint64_t crash_at = 1; crash_at < 40; ++crash_at) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE("crash at operation " + std::to_string(crash_at) + ", seed " +
                   std::to_string(seed));
      const auto disk = new_disk(seed);
      bool closed = false;
      {
        const auto files = std::make_shared<SimFileSystem>(disk);
        FileSnapshotStore snapshots(files, kDirectory, options());
        ASSERT_TRUE(snapshots.open());
        ASSERT_TRUE(save(snapshots, meta_at(1, 10), "first"));
        ASSERT_TRUE(save(snapshots, meta_at(1, 20), "second"));
        files->crash_after(crash_at);
        closed = save(snapshots, meta_at(2, 15), std::string(5000, 't')).has_value();
      }
      disk->cut_power();
      FileSnapshotStore snapshots(std::make_shared<SimFileSystem>(disk), kDirectory, options());
      ASSERT_TRUE(snapshots.open());
      const auto ids = ids_of(snapshots);
      const bool there = std::count(ids.begin(), ids.end(), "2-15-1000") == 1;
      ASSERT_TRUE(there || !closed);
      EXPECT_TRUE(!there || state_of(snapshots, "2-15-1000") == std::string(5000, 't'));
      ASSERT_EQ(std::count(ids.begin(), ids.end(), "1-20-1000"), 1);
      EXPECT_EQ(state_of(snapshots, "1-20-1000"), "second");
    }
  }
}

TEST(FileSnapshotStore, KeepsAsManyAsItShouldAndRemovesTheOldestByTerm) {
  const auto files = std::make_shared<SimFileSystem>(new_disk());
  FileSnapshotStore snapshots(files, kDirectory, options(2));
  ASSERT_TRUE(snapshots.open());
  ASSERT_TRUE(save(snapshots, meta_at(1, 90), "old"));
  ASSERT_TRUE(save(snapshots, meta_at(2, 10), "second"));
  ASSERT_TRUE(save(snapshots, meta_at(2, 11), "newest"));
  EXPECT_EQ(ids_of(snapshots), (std::vector<std::string>{"2-11-1000", "2-10-1000"}));
  EXPECT_EQ(files->list(kDirectory + "/snapshots").value().size(), 2U);
}

// A power cut that keeps the removal of the files and loses the new name must leave nothing that is
// never removed: the state of a snapshot may fill a good part of the disk.
TEST(FileSnapshotStore, KeepsNoMoreThanItShouldAfterACrashInTheMiddleOfARemoval) {
  constexpr std::uint64_t kCrashesMax = 30;
  constexpr std::uint64_t kOperationsOfOpen = 8;
  constexpr std::uint64_t kFates = 160;
  for (std::uint64_t crash_at = 1; crash_at <= kCrashesMax; ++crash_at) {
    for (std::uint64_t seed = 1; seed <= kFates; ++seed) {
      const auto disk = new_disk(seed);
      {
        const auto files = std::make_shared<SimFileSystem>(disk);
        FileSnapshotStore snapshots(files, kDirectory, options(1));
        ASSERT_TRUE(snapshots.open());
        ASSERT_TRUE(save(snapshots, meta_at(1, 10), "first"));
        files->crash_after(crash_at);
        (void)save(snapshots, meta_at(1, 20), "second");
      }
      if (seed % 2 == 0) {  // the process alone has crashed; the next one ends in its open
        const auto files = std::make_shared<SimFileSystem>(disk);
        files->crash_after(seed / 2 % kOperationsOfOpen + 1);
        (void)FileSnapshotStore(files, kDirectory, options(1)).open();
      }
      disk->cut_power();
      const auto files = std::make_shared<SimFileSystem>(disk);
      FileSnapshotStore snapshots(files, kDirectory, options(1));
      ASSERT_TRUE(snapshots.open());
      ASSERT_TRUE(save(snapshots, meta_at(1, 30), "third"));
      ASSERT_EQ(files->list(kDirectory + "/snapshots").value().size(), 1U)
          << "crash " << crash_at << ", seed " << seed;
    }
  }
}

TEST(FileSnapshotStore, NamesTwoSnapshotsOfOneMomentApart) {
  FileSnapshotStore snapshots(std::make_shared<SimFileSystem>(new_disk()), kDirectory, options());
  ASSERT_TRUE(snapshots.open());
  EXPECT_EQ(save(snapshots, meta_at(1, 1), "a").value(), "1-1-1000");
  EXPECT_EQ(save(snapshots, meta_at(1, 1), "b").value(), "1-1-1001");
  EXPECT_EQ(ids_of(snapshots).front(), "1-1-1001");
}

TEST(FileSnapshotStore, RemovesWhatWasCancelledOrLetGoOrLeftBehind) {
  const auto files = std::make_shared<SimFileSystem>(new_disk());
  FileSnapshotStore snapshots(files, kDirectory, options());
  ASSERT_TRUE(snapshots.open());
  {
    auto cancelled = snapshots.create(meta_at(1, 1)).value();
    auto let_go = snapshots.create(meta_at(1, 2)).value();
    ASSERT_TRUE(cancelled->write(view_of("half")));
    ASSERT_TRUE(cancelled->cancel());
    ASSERT_TRUE(cancelled->cancel());
    ASSERT_TRUE(cancelled->close());
  }
  EXPECT_TRUE(files->list(kDirectory + "/snapshots").value().empty());
  ASSERT_TRUE(files->create_directories(kDirectory + "/snapshots/1-3-5.tmp"));
  put(*files, kDirectory + "/snapshots/1-3-5.tmp/state.bin", "half");
  ASSERT_TRUE(snapshots.open());
  EXPECT_TRUE(files->list(kDirectory + "/snapshots").value().empty());
}

// The log may begin behind it: whoever went on without it would take a disk that fails for a moment
// for one that has lost something.
TEST(FileSnapshotStore, SaysThatItCannotListWhatItCannotRead) {
  const auto disk = new_disk();
  const auto files = std::make_shared<SimFileSystem>(disk);
  FileSnapshotStore snapshots(files, kDirectory, options());
  ASSERT_TRUE(snapshots.open());
  ASSERT_TRUE(save(snapshots, meta_at(1, 1), "old"));
  ASSERT_TRUE(save(snapshots, meta_at(1, 2), "new"));
  for (std::uint64_t failing = 1; failing <= 2; ++failing) {
    disk->fail_after(failing, testing::DiskFault::Kind::read_error);
    const auto listed = snapshots.list();
    ASSERT_FALSE(listed) << failing;
    EXPECT_EQ(listed.error().code, Errc::io_error);
  }
  EXPECT_EQ(ids_of(snapshots).size(), 2U);
}

// A full disk must not fill up further with each attempt.
TEST(FileSnapshotStore, LeavesNothingUnfinishedBehindAfterAFailedClose) {
  for (std::uint64_t failing = 1;; ++failing) {
    const auto files = std::make_shared<SimFileSystem>(new_disk());
    FileSnapshotStore snapshots(files, kDirectory, options());
    ASSERT_TRUE(snapshots.open());
    auto sink = snapshots.create(meta_at(1, 1)).value();
    ASSERT_TRUE(sink->write(view_of("the state")));
    files->inject({.at_operation = files->operations() + failing,
                   .kind = testing::DiskFault::Kind::no_space});
    const bool closed = sink->close().has_value();
    const auto left = files->list(kDirectory + "/snapshots").value();
    for (const DirectoryEntry& entry : left) {
      EXPECT_FALSE(entry.name.ends_with(".tmp")) << "operation " << failing << " of close failed";
    }
    if (closed) return;
  }
}

// Whoever restores a state from outside goes on without it only if no later start can find it.
TEST(FileSnapshotStore, SaysOfAFailedCloseWhetherTheSnapshotMayBeThere) {
  bool was_unsure = false;
  bool did_not_mind = false;
  for (std::uint64_t failing = 1; failing < 20; ++failing) {
    const auto files = std::make_shared<SimFileSystem>(new_disk());
    FileSnapshotStore snapshots(files, kDirectory, options(1));
    ASSERT_TRUE(snapshots.open());
    const std::string old = save(snapshots, meta_at(1, 1), "old").value();
    auto sink = snapshots.create(meta_at(1, 2)).value();
    ASSERT_TRUE(sink->write(view_of("the state")));
    files->inject({.at_operation = files->operations() + failing});
    const Result<void> closed = sink->close();
    const std::vector<std::string> ids = ids_of(snapshots);
    const bool is_there = std::find(ids.begin(), ids.end(), sink->id()) != ids.end();
    if (closed) {
      EXPECT_TRUE(is_there) << failing;
      did_not_mind |= files->exists(kDirectory + "/snapshots/" + old).value();
    } else if (closed.error().outcome == Outcome::not_executed) {
      EXPECT_FALSE(is_there) << failing;
    } else {
      was_unsure |= is_there;
    }
  }
  EXPECT_TRUE(was_unsure);
  EXPECT_TRUE(did_not_mind);  // that the old one could not be removed
}

TEST(FileSnapshotStore, ReportsRotAndWhatIsNotThere) {
  const auto disk = new_disk();
  FileSnapshotStore snapshots(std::make_shared<SimFileSystem>(disk), kDirectory, options());
  ASSERT_TRUE(snapshots.open());
  const std::string id = save(snapshots, meta_at(1, 1), "the state").value();
  EXPECT_EQ(state_of(snapshots, "1-1-7"), "snapshot_not_found");
  EXPECT_EQ(state_of(snapshots, ""), "snapshot_not_found");
  EXPECT_EQ(state_of(snapshots, "../data"), "snapshot_not_found");
  ASSERT_TRUE(disk->flip_bit(kDirectory + "/snapshots/" + id + "/state.bin", 4, 1));
  EXPECT_EQ(state_of(snapshots, id), "corrupt");
}

TEST(FileSnapshotStore, SyncsALargeStateInPieces) {
  const auto files = std::make_shared<SimFileSystem>(new_disk());
  FileSnapshotStore snapshots(files, kDirectory, options());
  ASSERT_TRUE(snapshots.open());
  auto sink = snapshots.create(meta_at(1, 1)).value();
  const std::uint64_t before = files->syncs();
  for (int i = 0; i < 33; ++i) {
    ASSERT_TRUE(sink->write(view_of(std::string(std::size_t{1} << 20, 'x'))));
  }
  EXPECT_EQ(files->syncs() - before, 4U);
  ASSERT_TRUE(sink->close());
}

}  // namespace
}  // namespace proa
