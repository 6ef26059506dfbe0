#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "kv/detail/test_support.hpp"
#include "proa/base/random.hpp"

// Goal: a snapshot is of one moment, though commands are applied while it is written out, and
// answers are whole ones. Method: each command writes the same number to two keys, of which one is
// chosen at random out of many; on other threads snapshots are written and restored elsewhere, and
// the store is read.

namespace proa::kv {
namespace {

constexpr std::uint64_t kCommands = 8000;
constexpr std::uint64_t kKeys = 3000;
constexpr std::uint64_t kCommandsPerSnapshot = 200;

class StoreThreads : public ::testing::Test {
 protected:
  /// The fsm lane.
  void apply_all() {
    Random random{1};
    for (std::uint64_t number = 1; number <= kCommands; ++number) {
      const std::string text = std::to_string(number);
      const std::string key = "key" + std::to_string(random.below(kKeys));
      apply(store_,
            SetManyCommand{
                .pairs = {{view_of("newest"), view_of(text)}, {view_of(key), view_of(text)}}},
            LogIndex{number});
      if (number % kCommandsPerSnapshot == 0) take_snapshot();
    }
    done_ = true;
  }

  /// The one before is written out by now: the node takes one at a time.
  void take_snapshot() {
    while (is_taken_.load())
      std::this_thread::yield();
    taken_ = std::move(*store_.snapshot());
    is_taken_ = true;
  }

  /// The snapshot lane.
  void write_snapshots() {
    while (!done_ || is_taken_) {
      if (!is_taken_) {
        std::this_thread::yield();
        continue;
      }
      StringSink sink;
      ASSERT_TRUE(taken_->write_to(sink));
      taken_.reset();
      is_taken_ = false;
      check(sink.written);
      ++snapshots_;
    }
  }

  /// No key holds a number beyond that of the newest command, and some key holds that.
  static void check(const std::string& snapshot) {
    Store restored;
    StringSource source{snapshot};
    ASSERT_TRUE(restored.restore(source));
    const std::int64_t newest = number_of(restored, "newest");
    ASSERT_EQ(newest % static_cast<std::int64_t>(kCommandsPerSnapshot), 0);
    std::int64_t highest = 0;
    for (std::uint64_t key = 0; key < kKeys; ++key)
      highest = std::max(highest, number_of(restored, "key" + std::to_string(key)));
    ASSERT_EQ(highest, newest);
  }

  static std::int64_t number_of(const Store& store, const std::string& key) {
    const Reply reply = ask(store, QueryKind::value, {key});
    const auto* const text = std::get_if<SharedBytes>(&reply);
    return text == nullptr ? 0 : std::stoll(std::string{text_of(*text)});
  }

  /// The loop.
  void read() {
    std::int64_t last = 0;
    while (!done_) {
      const std::int64_t now = number_of(store_, "newest");
      ASSERT_GE(now, last);
      last = now;
    }
  }

  Store store_;
  std::unique_ptr<Fsm::Snapshot> taken_;  ///< handed over by is_taken_
  std::atomic<bool> is_taken_ = false;
  std::atomic<bool> done_ = false;
  std::uint64_t snapshots_ = 0;
};

TEST_F(StoreThreads, SnapshotsAreOfOneMomentWhileCommandsAreApplied) {
  std::thread writing([this] { write_snapshots(); });
  std::thread reading([this] { read(); });
  apply_all();
  writing.join();
  reading.join();
  EXPECT_EQ(snapshots_, kCommands / kCommandsPerSnapshot);
}

}  // namespace
}  // namespace proa::kv
