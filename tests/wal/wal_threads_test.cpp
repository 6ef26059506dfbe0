// Goal: write, prepare and read of the log may run at once, on three threads, as its lanes do.
// Method: let them, on a real file system, with segments that are recycled while they are being
// read; what a read returns must be consecutive entries with the content that belongs to them.
// ThreadSanitizer watches.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <thread>

#include "proa/base/random.hpp"
#include "proa/runtime/posix_file_system.hpp"
#include "proa/store/wal.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

constexpr std::uint64_t kBatches = 1500;

std::string content_of(LogIndex index) {
  return "entry " + to_string(index) + std::string(index.value % 900, '.');
}

EntryView batch_from(LogIndex first, Term term, std::uint64_t count) {
  std::vector<NewEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    const LogIndex index = first + i;
    entries.push_back({.index = index, .term = term, .data = bytes_of(content_of(index))});
  }
  return EntryView{wire::encode_block(entries)};
}

class WalThreads : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_);
    ASSERT_TRUE(log_.open());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// The log lane. The last entries are replaced by those of a new term now and then.
  void write() {
    Random random(1);
    LogIndex end = LogIndex{1};
    Term term = Term{1};
    for (std::uint64_t i = 0; i < kBatches; ++i) {
      const std::uint64_t count = random.between(1, 12);
      LogBatch batch;
      if (random.percent(10) && end.value > first_.load() + 20) {
        end = LogIndex{end.value - random.below(10)};
        term = next(term);
        cut_at_[term.value] = end.value;
        batch.truncate_from = end;
      }
      batch.entries = batch_from(end, term, count);
      ASSERT_TRUE(log_.write(batch));
      end = end + count;
      next_ = end.value;
      if (i % 40 != 39) continue;
      const LogIndex removed{end.value - std::min<std::uint64_t>(end.value - 1, 1000)};
      ASSERT_TRUE(log_.truncate_prefix(removed));
      first_ = removed.value + 1;
    }
  }

  void prepare() {
    while (!done_) {
      ASSERT_TRUE(log_.prepare());
      std::this_thread::yield();
    }
  }

  void read(std::uint64_t seed) {
    Random random(seed);
    while (!done_) {
      // From a little before the log to its end: some of it is being removed.
      const std::uint64_t low = std::max<std::uint64_t>(1, first_.load()) - 1;
      const LogIndex from{
          random.between(low, random.percent(50) ? low + 20 : std::max(low, next_.load()))};
      const auto found = log_.read({from, from + random.below(1000)}, random.below(500'000));
      if (!found) {
        ASSERT_EQ(found.error().code, Errc::log_not_found) << found.error().detail;
        continue;
      }
      ASSERT_EQ(found->first_index(), from);
      check(*found);
      ++reads_;
    }
  }

  /// The log as it was at one moment: what a later term has cut does not stand before its entries.
  void check(const EntryView& found) {
    LogIndex last;
    Term term = found.front().term;
    found.for_each([&](const Entry& entry) {
      ASSERT_EQ(text_of(entry.data), content_of(entry.index));
      for (; term < entry.term; term = next(term)) {
        ASSERT_GT(cut_at_[term.value + 1].load(), last.value);
      }
      last = entry.index;
    });
  }

  const std::string directory_ = std::string(PROA_BUILD_DIR) + "/wal-threads-test";
  Wal log_{std::make_shared<PosixFileSystem>(), directory_,
           WalOptions{.segment_bytes = WalOptions::kSegmentBytesMin, .seed = 7}};
  std::array<std::atomic<std::uint64_t>, kBatches + 2> cut_at_ = {};  ///< by term
  std::atomic<std::uint64_t> first_ = 1;
  std::atomic<std::uint64_t> next_ = 1;
  std::atomic<std::uint64_t> reads_ = 0;
  std::atomic<bool> done_ = false;
};

TEST_F(WalThreads, ReadWhatIsThereWhileOthersWriteRemoveAndRecycle) {
  std::thread preparing([this] { prepare(); });
  std::thread reading([this] { read(2); });
  std::thread reading_too([this] { read(3); });
  write();
  done_ = true;
  preparing.join();
  reading.join();
  reading_too.join();
  EXPECT_GT(reads_, 0U);
  EXPECT_GT(log_.counters().rolls_into_recycled, 0U);
}

}  // namespace
}  // namespace proa
