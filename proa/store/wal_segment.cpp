#include "proa/store/detail/wal_segment.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "proa/base/mutant.hpp"
#include "proa/store/detail/directory.hpp"
#include "proa/store/detail/wal_records.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::store {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

struct HeaderCopy {
  HeaderState state = HeaderState::damaged;
  SegmentHeader header = {};
};

Result<HeaderCopy> read_copy(const File& file, std::uint64_t offset) {
  std::array<std::byte, kHeaderBytesMax> bytes{};
  PROA_TRY(read_padded(file, offset, bytes));
  HeaderCopy copy{.state = check_header(bytes, kSegmentHeader)};
  if (copy.state != HeaderState::ok) return copy;
  const auto header = decode_segment_header(bytes);
  if (!header) return HeaderCopy{};
  copy.header = *header;
  return copy;
}

/// The second copy lies one block behind the first, which alone says how long a block is.
Result<HeaderCopy> find_second_copy(const File& file) {
  for (std::uint32_t block = kBlockBytesMin; block <= kBlockBytesMax; block *= 2) {
    PROA_TRY(HeaderCopy copy, read_copy(file, block));
    if (copy.state == HeaderState::newer) return copy;
    if (copy.state == HeaderState::ok && copy.header.block_bytes == block) return copy;
  }
  return HeaderCopy{};
}

Failure rotten(const Segment& segment, std::uint64_t offset, const std::string& what) {
  return fail(Errc::corrupt, segment.place(offset) + ": " + what);
}

}  // namespace

std::uint64_t Segment::next_batch_offset(std::uint64_t offset) const {
  if (mutant("batches not on block boundaries")) return round_up(offset, 4);
  return round_up(offset, header.block_bytes);
}

std::string Segment::place(std::uint64_t offset) const {
  return file->path() + " at offset " + std::to_string(offset);
}

Result<FoundSegment> find_segment(FileSystem& files, const std::string& directory,
                                  const std::string& name) {
  FoundSegment found{.segment = std::make_shared<Segment>()};
  found.segment->name = name;
  PROA_TRY(found.segment->file, files.open(join(directory, name), OpenMode::write));
  const File& file = *found.segment->file;
  PROA_TRY(const HeaderCopy first, read_copy(file, 0));
  PROA_TRY(const HeaderCopy second, first.state == HeaderState::ok
                                        ? read_copy(file, first.header.block_bytes)
                                        : find_second_copy(file));
  if (first.state == HeaderState::newer || second.state == HeaderState::newer) {
    found.state = HeaderState::newer;
    return found;
  }
  // A copy whose write was lost may be that of the segment that the file was before.
  const auto is_of_name = [&](const HeaderCopy& copy) {
    return segment_name(copy.header.sequence, copy.header.first_index) == name;
  };
  const bool second_ok = second.state == HeaderState::ok;
  const bool first_is_stale = second_ok && is_of_name(second) && !is_of_name(first);
  const bool first_ok = first.state == HeaderState::ok && !first_is_stale;
  if (!first_ok && !second_ok) return found;
  found.state = HeaderState::ok;
  found.segment->header = first_ok ? first.header : second.header;
  if (!first_ok) found.damaged_copy = 0;
  if (!second_ok || (first_ok && !(first.header == second.header))) {
    found.damaged_copy = found.segment->header.block_bytes;
  }
  return found;
}

Result<FoundBatch> read_batch(const Segment& segment, std::uint64_t offset) {
  FoundBatch found;
  const SegmentHeader& header = segment.header;
  if (offset + kBatchHeaderBytes > header.data_bytes) return found;
  std::vector<std::byte> bytes(
      std::min<std::uint64_t>(header.block_bytes, header.data_bytes - offset));
  PROA_TRY(read_padded(*segment.file, offset, bytes));
  found.state = check_header(bytes, kBatchHeader, crc_seed(header));
  const auto batch = decode_batch_header(bytes, crc_seed(header));
  if (!batch) return found;
  found.header = *batch;
  const std::uint64_t room = header.data_bytes - offset - kBatchHeaderBytes;
  if (batch->bytes > room) return found;

  const std::size_t there = bytes.size();
  bytes.resize(kBatchHeaderBytes + batch->bytes);
  if (bytes.size() > there) {
    PROA_TRY(read_padded(*segment.file, offset + there, std::span{bytes}.subspan(there)));
  }
  SharedBytes all = SharedBytes::take(std::move(bytes));
  found.body = all.slice(kBatchHeaderBytes, batch->bytes);
  found.whole =
      crc32c(found.body, begin_chain(*batch)) == batch->chain || mutant("rotten entries served");
  return found;
}

Result<EntryView> decode_entries(const Segment& segment, std::uint64_t offset,
                                 const FoundBatch& batch) {
  PROA_ASSERT(batch.whole);
  if (batch.header.count == 0) return EntryView{};
  auto decoded = wire::decode_block(batch.body, batch.header.count);
  const std::string index = "entry " + to_string(batch.header.first_index);
  if (!decoded) return rotten(segment, offset, index + ": " + decoded.error().detail);
  if (!decoded->has_value() || (*decoded)->bytes != batch.body.size()) {
    return rotten(segment, offset, index + ": the entries do not fill their batch");
  }
  EntryView entries((*decoded)->block);
  if (entries.first_index() != batch.header.first_index) {
    return rotten(segment, offset, index + ": the batch begins with another one");
  }
  return entries;
}

Result<std::optional<std::uint64_t>> find_block(const Segment& segment, std::uint64_t offset,
                                                Fn<bool(ByteView)> visit) {
  const std::uint64_t block = segment.header.block_bytes;
  const std::uint64_t end = segment.header.data_bytes;
  std::vector<std::byte> chunk(round_up(std::min<std::uint64_t>(kChunkBytes, end), block));
  for (std::uint64_t at = round_up(offset, block); at < end;) {
    PROA_TRY(read_padded(*segment.file, at, chunk));
    for (std::uint64_t in = 0; in < chunk.size() && at < end; in += block) {
      if (visit(ByteView{chunk}.subspan(in, block))) return std::optional{at};
      at += block;
    }
  }
  return std::optional<std::uint64_t>{};
}

Result<std::optional<Footer>> read_footer(const Segment& segment) {
  const std::uint64_t offset = segment.header.data_bytes;
  std::array<std::byte, kFooterHeaderBytes> head{};
  PROA_TRY(read_padded(*segment.file, offset, head));
  const auto header = decode_footer_header(head, segment.header);
  PROA_TRY(const std::uint64_t size, segment.file->size());
  if (!header || header->body_bytes > size) return std::optional<Footer>{};
  std::vector<std::byte> body(header->body_bytes);
  PROA_TRY(read_padded(*segment.file, offset + kFooterHeaderBytes, body));
  if (crc32c(body) != header->body_crc) return std::optional<Footer>{};
  auto records = SegmentRecords::decode(body);
  if (!records) return std::optional<Footer>{};
  return std::optional<Footer>{Footer{.records = *std::move(records),
                                      .last_batch = header->last_batch,
                                      .last_chain = header->last_chain}};
}

}  // namespace proa::store
