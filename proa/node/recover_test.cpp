#include "proa/node/recover.hpp"

#include <gtest/gtest.h>

#include "proa/driver/hard_state.hpp"
#include "proa/driver/test_support.hpp"
#include "proa/node/detail/fsms_test.hpp"
#include "proa/node/detail/restore_newest.hpp"
#include "proa/store/memory_log_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/store/memory_stable_store.hpp"

namespace proa {
namespace {

struct Recovery : ::testing::Test {
  Stores stores() { return {.logs = logs, .stable = stable, .snapshots = snapshots}; }
  static Configuration alone() { return {.servers = {{.id = {"a"}, .address = {"a:1"}}}}; }
  static Config config() {
    Config config;
    config.local_id = {"a"};
    return config;
  }
  void store(LogPosition last, const std::string& text) {
    const auto sink = *snapshots.create(
        {.last = last, .configuration = {.configuration = alone(), .index = {1}}});
    ASSERT_TRUE(sink->write(view_of(text)));
    ASSERT_TRUE(sink->close());
  }

  MemoryLogStore logs;
  MemoryStableStore stable;
  MemorySnapshotStore snapshots{2};
  TextFsm fsm;
};

// Reference §1.8: what is in the log counts as committed, and the configuration is the given one.
TEST_F(Recovery, PutsSnapshotAndLogIntoANewSnapshotWithTheNewConfiguration) {
  store({{1}, {3}}, "s");
  ASSERT_TRUE(driver::save(stable, HardState{.term = {7}}));
  ASSERT_TRUE(logs.write(
      {.restart_after = LogPosition{{1}, {3}}, .entries = driver::entries_at(4, {2, 2})}));
  const Result<void> done = recover_cluster(config(), fsm, stores(), alone());
  ASSERT_TRUE(done) << to_string(done.error());

  const SnapshotMeta newest = snapshots.list()->front();
  EXPECT_EQ(newest.last, (LogPosition{{2}, {5}}));
  EXPECT_EQ(newest.configuration, (ConfigurationAt{alone(), {1}}));
  TextFsm again;
  ASSERT_TRUE(restore_newest(again, snapshots));
  EXPECT_EQ(again.text, "sc4c5");
  EXPECT_TRUE(logs.open()->log.entries.empty());
  EXPECT_EQ(logs.open()->log.entries.first, LogIndex{6});
  EXPECT_EQ(driver::load_hard_state(stable)->term, Term{7}) << "terms and votes are kept";
}

TEST_F(Recovery, CanBeRepeated) {
  ASSERT_TRUE(logs.write({.entries = driver::entries_at(1, {1, 1})}));
  ASSERT_TRUE(recover_cluster(config(), fsm, stores(), alone()));
  TextFsm second;
  const Result<void> done = recover_cluster(config(), second, stores(), alone());
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ(second.text, "c1c2");
  EXPECT_EQ(snapshots.list()->front().last, (LogPosition{{1}, {2}}));
}

TEST_F(Recovery, IsRefusedWhereThereIsNothing) {
  const Result<void> done = recover_cluster(config(), fsm, stores(), alone());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::invalid_config);
}

// Reference §1.7: the newest that can be read.
TEST_F(Recovery, FallsBackToAnOlderSnapshotIfTheNewestCannotBeRead) {
  store({{1}, {3}}, "old");
  store({{1}, {5}}, "rotten");
  const auto restored = restore_newest(fsm, snapshots);
  ASSERT_TRUE(restored);
  EXPECT_EQ((*restored)->last.index, LogIndex{3});
  EXPECT_EQ(fsm.text, "old");
}

/// A disk that cannot be read for a while: at the open of a snapshot, or in the middle of its
/// state.
struct UnreadableSnapshots final : SnapshotStore {
  struct BrokenSource final : ByteSource {
    Result<std::size_t> read(std::span<std::byte>) override {
      return fail(Errc::io_error, "state.bin: Input/output error");
    }
  };
  explicit UnreadableSnapshots(SnapshotStore& from) : inner(from) {}
  Result<void> open() override { return inner.open(); }
  Result<std::unique_ptr<SnapshotSink>> create(const SnapshotMeta& meta) override {
    return inner.create(meta);
  }
  Result<std::vector<SnapshotMeta>> list() const override { return inner.list(); }
  Result<OpenSnapshot> open(const std::string& id) const override {
    if (!opens) return fail(Errc::io_error, "meta.json: Input/output error");
    PROA_TRY(OpenSnapshot snapshot, inner.open(id));
    snapshot.state = std::make_unique<BrokenSource>();
    return snapshot;
  }
  SnapshotStore& inner;
  bool opens = false;
};

// The log may begin behind its end: an older snapshot would leave a gap.
TEST_F(Recovery, FailsIfTheNewestSnapshotCannotBeReadNow) {
  store({{1}, {3}}, "old");
  store({{1}, {5}}, "new");
  UnreadableSnapshots unreadable(snapshots);
  EXPECT_EQ(restore_newest(fsm, unreadable).error().code, Errc::io_error);
  unreadable.opens = true;
  EXPECT_EQ(restore_newest(fsm, unreadable).error().code, Errc::io_error);
  EXPECT_EQ(fsm.text, "");
}

TEST_F(Recovery, FailsIfThereAreSnapshotsAndNoneCanBeRead) {
  store({{1}, {5}}, "rotten");
  EXPECT_EQ(restore_newest(fsm, snapshots).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace proa
