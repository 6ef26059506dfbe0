// A write that went astray leaves a whole batch of the same segment in the place of another one.
// Where a footer spares the start from looking, the read has to see it.

#include <gtest/gtest.h>

#include <optional>

#include "proa/store/detail/wal_format.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

constexpr const char* kDirectory = "/log";
constexpr std::uint64_t kBlock = 4096;  // holds one batch of these
constexpr std::uint64_t kFirstBatch = 2 * kBlock;

EntryView command(std::uint64_t index, Term term) {
  const NewEntry entry{.index = LogIndex{index}, .term = term, .data = bytes_of("x")};
  return EntryView{wire::encode_block(std::span{&entry, 1})};
}

class WalAstray : public ::testing::Test {
 protected:
  WalAstray() {
    start();
    write(1, 3, Term{1});
    EXPECT_TRUE(log_->write({.truncate_from = LogIndex{3}, .entries = command(3, Term{2})}));
    write(4, 20, Term{2});  // goes on in a second segment
    while (log_->prepare().value()) {
    }
    EXPECT_EQ(log_->counters().footers, 1U);
    log_.reset();
  }
  void start() {
    log_ = std::make_unique<Wal>(
        std::make_shared<testing::SimFileSystem>(disk_), kDirectory,
        WalOptions{.segment_bytes = WalOptions::kSegmentBytesMin, .seed = ++starts_});
    EXPECT_TRUE(log_->open());
  }
  void write(std::uint64_t first, std::uint64_t last, Term term) {
    for (std::uint64_t index = first; index <= last; ++index)
      EXPECT_TRUE(log_->write({.entries = command(index, term)}));
  }
  /// In the first segment, counted from 0.
  void copy_batch(std::uint64_t from, std::uint64_t onto) {
    const std::string path = std::string(kDirectory) + "/" + store::segment_name(1, LogIndex{1});
    std::vector<std::byte> bytes(kBlock);
    testing::SimFileSystem files(disk_);
    const auto file = files.open(path, OpenMode::read).value();
    EXPECT_EQ(file->read_at(kFirstBatch + from * kBlock, bytes).value(), kBlock);
    EXPECT_TRUE(disk_->damage(path, kFirstBatch + onto * kBlock, bytes));
  }
  /// Nothing: it can be read.
  std::optional<Errc> code_of_read(std::uint64_t index) {
    const auto read = log_->read({.first = LogIndex{index}, .last = LogIndex{index}}, SIZE_MAX);
    return read ? std::nullopt : std::optional{read.error().code};
  }

  std::shared_ptr<testing::SimDisk> disk_ =
      std::make_shared<testing::SimDisk>(testing::SimDiskOptions{}, 1);
  std::unique_ptr<Wal> log_;
  std::uint64_t starts_ = 0;
};

TEST_F(WalAstray, ABatchOfOtherEntriesIsNotServed) {
  copy_batch(0, 1);
  start();
  EXPECT_EQ(code_of_read(1), std::nullopt);
  EXPECT_EQ(code_of_read(2), Errc::corrupt);
}

// Its index and its number of entries fit, and the log has once held it.
TEST_F(WalAstray, ABatchThatWasTruncatedIsNotServed) {
  copy_batch(2, 3);
  start();
  EXPECT_EQ(code_of_read(3), Errc::corrupt);
  EXPECT_EQ(code_of_read(4), std::nullopt);
}

}  // namespace
}  // namespace proa
