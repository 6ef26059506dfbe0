#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kv/detail/snapshot_format.hpp"
#include "kv/detail/test_support.hpp"

namespace proa::kv {
namespace {

using testing::HasSubstr;

void fill(Store& store, int keys, std::size_t value_bytes) {
  for (int number = 0; number < keys; ++number) {
    const std::string key = "key" + std::to_string(number);
    const std::string text(value_bytes, static_cast<char>('a' + number % 26));
    apply(store, SetCommand{.key = view_of(key), .value = view_of(text)},
          LogIndex{static_cast<std::uint64_t>(number) + 1});
  }
}

Result<void> restore(Store& store, std::string_view snapshot, std::size_t step = SIZE_MAX) {
  StringSource source{snapshot, step};
  return store.restore(source);
}

TEST(StoreSnapshot, RestoresWhatWasThere) {
  Store store;
  fill(store, 1000, 700);  // several blocks
  const std::string snapshot = snapshot_of(store);

  Store other;
  fill(other, 3, 1);
  ASSERT_TRUE(restore(other, snapshot, 1000));
  EXPECT_EQ(other.key_count(), 1000U);
  EXPECT_EQ(ask(other, QueryKind::value, {"key27"}), value(std::string(700, 'b')));
  EXPECT_EQ(snapshot_of(other), snapshot);
}

TEST(StoreSnapshot, OfAnEmptyStoreIsValid) {
  Store store;
  const std::string snapshot = snapshot_of(store);
  EXPECT_EQ(snapshot.size(), 28U);
  fill(store, 2, 1);
  ASSERT_TRUE(restore(store, snapshot));
  EXPECT_EQ(store.key_count(), 0U);
}

// What is written later is not in it, though it is written out after that.
TEST(StoreSnapshot, IsOfTheMomentItWasTaken) {
  Store store;
  fill(store, 10, 1);
  const std::string before = snapshot_of(store);
  const auto taken = store.snapshot();
  ASSERT_TRUE(taken);
  fill(store, 100, 2);
  StringSink sink;
  ASSERT_TRUE((*taken)->write_to(sink));
  EXPECT_EQ(sink.written, before);
}

TEST(StoreSnapshot, EverySingleChangedByteIsNoticed) {
  Store store;
  fill(store, 3, 4);
  const std::string snapshot = snapshot_of(store);
  for (std::size_t at = 0; at < snapshot.size(); ++at) {
    std::string damaged = snapshot;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    Store other;
    fill(other, 1, 9);
    EXPECT_FALSE(restore(other, damaged)) << "byte " << at;
    EXPECT_EQ(ask(other, QueryKind::value, {"key0"}), value("aaaaaaaaa"));
  }
}

TEST(StoreSnapshot, AnEarlyEndIsNoticed) {
  Store store;
  fill(store, 3, 4);
  const std::string snapshot = snapshot_of(store);
  for (std::size_t size = 0; size < snapshot.size(); ++size)
    EXPECT_FALSE(restore(store, std::string_view{snapshot}.substr(0, size))) << size;
}

TEST(StoreSnapshot, OfANewerVersionSaysSo) {
  Store store;
  std::string snapshot = snapshot_of(store);
  snapshot[8] = 2;
  const auto restored = restore(store, snapshot);
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Errc::unsupported_protocol);
  EXPECT_THAT(restored.error().detail, HasSubstr("version 2"));
}

}  // namespace
}  // namespace proa::kv
