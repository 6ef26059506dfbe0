// The log where blocks are longer and segments larger than they are at least.

#include "proa/store/detail/wal_damage_fixture_test.hpp"

namespace proa {
namespace {

class WalSizes : public WalDamage {
 protected:
  std::vector<std::string> spares() {
    SimFileSystem files(disk_);
    std::vector<std::string> paths;
    const auto entries = files.list(kDirectory);
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name.ends_with(".spare")) paths.push_back(kDirectory + "/" + entry.name);
    }
    return paths;
  }
};

// It lies one block behind the first copy, and only the two say how long that is.
TEST_F(WalSizes, HideNoSecondCopyOfAHeader) {
  for (const std::uint64_t factor : {1U, 2U, 8U}) {
    disk_ = std::make_shared<SimDisk>(testing::SimDiskOptions{}, factor);
    disk_->options().block_bytes = factor * kBlock;
    segment_bytes_ = factor * WalOptions::kSegmentBytesMin;
    start();
    write(1, 3);
    stop();
    rot(0, 9);
    start();
    ASSERT_TRUE(opened_) << opened_.error().detail;
    EXPECT_EQ(last(), LogIndex{3});
    stop();
  }
}

// What lies behind the damage is looked at piece by piece.
TEST_F(WalSizes, OfMoreThanIsReadAtOnceHideNoTornTail) {
  segment_bytes_ = std::uint64_t{4} << 20;
  start();
  write(1, 3);
  stop();
  rot(0, kFirstBatch + 2 * kBlock + 90);
  start();
  ASSERT_TRUE(opened_) << opened_.error().detail;
  EXPECT_EQ(last(), LogIndex{2});
}

TEST_F(WalSizes, ThatAreSmallerThanBeforeMakeSparesSmaller) {
  segment_bytes_ = 4 * WalOptions::kSegmentBytesMin;
  start();
  ASSERT_TRUE(log_->write({.entries = commands(1, 1, 3 * WalOptions::kSegmentBytesMin)}));
  prepare_all();
  ASSERT_EQ(spares().size(), 1U);
  stop();
  segment_bytes_ = WalOptions::kSegmentBytesMin;
  start();
  ASSERT_TRUE(opened_);
  ASSERT_EQ(spares().size(), 1U);
  SimFileSystem files(disk_);
  const auto spare = files.open(spares().front(), OpenMode::read);
  EXPECT_LE((*spare)->size().value(), WalOptions::kSegmentBytesMin);
}

}  // namespace
}  // namespace proa
