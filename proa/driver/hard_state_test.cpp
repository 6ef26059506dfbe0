#include "proa/driver/hard_state.hpp"

#include <gtest/gtest.h>

#include <array>

#include "proa/store/memory_stable_store.hpp"

namespace proa::driver {
namespace {

TEST(SavedHardState, ComesBackAsItWas) {
  MemoryStableStore store;
  const HardState state{.term = {7},
                        .vote = Candidate{.id = {"b"}, .address = {"b:1"}},
                        .repair_floor = LogPosition{.term = {6}, .index = {300}}};
  ASSERT_TRUE(save(store, state));
  const auto loaded = load_hard_state(store);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, state);
}

TEST(SavedHardState, HasNoVoteInATermThatCameAfterIt) {
  MemoryStableStore store;
  ASSERT_TRUE(save(store, {.term = {7}, .vote = Candidate{.id = {"b"}, .address = {"b:1"}}}));
  ASSERT_TRUE(save(store, {.term = {8}}));
  EXPECT_EQ(*load_hard_state(store), HardState{.term = {8}});
}

TEST(SavedHardState, OfANewServerIsEmpty) {
  const MemoryStableStore store;
  EXPECT_EQ(*load_hard_state(store), HardState{});
}

// A store that knows no difference between nothing and no bytes gives these.
TEST(SavedHardState, OfNoBytesIsEmpty) {
  MemoryStableStore store;
  const std::array values{KeyValue{.key = "CurrentTerm", .value = SharedBytes::copy_of("")},
                          KeyValue{.key = "LastVoteTerm", .value = SharedBytes::copy_of("")}};
  ASSERT_TRUE(store.set(values));
  const auto loaded = load_hard_state(store);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, HardState{});
}

// The names are the model's (reference §4.1); the highest byte comes first, as in raft-boltdb.
TEST(SavedHardState, UsesTheModelsNames) {
  MemoryStableStore store;
  ASSERT_TRUE(save(store, {.term = {258}, .vote = Candidate{.id = {"b"}, .address = {"b:1"}}}));
  const std::string number{"\0\0\0\0\0\0\1\2", 8};
  EXPECT_EQ(text_of(**store.get("CurrentTerm")), number);
  EXPECT_EQ(text_of(**store.get("LastVoteTerm")), number);
  EXPECT_EQ(text_of(**store.get("LastVoteCand")), "b:1");
}

TEST(SavedHardState, ThatIsMalformedIsReported) {
  MemoryStableStore store;
  const std::array values{KeyValue{.key = "CurrentTerm", .value = SharedBytes::copy_of("7")}};
  ASSERT_TRUE(store.set(values));
  const auto loaded = load_hard_state(store);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::corrupt);
  EXPECT_NE(loaded.error().detail.find("CurrentTerm"), std::string::npos);
}

TEST(DataOfAServer, IsRefusedToAnother) {
  MemoryStableStore store;
  EXPECT_TRUE(check_server_id(store, {"a"}));
  ASSERT_TRUE(save_server_id(store, {"a"}));
  EXPECT_TRUE(check_server_id(store, {"a"}));
  const auto checked = check_server_id(store, {"b"});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::invalid_config);
}

TEST(DataOfAServer, IsRefusedOnceItHadALogAndHasNoneAnyMore) {
  MemoryStableStore store;
  const LogSummary untouched;
  LogSummary emptied;
  emptied.log.entries = {.first = {8}, .last = {7}};  // behind a snapshot
  EXPECT_TRUE(check_log(store, untouched));
  ASSERT_TRUE(note_log(store));
  ASSERT_TRUE(note_log(store));
  EXPECT_TRUE(check_log(store, emptied));
  LogSummary filled;
  filled.log.entries = {.first = {1}, .last = {3}};
  EXPECT_TRUE(check_log(store, filled));
  LogSummary rotten;
  rotten.rot_cut = LogPosition{.term = {1}, .index = {3}};
  EXPECT_TRUE(check_log(store, rotten)) << "what is left of it says that it was there";
  const auto checked = check_log(store, untouched);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::corrupt);
}

}  // namespace
}  // namespace proa::driver
