// A read takes no lock while it waits for the disk: the log may change under it.

#include <gtest/gtest.h>

#include "proa/store/wal.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

/// Lets something happen before the next read.
struct Interruption {
  Fn<void()> next = {};
};

class InterruptedFile final : public File {
 public:
  InterruptedFile(std::unique_ptr<File> file, Interruption& interruption)
      : file_(std::move(file)), interruption_(interruption) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    if (interruption_.next) std::exchange(interruption_.next, {})();
    return file_->read_at(offset, buffer);
  }
  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> pieces) override {
    return file_->write_at(offset, pieces);
  }
  Result<void> sync() override { return file_->sync(); }
  Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
  Result<std::uint64_t> size() const override { return file_->size(); }
  const std::string& path() const override { return file_->path(); }

 private:
  std::unique_ptr<File> file_;
  Interruption& interruption_;
};

class InterruptedFiles final : public FileSystem {
 public:
  explicit InterruptedFiles(Interruption& interruption) : interruption_(interruption) {}
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    PROA_TRY(std::unique_ptr<File> file, files_.open(path, mode));
    return std::make_unique<InterruptedFile>(std::move(file), interruption_);
  }
  Result<bool> exists(const std::string& path) override { return files_.exists(path); }
  Result<void> create_directories(const std::string& path) override {
    return files_.create_directories(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    return files_.list(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return files_.remove(path); }
  Result<void> sync_directory(const std::string& path) override {
    return files_.sync_directory(path);
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return files_.lock(path);
  }
  std::size_t block_bytes(const std::string& path) override { return files_.block_bytes(path); }

 private:
  testing::SimFileSystem files_{std::make_shared<testing::SimDisk>(testing::SimDiskOptions{}, 1)};
  Interruption& interruption_;
};

class WalInterrupted : public ::testing::Test {
 protected:
  WalInterrupted() { EXPECT_TRUE(log_.open()); }
  void write(std::uint64_t first, std::uint64_t last, Term term) {
    for (std::uint64_t index = first; index <= last; ++index)
      EXPECT_TRUE(log_.write({.entries = command(index, term)}));
  }
  static EntryView command(std::uint64_t index, Term term) {
    const NewEntry entry{.index = LogIndex{index}, .term = term, .data = bytes_of("x")};
    return EntryView{wire::encode_block(std::span{&entry, 1})};
  }
  void prepare_all() {
    while (log_.prepare().value()) {
    }
  }

  Interruption interruption_;
  Wal log_{std::make_shared<InterruptedFiles>(interruption_), "/log",
           WalOptions{.segment_bytes = WalOptions::kSegmentBytesMin, .seed = 1}};
};

// Entries before and after a truncation never stand in one log.
TEST_F(WalInterrupted, AReadDoesNotGoOnWithEntriesThatReplacedWhatItHasRead) {
  write(1, 100, Term{1});
  interruption_.next = [this] {
    EXPECT_TRUE(log_.write({.truncate_from = LogIndex{30}, .entries = command(30, Term{2})}));
    write(31, 100, Term{2});
  };
  const auto read = log_.read({.first = LogIndex{1}, .last = LogIndex{100}}, SIZE_MAX);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_EQ(read->front().term, read->back().term);
  EXPECT_LT(read->last_index(), LogIndex{100});
}

// What it finds in a recycled segment is no rot: the entry is not in the log any more.
TEST_F(WalInterrupted, AReadWhoseSegmentIsRecycledLooksAgain) {
  write(1, 40, Term{1});
  interruption_.next = [this] {
    EXPECT_TRUE(log_.truncate_prefix(LogIndex{39}));
    prepare_all();
    write(41, 80, Term{1});
    EXPECT_LT(0U, log_.counters().rolls_into_recycled);
  };
  const auto read = log_.read({.first = LogIndex{1}, .last = LogIndex{1}}, SIZE_MAX);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::log_not_found);
}

// Each time it meets another recycled segment; only the same error twice is rot.
TEST_F(WalInterrupted, AReadThatMeetsRecycledSegmentsMoreThanOnceGoesOnLooking) {
  write(1, 40, Term{1});
  const auto begin_again = [this] {
    EXPECT_TRUE(log_.write({.restart_after = LogPosition{}, .entries = command(1, Term{1})}));
    prepare_all();
    write(2, 40, Term{1});
    prepare_all();
  };
  interruption_.next = [this, begin_again] {
    begin_again();
    interruption_.next = begin_again;
  };
  const auto read = log_.read({.first = LogIndex{1}, .last = LogIndex{1}}, SIZE_MAX);
  ASSERT_TRUE(read) << to_string(read.error());
  EXPECT_FALSE(interruption_.next);
  EXPECT_LT(0U, log_.counters().rolls_into_recycled);
}

}  // namespace
}  // namespace proa
