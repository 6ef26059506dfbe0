#include <gtest/gtest.h>

#include "proa/driver/calls.hpp"
#include "proa/testing/detail/resources.hpp"
#include "proa/testing/sim_cluster.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa::testing {
namespace {

/// A server that may hold 10 proposals, 1000 bytes of them and as many of durable entries.
struct ResourcesOfAServer : ::testing::Test {
  ResourcesOfAServer() {
    config.inbox_requests_max = 10;
    config.inbox_bytes_max = 1000;
    config.tail_cache_bytes_max = 1000;
  }
  std::string beyond(const driver::Holdings& held) const {
    return beyond_limits(held, config, basis).value_or("");
  }
  Config config;
  ResourceBasis basis{.servers = 3, .window_requests = 16, .snapshots_retained = 2};
};

TEST_F(ResourcesOfAServer, MayReachEachLimit) {
  EXPECT_EQ(beyond({}), "");
  EXPECT_EQ(beyond({.inbox_proposals = 10,
                    .inbox_bytes = 1000,
                    .inbox_calls = 40 + 64 + 2 * 64 + 1 + 64 + 1,
                    .open_waiters = 20 + driver::kChangesInLogMax,
                    .open_rounds = 1,
                    .open_calls = driver::kOpenCallsMax + 1,
                    .running_queries = 1024,
                    .applied_waits = 2 * driver::kOpenCallsMax,
                    .leader_waits = driver::kOpenCallsMax,
                    .tail_bytes = 1000,
                    .undurable_entries = 3,
                    .waiting_writes = 3 + 64,
                    .interludes = 4,
                    .open_requests = 4 * 3 * 48,
                    .links = 6,
                    .requests_on_a_link = 48}),
            "");
}

TEST_F(ResourcesOfAServer, AreBeyondALimitWithOneMore) {
  EXPECT_EQ(beyond({.inbox_proposals = 11}), "11 proposals in the inbox, at most 10");
  EXPECT_EQ(beyond({.inbox_bytes = 1001}), "1001 bytes of proposals in the inbox, at most 1000");
  EXPECT_EQ(beyond({.inbox_calls = 299}), "299 calls in the inbox, at most 298");
  EXPECT_EQ(beyond({.open_waiters = 85}),
            "85 entries that are taken up and not answered, at most 84");
  EXPECT_EQ(beyond({.open_rounds = 2}), "2 rounds that are not committed, at most 1");
  EXPECT_EQ(beyond({.open_calls = 65538}), "65538 open calls, at most 65537");
  EXPECT_EQ(beyond({.running_queries = 1025}), "1025 queries with the state machine, at most 1024");
  EXPECT_EQ(beyond({.applied_waits = 131073}),
            "131073 callers that wait for an index, at most 131072");
  EXPECT_EQ(beyond({.leader_waits = 65537}), "65537 callers that wait for a leader, at most 65536");
  EXPECT_EQ(beyond({.undurable_entries = 2, .waiting_writes = 67}),
            "67 writes that wait for the log, at most 66");
  EXPECT_EQ(beyond({.interludes = 5}), "5 tasks that wait for the state machine, at most 4");
  EXPECT_EQ(beyond({.open_requests = 577}), "577 open requests of other servers, at most 576");
  EXPECT_EQ(beyond({.links = 7}), "7 links to other servers, at most 6");
  EXPECT_EQ(beyond({.requests_on_a_link = 49}), "49 unanswered requests on a link, at most 48");
}

// What is not durable has to be in memory, so it counts against a limit of its own.
TEST_F(ResourcesOfAServer, CountDurableEntriesInMemoryOnlyIfThereAreSome) {
  EXPECT_EQ(beyond({.tail_bytes = 1001, .undurable_bytes = 1001}), "");
  EXPECT_EQ(beyond({.tail_bytes = 1001, .undurable_bytes = 1000}),
            "1001 bytes in the tail, durable ones among them, at most 1000");
  const std::size_t most = 2 * 1000 + 2 * 10 * 512;
  EXPECT_EQ(beyond({.tail_bytes = most, .undurable_bytes = most}), "");
  EXPECT_EQ(beyond({.tail_bytes = most + 1, .undurable_bytes = most + 1}),
            "12241 bytes of entries that are not durable, at most 12240");
}

struct ResourcesOfADisk : ResourcesOfAServer {
  void make(const std::string& path) {
    ASSERT_TRUE(files.create_directories(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(files.open(path, OpenMode::create));
  }
  std::string look() { return limits.look(kept_on(*disk), basis).value_or(""); }

  std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>(SimDiskOptions{}, Choices{1});
  SimFileSystem files{disk};
  DiskLimits limits;
};

TEST_F(ResourcesOfADisk, CountWhatIsBesideTheLog) {
  for (const char* path : {"wal/00000001-1.wal", "wal/1.spare", "wal/2.spare", "stable/x",
                           "state/snapshots/1-1-1/meta.json", "state/snapshots/1-1-1/state.bin",
                           "state/snapshots/1-2-2.tmp/meta.json", "state/snapshots/permTest"})
    make(path);
  const KeptFiles kept = kept_on(*disk);
  EXPECT_EQ(kept.snapshots, 1U);
  EXPECT_EQ(kept.unfinished_snapshots, 1U);
  EXPECT_EQ(kept.spare_segments, 2U);
}

TEST_F(ResourcesOfADisk, AreBeyondALimitWithOneMore) {
  for (const char* name : {"1-1-1", "1-2-2"})
    make(std::string("state/snapshots/") + name + "/meta.json");
  for (const char* name : {"1", "2", "3"}) {
    make("state/snapshots/1-3-" + std::string(name) + ".tmp/meta.json");
    make("wal/" + std::string(name) + ".spare");
  }
  make("state/snapshots/permTest");
  make("wal/copy");
  EXPECT_EQ(look(), "");
  make("wal/4.spare");
  EXPECT_EQ(look(), "4 spare segments on disk, at most 3");
  ASSERT_TRUE(files.remove("wal/4.spare"));
  make("state/snapshots/1-3-4.tmp/meta.json");
  EXPECT_EQ(look(), "4 unfinished snapshots on disk, at most 3");
  ASSERT_TRUE(files.remove("state/snapshots/1-3-4.tmp/meta.json"));
  make("wal/copy2");
  EXPECT_EQ(look(), "3 passing files on disk, at most 2");
  make("state/snapshots/1-3-3/meta.json");
  EXPECT_EQ(look(), "3 snapshots on disk, at most 2");
}

// A crash between a snapshot's new name and the removal of the oldest leaves one too many. Once
// that is removed, the next one is a fault again.
TEST_F(ResourcesOfADisk, ExcuseWhatACrashHasLeftUntilItIsRemoved) {
  for (const char* name : {"1-1-1", "1-2-2", "1-3-3"})
    make(std::string("state/snapshots/") + name + "/meta.json");
  limits.excuse_one();
  EXPECT_EQ(look(), "");
  EXPECT_EQ(look(), "");
  ASSERT_TRUE(files.remove("state/snapshots/1-1-1/meta.json"));
  EXPECT_EQ(look(), "");
  make("state/snapshots/1-4-4/meta.json");
  EXPECT_EQ(look(), "3 snapshots on disk, at most 2");
}

// A snapshot of which rot has taken the description is not known as one any more.
TEST_F(ResourcesOfADisk, ExcuseSnapshotsOnARottenDisk) {
  for (const char* name : {"1-1-1", "1-2-2", "1-3-3"})
    make(std::string("state/snapshots/") + name + "/meta.json");
  limits.excuse_snapshots();
  EXPECT_EQ(look(), "");
}

}  // namespace
}  // namespace proa::testing
