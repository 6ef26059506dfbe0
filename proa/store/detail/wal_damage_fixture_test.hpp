#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "proa/store/detail/wal_format.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/sim_file_system.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {

using testing::SimDisk;
using testing::SimFileSystem;

inline const std::string kDirectory = "/data/log";
inline constexpr std::uint64_t kBlock = 4096;
inline constexpr std::uint64_t kFirstBatch = 2 * kBlock;
/// Of one block each, in a segment of the smallest size.
inline constexpr std::uint64_t kBatches = 13;

inline EntryView commands(std::uint64_t first, std::uint64_t count, std::size_t bytes,
                          Term term = Term{1}) {
  std::vector<NewEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    entries.push_back(
        {.index = LogIndex{first + i}, .term = term, .data = bytes_of(std::string(bytes, 'x'))});
  }
  return EntryView{wire::encode_block(entries)};
}

/// A disk with a log on it, and a hand that reaches into the files while no process runs.
class WalDamage : public ::testing::Test {
 protected:
  void start() {
    files_ = std::make_shared<SimFileSystem>(disk_);
    log_ = std::make_unique<Wal>(files_, kDirectory,
                                 WalOptions{.segment_bytes = segment_bytes_, .seed = ++starts_});
    opened_ = log_->open();
  }
  void stop() {
    log_.reset();
    files_.reset();
  }
  void restart() {
    stop();
    start();
  }
  LogIndex last() const { return opened_.value().log.entries.last; }
  /// The sentence of the failed open; its code is `code`.
  std::string refusal(Errc code = Errc::corrupt) const {
    if (opened_) return "(it opened)";
    EXPECT_EQ(opened_.error().code, code) << opened_.error().detail;
    return opened_.error().detail;
  }

  void write(std::uint64_t first, std::uint64_t last, Term term = Term{1}) {
    for (std::uint64_t i = first; i <= last; ++i) {
      ASSERT_TRUE(log_->write({.entries = commands(i, 1, 10, term)}));
    }
  }
  void prepare_all() {
    while (log_->prepare().value()) {
    }
  }

  std::vector<std::string> segments() {
    SimFileSystem files(disk_);
    std::vector<std::string> names;
    const auto entries = files.list(kDirectory);
    for (const DirectoryEntry& entry : *entries) {
      if (store::parse_segment_name(entry.name)) names.push_back(entry.name);
    }
    return names;
  }
  std::string path(std::size_t segment) { return kDirectory + "/" + segments().at(segment); }
  void rot(std::size_t segment, std::uint64_t offset) {
    ASSERT_TRUE(disk_->flip_bit(path(segment), offset, 3));
  }
  void overwrite(std::size_t segment, std::uint64_t offset, ByteView bytes) {
    SimFileSystem files(disk_);
    auto file = files.open(path(segment), OpenMode::write);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(offset, bytes));
    ASSERT_TRUE((*file)->sync());
  }
  std::vector<std::byte> content(std::size_t segment) {
    SimFileSystem files(disk_);
    auto file = files.open(path(segment), OpenMode::read);
    std::vector<std::byte> bytes((*file)->size().value());
    EXPECT_TRUE((*file)->read_at(0, bytes));
    return bytes;
  }
  void remove(std::size_t segment) {
    SimFileSystem files(disk_);
    ASSERT_TRUE(files.remove(path(segment)));
    ASSERT_TRUE(files.sync_directory(kDirectory));
  }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  std::shared_ptr<SimDisk> disk_ = std::make_shared<SimDisk>(testing::SimDiskOptions{}, 1);
  std::shared_ptr<SimFileSystem> files_;
  std::unique_ptr<Wal> log_;
  Result<LogSummary> opened_ = fail(Errc::io_error, "not opened");
  std::uint64_t segment_bytes_ = WalOptions::kSegmentBytesMin;
  std::uint64_t starts_ = 0;
};

}  // namespace proa
