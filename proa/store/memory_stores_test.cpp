#include <gtest/gtest.h>

#include "proa/store/memory_log_store.hpp"
#include "proa/store/memory_snapshot_store.hpp"
#include "proa/store/memory_stable_store.hpp"
#include "proa/testing/log_model.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

using testing::LogModel;
using testing::LogStep;
using testing::LogWorkload;

void carry_out(LogStore& log, const LogStep& step) {
  if (step.write) {
    ASSERT_TRUE(log.write(*step.write));
  } else {
    ASSERT_TRUE(log.truncate_prefix(*step.truncate_prefix));
  }
}

EntryView commands(std::uint64_t first, std::uint64_t count, std::size_t bytes) {
  std::vector<NewEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(
        {.index = LogIndex{first + i}, .term = Term{1}, .data = bytes_of(std::string(bytes, 'x'))});
  }
  return EntryView{wire::encode_block(entries)};
}

// Goal: after any sequence of steps the store says what the simplest model says. Method: random
// steps, the summary and a random part of the log compared after each.
TEST(MemoryLogStore, SaysAfterEveryStepWhatTheModelSays) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LogModel model;
    LogWorkload workload({.restart_percent = 3, .restart_back_percent = 30}, seed);
    Random random(seed);
    MemoryLogStore log;
    for (int i = 0; i < 200; ++i) {
      const LogStep step = workload.next(model);
      apply(model, step);
      carry_out(log, step);
      ASSERT_EQ(log.open().value(), model.summary());
      if (model.empty()) continue;
      const LogIndex from{random.between(model.first().value, model.last().value)};
      const LogIndex to{random.between(from.value, model.last().value + 2)};
      const std::size_t bytes_max = random.below(2000);
      ASSERT_EQ(log.read({from, to}, bytes_max).value(),
                model.entries({from, std::min(to, model.last())}).prefix(SIZE_MAX, bytes_max));
    }
  }
}

TEST(MemoryLogStore, ReadsAtLeastOneEntryHoweverSmallTheLimit) {
  MemoryLogStore log;
  ASSERT_TRUE(log.write({.entries = commands(1, 5, 100)}));
  EXPECT_EQ(log.read({LogIndex{2}, LogIndex{5}}, 1).value().size(), 1U);
}

TEST(MemoryLogStore, SaysThatAnEntryOutsideTheLogIsNotThere) {
  MemoryLogStore log;
  ASSERT_TRUE(log.write({.entries = commands(1, 5, 10)}));
  ASSERT_TRUE(log.truncate_prefix(LogIndex{2}));
  for (const LogIndex outside : {LogIndex{0}, LogIndex{2}, LogIndex{6}}) {
    const auto read = log.read({outside, LogIndex{9}}, 1000);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::log_not_found);
  }
}

TEST(MemoryStableStore, KeepsWhatWasSetLast) {
  MemoryStableStore stable;
  EXPECT_EQ(stable.get("term").value(), std::nullopt);
  ASSERT_TRUE(stable.set(std::vector<KeyValue>{{.key = "term", .value = bytes_of("1")}}));
  ASSERT_TRUE(stable.set(std::vector<KeyValue>{{.key = "term", .value = bytes_of("2")},
                                               {.key = "vote", .value = bytes_of("a")}}));
  EXPECT_EQ(stable.get("term").value(), bytes_of("2"));
  EXPECT_EQ(stable.get("vote").value(), bytes_of("a"));
}

SnapshotMeta meta_at(std::uint64_t term, std::uint64_t index) {
  return {.last = {.term = Term{term}, .index = LogIndex{index}}};
}

std::string state_of(const SnapshotStore& snapshots, const std::string& id) {
  auto opened = snapshots.open(id);
  if (!opened) return to_string(opened.error().code);
  std::string state(100, '\0');
  state.resize(opened->state->read(std::as_writable_bytes(std::span{state})).value());
  return state;
}

std::string save(SnapshotStore& snapshots, const SnapshotMeta& meta, std::string_view state) {
  auto sink = snapshots.create(meta).value();
  EXPECT_TRUE(sink->write(view_of(state)));
  EXPECT_TRUE(sink->close());
  EXPECT_TRUE(sink->close());
  EXPECT_TRUE(sink->cancel());
  return sink->id();
}

TEST(MemorySnapshotStore, ListsTheNewestFirstByTermThenIndexAndKeepsAsManyAsItShould) {
  MemorySnapshotStore snapshots(2);
  save(snapshots, meta_at(1, 90), "old");
  const std::string second = save(snapshots, meta_at(2, 10), "second");
  const std::string newest = save(snapshots, meta_at(2, 11), "newest");
  const auto list = snapshots.list().value();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].id, newest);
  EXPECT_EQ(list[0].size, 6U);
  EXPECT_EQ(list[1].id, second);
  EXPECT_EQ(state_of(snapshots, newest), "newest");
}

TEST(MemorySnapshotStore, ShowsNothingOfASnapshotThatWasNotClosed) {
  MemorySnapshotStore snapshots;
  auto sink = snapshots.create(meta_at(1, 1)).value();
  ASSERT_TRUE(sink->write(view_of("half")));
  EXPECT_TRUE(snapshots.list().value().empty());
  ASSERT_TRUE(sink->cancel());
  ASSERT_TRUE(sink->close());
  EXPECT_TRUE(snapshots.list().value().empty());
  EXPECT_EQ(state_of(snapshots, sink->id()), "snapshot_not_found");
}

}  // namespace
}  // namespace proa
