#include "proa/store/detail/wal_format.hpp"

#include <charconv>

#include "proa/base/mutant.hpp"

namespace proa::store {
namespace {

constexpr std::size_t kSequenceDigits = 16;  // hexadecimal
constexpr std::size_t kIndexDigits = 20;
constexpr std::string_view kSuffix = ".wal";

std::string padded(std::string digits, std::size_t width) {
  return std::string(width - digits.size(), '0') + digits;
}

std::string hexadecimal(std::uint64_t value) {
  char digits[kSequenceDigits];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value, 16).ptr;
  return {digits, end};
}

std::optional<std::uint64_t> parse(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The fields that the chain covers: all but the chain itself.
void put_fields(LittleEndianWriter& writer, const BatchHeader& header) {
  writer.put(static_cast<std::uint64_t>(header.kind));
  writer.put(header.segment);
  writer.put(header.batch);
  writer.put(header.first_index.value);
  writer.put(header.count);
  writer.put(header.bytes);
  writer.put(header.commit_hint.value);
  writer.put(header.term_before.value);
}

}  // namespace

std::uint32_t crc_seed(const SegmentHeader& segment) {
  if (mutant("chain not checked on recovery")) return 0;
  LittleEndianWriter writer;
  writer.put(segment.salt);
  return crc32c(writer.view());
}

std::vector<std::byte> encode(const SegmentHeader& header) {
  LittleEndianWriter writer = begin_header(kSegmentHeader, kSegmentHeaderBytes);
  writer.put(header.sequence);
  writer.put(header.first_index.value);
  writer.put(header.first_batch);
  writer.put(header.data_bytes);
  writer.put(header.salt);
  writer.put(header.block_bytes);
  writer.put(header.previous_chain);
  writer.put(std::uint64_t{0});
  return end_header(std::move(writer));
}

std::optional<SegmentHeader> decode_segment_header(ByteView bytes) {
  if (check_header(bytes, kSegmentHeader) != HeaderState::ok) return std::nullopt;
  LittleEndianReader reader = fields_of(bytes);
  SegmentHeader header;
  header.sequence = reader.get<std::uint64_t>();
  header.first_index.value = reader.get<std::uint64_t>();
  header.first_batch = reader.get<std::uint64_t>();
  header.data_bytes = reader.get<std::uint64_t>();
  header.salt = reader.get<std::uint64_t>();
  header.block_bytes = reader.get<std::uint32_t>();
  header.previous_chain = reader.get<std::uint32_t>();
  if (!reader.ok() || header.block_bytes < kBlockBytesMin) return std::nullopt;
  if (header.block_bytes > kBlockBytesMax) return std::nullopt;
  if (header.data_bytes < header.first_batch_offset() + header.block_bytes) return std::nullopt;
  return header;
}

std::vector<std::byte> encode(const BatchHeader& header, std::uint32_t seed) {
  LittleEndianWriter writer = begin_header(kBatchHeader, kBatchHeaderBytes);
  put_fields(writer, header);
  writer.put(header.previous_chain);
  writer.put(header.chain);
  return end_header(std::move(writer), seed);
}

std::optional<BatchHeader> decode_batch_header(ByteView bytes, std::uint32_t seed) {
  if (check_header(bytes, kBatchHeader, seed) != HeaderState::ok) return std::nullopt;
  LittleEndianReader reader = fields_of(bytes);
  BatchHeader header;
  const auto kind = reader.get<std::uint64_t>();
  header.segment = reader.get<std::uint64_t>();
  header.batch = reader.get<std::uint64_t>();
  header.first_index.value = reader.get<std::uint64_t>();
  header.count = reader.get<std::uint64_t>();
  header.bytes = reader.get<std::uint64_t>();
  header.commit_hint.value = reader.get<std::uint64_t>();
  header.term_before.value = reader.get<std::uint64_t>();
  header.previous_chain = reader.get<std::uint32_t>();
  header.chain = reader.get<std::uint32_t>();
  if (!reader.ok() || kind < 1 || kind > 5) return std::nullopt;
  header.kind = static_cast<BatchKind>(kind);
  return header;
}

bool resembles_batch_of(ByteView bytes, std::uint64_t sequence) {
  LittleEndianReader reader(bytes);
  if (reader.get<std::uint32_t>() != kBatchHeader.magic) return false;
  reader.get_bytes(12);  // format, size and kind
  return reader.get<std::uint64_t>() == sequence && reader.ok();
}

std::uint32_t begin_chain(const BatchHeader& header) {
  LittleEndianWriter writer;
  put_fields(writer, header);
  return crc32c(writer.view(), header.previous_chain);
}

std::string segment_name(std::uint64_t sequence, LogIndex first_index) {
  return padded(hexadecimal(sequence), kSequenceDigits) + "-" +
         padded(std::to_string(first_index.value), kIndexDigits) + std::string(kSuffix);
}

std::optional<SegmentName> parse_segment_name(const std::string& name) {
  const std::string_view text = name;
  if (text.size() != kSequenceDigits + 1 + kIndexDigits + kSuffix.size()) return std::nullopt;
  if (!text.ends_with(kSuffix) || text[kSequenceDigits] != '-') return std::nullopt;
  const auto sequence = parse(text.substr(0, kSequenceDigits), 16);
  const auto index = parse(text.substr(kSequenceDigits + 1, kIndexDigits), 10);
  if (!sequence || !index) return std::nullopt;
  return SegmentName{.sequence = *sequence, .first_index = LogIndex{*index}};
}

}  // namespace proa::store
