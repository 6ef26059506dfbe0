// What the log makes of a disk that is not as it left it: torn tails, rot, recycled segments full
// of plausible batches, missing files, newer formats.

#include <algorithm>

#include "proa/base/checksum.hpp"
#include "proa/store/detail/wal_damage_fixture_test.hpp"
#include "proa/store/detail/wal_records.hpp"
#include "proa/store/detail/wal_segment.hpp"

namespace proa {
namespace {

TEST_F(WalDamage, OfTheLastBatchReadsAsATornTailAndIsCut) {
  start();
  write(1, 3);
  stop();
  rot(0, kFirstBatch + 2 * kBlock + 90);  // in the entries of the third
  start();
  EXPECT_EQ(last(), LogIndex{2});
  EXPECT_EQ(log_->counters().torn_tails, 1U);
  const auto bytes = content(0);
  EXPECT_TRUE(std::all_of(bytes.begin() + kFirstBatch + 2 * kBlock, bytes.end(),
                          [](std::byte b) { return b == std::byte{}; }));
  write(3, 4, Term{2});
  restart();
  EXPECT_EQ(last(), LogIndex{4});
  EXPECT_EQ(log_->counters().torn_tails, 0U);
}

TEST_F(WalDamage, OfABatchThatAnotherFollowsIsRotAndNamesThePlace) {
  start();
  write(1, 4);
  stop();
  for (const std::uint64_t offset : {kFirstBatch + kBlock + 90, kFirstBatch + kBlock + 20}) {
    rot(0, offset);
    start();
    const std::string sentence = refusal();
    EXPECT_TRUE(contains(sentence, path(0))) << sentence;
    EXPECT_TRUE(contains(sentence, "at offset " + std::to_string(kFirstBatch + kBlock)));
    EXPECT_TRUE(contains(sentence, "entry 2"));
    EXPECT_TRUE(contains(sentence, "remove this server from the cluster"));
    stop();
    rot(0, offset);  // mends it
  }
  start();
  EXPECT_EQ(last(), LogIndex{4});
}

// A control batch carries no entries, but what follows a bad batch is rot all the same.
TEST_F(WalDamage, IsRotAlsoWhenOnlyATruncationFollows) {
  start();
  write(1, 2);
  ASSERT_TRUE(log_->truncate_prefix(LogIndex{1}));
  stop();
  rot(0, kFirstBatch + kBlock + 90);
  start();
  EXPECT_TRUE(contains(refusal(), "entry 2"));
}

// The seal says that a segment ended where it should: without it the loss of the last batch of a
// full segment would read as a torn tail.
TEST_F(WalDamage, OfTheLastBatchOfAFullSegmentIsRot) {
  start();
  write(1, kBatches + 1);
  stop();
  rot(0, kFirstBatch + (kBatches - 1) * kBlock + 90);
  start();
  EXPECT_TRUE(contains(refusal(), "entry 13"));
  stop();
  rot(0, kFirstBatch + (kBatches - 1) * kBlock + 90);
  rot(0, kFirstBatch + kBatches * kBlock + 20);  // the seal itself
  start();
  EXPECT_TRUE(contains(refusal(), "later segments follow"));
}

TEST_F(WalDamage, OfAnEntryInAFullSegmentIsNeverServed) {
  start();
  write(1, kBatches + 1);
  prepare_all();  // writes the footer: the start need not look at the entries
  ASSERT_EQ(log_->counters().footers, 1U);
  stop();
  rot(0, kFirstBatch + 4 * kBlock + 90);
  start();
  ASSERT_EQ(last(), LogIndex{kBatches + 1});
  EXPECT_EQ(log_->read({LogIndex{1}, LogIndex{4}}, SIZE_MAX).value().size(), 4U);
  const auto read = log_->read({LogIndex{5}, LogIndex{5}}, SIZE_MAX);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::corrupt);
  EXPECT_TRUE(contains(read.error().detail, "entry 5"));
}

TEST_F(WalDamage, OfAFooterCostsNothingButAScan) {
  start();
  write(1, kBatches + 1);
  ASSERT_TRUE(log_->write({.truncate_from = LogIndex{10}, .entries = commands(10, 1, 9, Term{2})}));
  prepare_all();
  stop();
  const LogSummary whole = [&] {
    start();
    return opened_.value();
  }();
  stop();
  for (const std::uint64_t offset : {std::uint64_t{10}, std::uint64_t{60}}) {  // header, body
    rot(0, WalOptions::kSegmentBytesMin + offset);
    start();
    ASSERT_TRUE(opened_) << opened_.error().detail;
    EXPECT_EQ(*opened_, whole);
    prepare_all();  // writes it anew
    EXPECT_EQ(log_->counters().footers, 1U);
    stop();
  }
  start();
  prepare_all();
  EXPECT_EQ(log_->counters().footers, 0U);
}

// Only another program writes that; it must not cost the memory it asks for.
TEST_F(WalDamage, IsAFooterThatSaysItIsLongerThanItsFile) {
  start();
  write(1, kBatches + 1);
  prepare_all();
  stop();
  SimFileSystem files(disk_);
  const auto segment = store::find_segment(files, kDirectory, segments().front())->segment;
  store::LittleEndianWriter header =
      store::begin_header(store::kFooterHeader, store::kFooterHeaderBytes);
  header.put(segment->header.sequence);
  header.put(kBatches + 1);
  header.put(std::uint64_t{1} << 50);
  header.put(std::uint32_t{0});
  header.put(std::uint32_t{0});
  overwrite(0, WalOptions::kSegmentBytesMin,
            store::end_header(std::move(header), store::crc_seed(segment->header)));
  start();
  ASSERT_TRUE(opened_) << opened_.error().detail;
  EXPECT_EQ(last(), LogIndex{kBatches + 1});
}

// Goal: a stale batch with a good checksum and the right index is not taken for a new one. Method:
// recycle a segment, bring the log back to the index with which it began, and begin it again: every
// block of it now holds the batch that would fit.
TEST_F(WalDamage, IsNotDoneByRecycledBatchesWithFittingIndexes) {
  start();
  write(1, kBatches + 1);
  ASSERT_TRUE(log_->truncate_prefix(LogIndex{kBatches}));
  prepare_all();
  ASSERT_EQ(log_->counters().recycled, 1U);
  while (log_->ready_for(10)) {  // fills the segment, and the log stays empty
    ASSERT_TRUE(log_->write({.restart_after = LogPosition{}}));
  }
  write(1, 3, Term{5});
  ASSERT_EQ(log_->counters().rolls_into_recycled, 1U);
  stop();

  SimFileSystem files(disk_);
  const auto tail = store::find_segment(files, kDirectory, segments().back());
  const auto bytes = content(segments().size() - 1);
  const ByteView stale = ByteView{bytes}.subspan(kFirstBatch + 3 * kBlock);
  ASSERT_TRUE(
      store::resembles_batch_of(stale, 1));  // the batch of entry 4, in the place of entry 4
  ASSERT_EQ(tail->segment->header.first_index, LogIndex{1});

  start();
  EXPECT_EQ(last(), LogIndex{3});
  write(4, 4, Term{5});
  restart();
  EXPECT_EQ(last(), LogIndex{4});
}

// Each of the fields that tie a batch to its place is enough to refuse it, though the salt fits.
TEST_F(WalDamage, IsWhatABatchIsThatBelongsToAnotherPlace) {
  start();
  write(1, 3);
  stop();
  SimFileSystem files(disk_);
  const auto segment = store::find_segment(files, kDirectory, segments().front())->segment;
  const std::uint64_t offset = kFirstBatch + 3 * kBlock;
  const auto third = store::read_batch(*segment, offset - kBlock).value();
  const EntryView entry = commands(4, 1, 10);
  const ByteView body = entry.front().head;
  const store::BatchHeader fitting{.kind = store::BatchKind::entries,
                                   .segment = 1,
                                   .batch = 4,
                                   .first_index = LogIndex{4},
                                   .count = 1,
                                   .bytes = body.size(),
                                   .previous_chain = third.header.chain};
  const auto put = [&](store::BatchHeader header, ByteView entries) {
    header.chain = crc32c(entries, store::begin_chain(header));
    std::vector<std::byte> bytes = store::encode(header, store::crc_seed(segment->header));
    bytes.insert(bytes.end(), entries.begin(), entries.end());
    overwrite(0, offset, bytes);
    start();
  };
  put(fitting, body);
  EXPECT_EQ(last(), LogIndex{4});
  stop();

  store::BatchHeader other = fitting;
  other.segment = 2;
  put(other, body);
  EXPECT_TRUE(contains(refusal(), "does not continue the one before it"));
  other = fitting;
  other.previous_chain ^= 1;
  put(other, body);
  EXPECT_TRUE(contains(refusal(), "does not continue the one before it"));
  other = fitting;
  other.batch = 3;
  put(other, body);
  EXPECT_TRUE(contains(refusal(), "does not continue the one before it"));
  other.batch = 5;
  put(other, body);
  EXPECT_TRUE(contains(refusal(), "another follows it"));
  other = fitting;
  other.first_index = LogIndex{5};
  put(other, commands(5, 1, 10).front().head);
  EXPECT_TRUE(contains(refusal(), "a batch for entry 5 stands here")) << refusal();
  other.kind = store::BatchKind::seal;
  other.count = other.bytes = 0;
  put(other, {});
  EXPECT_TRUE(contains(refusal(), "a batch for entry 5 stands here")) << refusal();
  stop();
  std::vector<std::byte> longer(body.begin(), body.end());
  longer.push_back({});
  other = fitting;
  other.bytes = longer.size();
  put(other, longer);
  EXPECT_TRUE(contains(refusal(), "the entries do not fill their batch")) << refusal();
}

TEST_F(WalDamage, IsWhatASegmentIsThatBelongsToAnotherPlace) {
  start();
  write(1, kBatches + 1);
  stop();
  SimFileSystem files(disk_);
  const auto segment = store::find_segment(files, kDirectory, segments().back())->segment;
  for (const int field : {0, 1}) {
    store::SegmentHeader other = segment->header;
    if (field == 0) other.previous_chain ^= 1;
    if (field == 1) other.first_batch += 1;
    overwrite(1, 0, store::encode(other));
    overwrite(1, kBlock, store::encode(other));
    start();
    EXPECT_TRUE(contains(refusal(), "it does not continue")) << refusal();
    stop();
  }
  store::SegmentHeader other = segment->header;
  other.first_index = LogIndex{99};
  overwrite(1, 0, store::encode(other));
  overwrite(1, kBlock, store::encode(other));
  ASSERT_TRUE(files.rename(path(1), kDirectory + "/" + store::segment_name(2, LogIndex{99})));
  start();
  EXPECT_TRUE(contains(refusal(), "it does not continue")) << refusal();
}

TEST_F(WalDamage, OfTheOnlySegmentIsNoNewLog) {
  start();
  write(1, kBatches + 1);
  ASSERT_TRUE(log_->truncate_prefix(LogIndex{kBatches}));
  prepare_all();
  stop();
  ASSERT_EQ(segments().size(), 1U);
  overwrite(0, 0, std::vector<std::byte>(WalOptions::kSegmentBytesMin));
  start();
  EXPECT_TRUE(contains(refusal(), "both copies of its header are damaged"));
}

// The CRC of a header starts from the salt of its segment, which no client knows.
TEST_F(WalDamage, CannotBeForgedByWhatAClientSends) {
  start();
  write(1, 1);
  const store::BatchHeader forged{.kind = store::BatchKind::entries,
                                  .segment = 1,
                                  .batch = 1000,
                                  .first_index = LogIndex{2},
                                  .count = 1};
  const std::vector<std::byte> header = store::encode(forged, 0);
  std::vector<std::byte> data(5 * kBlock);
  for (std::size_t at = 0; at + header.size() <= data.size(); at += header.size()) {
    std::copy(header.begin(), header.end(), data.begin() + static_cast<std::ptrdiff_t>(at));
  }
  // In at least one of these the forged header stands at the beginning of a block.
  for (std::size_t shift = 0; shift < header.size(); ++shift) {
    const NewEntry entry{.index = LogIndex{2},
                         .term = Term{1},
                         .data = SharedBytes::take(std::vector(
                             data.begin() + static_cast<std::ptrdiff_t>(shift), data.end()))};
    ASSERT_TRUE(log_->write({.entries = EntryView{wire::encode_block({&entry, 1})}}));
    stop();
    overwrite(0, kFirstBatch + kBlock, std::vector<std::byte>(512));  // torn: its header is gone
    start();
    ASSERT_TRUE(opened_) << opened_.error().detail;
    ASSERT_EQ(last(), LogIndex{1});
  }
}

TEST_F(WalDamage, CannotComeFromAHintBeyondTheEndOfTheLog) {
  start();
  ASSERT_TRUE(log_->write({.entries = commands(1, 3, 10), .commit_hint = LogIndex{900}}));
  stop();
  SimFileSystem files(disk_);
  const auto segment = store::find_segment(files, kDirectory, segments().front())->segment;
  EXPECT_EQ(store::read_batch(*segment, kFirstBatch).value().header.commit_hint, LogIndex{3});
}

TEST_F(WalDamage, OfOneCopyOfASegmentHeaderIsMended) {
  start();
  write(1, 3);
  stop();
  const auto whole = content(0);
  for (const std::uint64_t offset : {std::uint64_t{9}, kBlock + 9}) {
    rot(0, offset);
    start();
    ASSERT_EQ(last(), LogIndex{3});
    stop();
    EXPECT_EQ(content(0), whole);
  }
}

// A recycled file: the write of one copy was lost, so it still is that of the segment before.
TEST_F(WalDamage, OfOneCopyOfASegmentHeaderIsMendedThoughItIsThatOfAnotherSegment) {
  start();
  write(1, kBatches + 1);
  stop();
  const auto whole = content(1);
  const auto other = content(0);
  for (const std::uint64_t offset : {std::uint64_t{0}, kBlock}) {
    overwrite(1, offset, ByteView{other}.subspan(offset, kBlock));
    start();
    ASSERT_EQ(last(), LogIndex{kBatches + 1});
    stop();
    EXPECT_EQ(content(1), whole);
  }
}

TEST_F(WalDamage, OfBothCopiesIsRotIfTheSegmentHoldsABatch) {
  start();
  write(1, kBatches + 1);
  stop();
  for (const std::size_t segment : {std::size_t{0}, std::size_t{1}}) {
    rot(segment, 9);
    rot(segment, kBlock + 9);
    start();
    EXPECT_TRUE(contains(refusal(), "both copies of its header are damaged"));
    EXPECT_TRUE(contains(refusal(), path(segment)));
    stop();
    rot(segment, 9);
    rot(segment, kBlock + 9);
  }
}

TEST_F(WalDamage, OfBothCopiesIsAnUnfinishedSegmentIfItIsTheNewestAndHoldsNone) {
  start();
  write(1, kBatches);
  // The process ends when the next segment has its name and before a batch is in it.
  files_->crash_after(10 + WalOptions::kSegmentBytesMin / (1U << 20));
  ASSERT_FALSE(log_->write({.entries = commands(kBatches + 1, 1, 10)}));
  stop();
  ASSERT_EQ(segments().size(), 2U);
  overwrite(1, 0, std::vector<std::byte>(4 * kBlock));
  start();
  EXPECT_EQ(last(), LogIndex{kBatches});
  EXPECT_EQ(segments().size(), 1U);
  write(kBatches + 1, kBatches + 2);
  restart();
  EXPECT_EQ(last(), LogIndex{kBatches + 2});
}

// What the disk says the next time is for the caller to find out.
TEST_F(WalDamage, IsNotLookedForWhenAReadFails) {
  start();
  write(1, 3);
  disk_->fail_after(1, testing::DiskFault::Kind::read_error);
  const auto read = log_->read({LogIndex{1}, LogIndex{1}}, SIZE_MAX);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::io_error);
  EXPECT_TRUE(log_->read({LogIndex{1}, LogIndex{1}}, SIZE_MAX));
}

// The very first one, too: nothing was ever written to such a log.
TEST_F(WalDamage, OfBothCopiesIsANewLogIfTheFirstSegmentHoldsNoBatch) {
  start();
  write(1, 1);
  stop();
  overwrite(0, 0, std::vector<std::byte>(4 * kBlock));
  start();
  ASSERT_TRUE(opened_) << opened_.error().detail;
  EXPECT_TRUE(opened_->log.entries.empty());
  write(1, 2);
  restart();
  EXPECT_EQ(last(), LogIndex{2});
}

TEST_F(WalDamage, ByAHeaderThatDoesNotFitItsNameIsRefused) {
  start();
  write(1, kBatches + 1);
  stop();
  {
    SimFileSystem files(disk_);
    ASSERT_TRUE(files.rename(path(1), kDirectory + "/" + store::segment_name(2, LogIndex{99})));
  }
  start();
  EXPECT_TRUE(contains(refusal(), "its header says segment"));
}

TEST_F(WalDamage, ByASegmentThatIsMissingIsRefusedUnlessARemovalCoversIt) {
  start();
  write(1, 4 * kBatches + 1);
  stop();
  const auto copy = disk_->clone(1);
  remove(1);
  start();
  EXPECT_TRUE(contains(refusal(), "is missing")) << refusal();
  stop();

  // Files may be unlinked in any order when the power goes: behind a durable removal a gap is fine.
  disk_ = std::shared_ptr<SimDisk>(copy->clone(1));
  start();
  ASSERT_TRUE(log_->truncate_prefix(LogIndex{3 * kBatches}));
  stop();
  remove(1);
  start();
  ASSERT_TRUE(opened_) << opened_.error().detail;
  EXPECT_EQ(opened_->log.entries,
            (IndexRange{LogIndex{3 * kBatches + 1}, LogIndex{4 * kBatches + 1}}));
  EXPECT_EQ(segments().size(), 2U);  // the dead ones went

  disk_ = std::shared_ptr<SimDisk>(copy->clone(1));
  remove(0);
  start();
  EXPECT_TRUE(contains(refusal(), "are missing")) << refusal();
}

// What says so may lie in the newest segment, right behind the gap.
TEST_F(WalDamage, ByAMissingSegmentIsNoneRightBeforeTheOneThatSaysItWasRemoved) {
  start();
  write(1, 3 * kBatches + 1);
  ASSERT_TRUE(log_->truncate_prefix(LogIndex{3 * kBatches}));
  stop();
  ASSERT_EQ(segments().size(), 4U);
  remove(2);
  start();
  ASSERT_TRUE(opened_) << opened_.error().detail;
  EXPECT_EQ(opened_->log.entries,
            (IndexRange{LogIndex{3 * kBatches + 1}, LogIndex{3 * kBatches + 1}}));
}

TEST_F(WalDamage, OfWhatNothingNeedsIsIgnored) {
  start();
  write(1, 3 * kBatches + 1);
  ASSERT_TRUE(log_->truncate_prefix(LogIndex{2 * kBatches}));
  stop();
  rot(1, kFirstBatch + 3 * kBlock + 90);
  rot(0, 9);
  rot(0, kBlock + 9);
  start();
  ASSERT_TRUE(opened_) << opened_.error().detail;
  EXPECT_EQ(opened_->log.entries.first, LogIndex{2 * kBatches + 1});
}

TEST_F(WalDamage, IsNotWhatANewerFormatIs) {
  start();
  write(1, 3);
  stop();
  // A header of format 2, longer than ours.
  std::vector<std::byte> newer(100);
  const auto ours = content(0);
  std::copy_n(ours.begin(), 4, newer.begin());
  newer[4] = std::byte{2};
  newer[6] = std::byte{100};
  const std::uint32_t crc = crc32c(ByteView{newer}.first(96));
  for (std::size_t i = 0; i < 4; ++i) {
    newer[96 + i] = static_cast<std::byte>(crc >> (8 * i));
  }
  overwrite(0, 0, newer);
  const auto before = content(0);
  start();
  EXPECT_TRUE(contains(refusal(Errc::unsupported_protocol), "newer format than 1"));
  EXPECT_EQ(content(0), before);
  EXPECT_EQ(segments().size(), 1U);
  stop();
  rot(0, 9);  // now only the second copy says it
  overwrite(0, kBlock, newer);
  start();
  EXPECT_TRUE(contains(refusal(Errc::unsupported_protocol), "newer format than 1"));
}

}  // namespace
}  // namespace proa
