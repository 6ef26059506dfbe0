#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/ids.hpp"
#include "proa/store/detail/header.hpp"

// The bytes of a segment. docs/storage.md draws them.
namespace proa::store {

inline constexpr HeaderKind kSegmentHeader{.magic = 0x53575250, .format = 1};  // "PRWS"
inline constexpr HeaderKind kBatchHeader{.magic = 0x42575250, .format = 1};    // "PRWB"
inline constexpr HeaderKind kFooterHeader{.magic = 0x46575250, .format = 1};   // "PRWF"

inline constexpr std::uint32_t kBlockBytesMin = 4096;
inline constexpr std::uint32_t kBlockBytesMax = std::uint32_t{1} << 20;
inline constexpr std::uint16_t kSegmentHeaderBytes = 68;
inline constexpr std::uint16_t kBatchHeaderBytes = 84;

/// What a segment says of itself, twice, in its first two blocks.
struct SegmentHeader {
  std::uint64_t sequence = 0;        ///< 1, 2, 3 ... over the life of the directory
  LogIndex first_index = {};         ///< where the next entry went when the segment was begun
  std::uint64_t first_batch = 1;     ///< sequence of the first batch in it
  std::uint32_t block_bytes = 0;     ///< batches begin at multiples of it
  std::uint64_t data_bytes = 0;      ///< headers and batches; the footer lies behind
  std::uint64_t salt = 0;            ///< random; starts the CRC of what else is in the segment
  std::uint32_t previous_chain = 0;  ///< chain value of the last batch before this segment
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;

  std::uint64_t first_batch_offset() const { return std::uint64_t{2} * block_bytes; }
};

/// What a batch does before its entries, if it has any, are appended at `first_index`.
enum class BatchKind : std::uint8_t {
  entries = 1,            ///< nothing: they continue the log
  suffix_truncation = 2,  ///< removes `first_index` and everything after it
  prefix_removal = 3,     ///< removes everything before `first_index`; no entries
  restart = 4,            ///< empties the log, which goes on at `first_index`
  seal = 5,               ///< nothing; the segment is full; no entries
};

struct BatchHeader {
  BatchKind kind = BatchKind::entries;
  std::uint64_t segment = 0;  ///< sequence of the segment it lies in
  std::uint64_t batch = 0;    ///< strictly increasing over the life of the directory
  LogIndex first_index = {};
  std::uint64_t count = 0;  ///< entries
  std::uint64_t bytes = 0;  ///< of the entries, behind the header
  LogIndex commit_hint = {};
  Term term_before = {};             ///< of a restart: the term of the entry before `first_index`
  std::uint32_t previous_chain = 0;  ///< chain value of the batch before
  std::uint32_t chain = 0;           ///< CRC-32C of this batch, started from previous_chain
  friend bool operator==(const BatchHeader&, const BatchHeader&) = default;
};

/// What CRCs inside a segment start from: nothing that a client sends can look like a header there.
std::uint32_t crc_seed(const SegmentHeader& segment);

std::vector<std::byte> encode(const SegmentHeader& header);
std::vector<std::byte> encode(const BatchHeader& header, std::uint32_t seed);

/// Absent fields: none. Nothing unless check_header says ok.
std::optional<SegmentHeader> decode_segment_header(ByteView bytes);
std::optional<BatchHeader> decode_batch_header(ByteView bytes, std::uint32_t seed);

/// Whether these bytes claim to be the header of a batch in segment `sequence`, damaged or not: all
/// that can be asked where the salt is lost.
bool resembles_batch_of(ByteView bytes, std::uint64_t sequence);

/// The chain value up to the entries, which go on from it.
std::uint32_t begin_chain(const BatchHeader& header);

std::string segment_name(std::uint64_t sequence, LogIndex first_index);
struct SegmentName {
  std::uint64_t sequence = 0;
  LogIndex first_index = {};
};
std::optional<SegmentName> parse_segment_name(const std::string& name);

constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint64_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace proa::store
