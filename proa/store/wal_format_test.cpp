// The limits of what is taken for a segment, a batch or a footer: bytes from a disk are checked,
// each field of them, and never asserted.

#include "proa/store/detail/wal_format.hpp"

#include <gtest/gtest.h>

#include "proa/store/detail/wal_records.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa::store {
namespace {

TEST(WalFormat, KnowsANameByEachOfItsParts) {
  const std::string name = segment_name(0x1a, LogIndex{7});
  const auto parsed = parse_segment_name(name);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->sequence, 0x1aU);
  EXPECT_EQ(parsed->first_index, LogIndex{7});
  for (const char* other : {
           "000000000000001a-00000000000000000007.wax",  // another suffix
           "000000000000001a+00000000000000000007.wal",  // no dash
           "000000000000001g-00000000000000000007.wal",  // no digit
           "000000000000001a-0000000000000000000x.wal", "g00000000000001a-00000000000000000007.wal",
           "000000000000001a-99999999999999999999.wal",  // more than an index holds
           "00000000000001a-00000000000000000007.wal"    // too short
       }) {
    EXPECT_FALSE(parse_segment_name(other)) << other;
  }
}

TEST(WalFormat, RefusesASegmentHeaderOutOfRange) {
  const SegmentHeader good{.sequence = 1, .block_bytes = 4096, .data_bytes = 3 * 4096};
  EXPECT_EQ(decode_segment_header(encode(good)), good);
  SegmentHeader most = good;
  most.block_bytes = kBlockBytesMax;
  most.data_bytes = std::uint64_t{3} * kBlockBytesMax;
  EXPECT_EQ(decode_segment_header(encode(most)), most);
  most.block_bytes = kBlockBytesMax + 1;
  most.data_bytes = std::uint64_t{4} * kBlockBytesMax;
  EXPECT_FALSE(decode_segment_header(encode(most)));
  SegmentHeader least = good;
  least.block_bytes = kBlockBytesMin - 1;
  EXPECT_FALSE(decode_segment_header(encode(least)));
  SegmentHeader no_room = good;
  no_room.data_bytes = 3 * 4096 - 1;
  EXPECT_FALSE(decode_segment_header(encode(no_room)));
}

TEST(WalFormat, RefusesAKindOfBatchThatThereIsNot) {
  for (const int kind : {0, 1, 5, 6}) {
    const BatchHeader header{.kind = static_cast<BatchKind>(kind), .segment = 1, .batch = 1};
    const bool exists = kind == 1 || kind == 5;
    EXPECT_EQ(decode_batch_header(encode(header, 9), 9).has_value(), exists) << kind;
  }
}

// A header of the right checksum that is too short for its fields, as only another program writes.
TEST(WalFormat, RefusesHeadersWithoutAllTheirFields) {
  const std::vector<std::byte> batch = end_header(begin_header(kBatchHeader, 12), 9);
  EXPECT_FALSE(decode_batch_header(batch, 9));
  LittleEndianWriter writer = begin_header(kBatchHeader, 20);
  writer.put(std::uint64_t{1});
  EXPECT_FALSE(decode_batch_header(end_header(std::move(writer), 9), 9)) << "a kind and no more";
  EXPECT_FALSE(decode_segment_header(end_header(begin_header(kSegmentHeader, 12))));
  LittleEndianWriter chainless = begin_header(kSegmentHeader, 56);
  for (const std::uint64_t field : {1, 1, 1, 1 << 20, 9})
    chainless.put(field);
  chainless.put(std::uint32_t{kBlockBytesMin});
  EXPECT_FALSE(decode_segment_header(end_header(std::move(chainless)))) << "all but its last";
  const SegmentHeader segment{.sequence = 0};
  EXPECT_FALSE(decode_footer_header(end_header(begin_header(kFooterHeader, 12), crc_seed(segment)),
                                    segment));
}

TEST(WalFormat, TakesAPieceOfAHeaderForNoBatch) {
  const std::vector<std::byte> whole = encode(BatchHeader{.segment = 0, .batch = 1}, 9);
  EXPECT_TRUE(resembles_batch_of(whole, 0));
  EXPECT_FALSE(resembles_batch_of(whole, 1));
  EXPECT_FALSE(resembles_batch_of(ByteView{whole}.first(18), 0)) << "the sequence is cut off";
}

TEST(WalFormat, TakesTheFooterOfAnotherSegmentForNone) {
  SegmentHeader segment{.sequence = 3};
  const std::vector<std::byte> footer = encode(Footer{.last_batch = 7}, segment);
  EXPECT_TRUE(decode_footer_header(footer, segment));
  segment.sequence = 4;
  EXPECT_FALSE(decode_footer_header(footer, segment));
}

/// Records as encode() writes them, cut off or longer.
TEST(WalFormat, RefusesRecordsThatDoNotEndWhereTheySay) {
  SegmentRecords records;
  records.add(
      {.kind = BatchKind::entries, .offset = 8192, .first_index = {1}, .count = 2},
      {.entries = {{1}, {2}},
       .term_starts = {{.term = {1}, .index = {1}}},
       .configurations = {
           {.configuration = {.servers = {{.id = {"a"}, .address = {"a:1"}}}}, .index = {1}}}});
  std::vector<std::byte> bytes = records.encode();
  EXPECT_TRUE(SegmentRecords::decode(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(SegmentRecords::decode(ByteView{bytes}.first(size))) << size;
  }
  bytes.push_back({});
  EXPECT_FALSE(SegmentRecords::decode(bytes));
}

// Whoever believes them takes all the memory there is.
TEST(WalFormat, RefusesRecordsThatCountMoreThanThereAre) {
  for (const int counted : {0, 1, 2}) {
    LittleEndianWriter writer;
    for (const int field : {0, 1, 2})
      writer.put(field == counted ? UINT32_MAX : std::uint32_t{0});
    EXPECT_FALSE(SegmentRecords::decode(writer.view())) << counted;
  }
}

// What else lies in the directory is nobody's business.
TEST(WalDirectory, LeavesAloneWhatOnlyLooksLikeAFileOfItsOwn) {
  const auto disk = std::make_shared<testing::SimDisk>(testing::SimDiskOptions{}, 1);
  const auto files = std::make_shared<testing::SimFileSystem>(disk);
  const std::string directory = "/data/log";
  const std::string segment = directory + "/" + segment_name(5, LogIndex{9});
  ASSERT_TRUE(files->create_directories(directory));
  for (const std::string& folder : {segment, directory + "/7.spare"})
    ASSERT_TRUE(files->create_directories(folder));
  for (const char* name : {"8x.spare", ".spare", "99999999999999999999.spare", "notes"})
    ASSERT_TRUE(files->open(directory + "/" + name, OpenMode::create_new));
  const auto before = files->list(directory).value();
  Wal log(files, directory, {.segment_bytes = WalOptions::kSegmentBytesMin});
  const auto opened = log.open();
  ASSERT_TRUE(opened) << to_string(opened.error());
  EXPECT_TRUE(opened->log.entries.empty());
  for (const DirectoryEntry& entry : before)
    EXPECT_TRUE(files->exists(directory + "/" + entry.name).value()) << entry.name;
}

}  // namespace
}  // namespace proa::store
