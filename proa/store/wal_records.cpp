#include "proa/store/detail/wal_records.hpp"

#include "proa/wire/entry_codec.hpp"

namespace proa::store {

void SegmentRecords::add(const BatchRecord& record, const EntriesSummary& entries) {
  const auto number = static_cast<std::uint32_t>(records_.size());
  records_.push_back(record);
  // After a cut the term before is no longer the one that the last batch ended in.
  if (record.kind != BatchKind::entries) term_may_differ_ = true;
  for (const LogPosition& start : entries.term_starts) {
    if (!term_may_differ_ && start.term == term_starts_.back().at.term) continue;
    term_starts_.push_back({.record = number, .at = start});
    term_may_differ_ = false;
  }
  for (const ConfigurationAt& configuration : entries.configurations) {
    configurations_.push_back({.record = number, .at = configuration});
  }
}

EntriesSummary SegmentRecords::entries_of(std::size_t record, Cursor& cursor) const {
  const BatchRecord& batch = records_[record];
  EntriesSummary entries{
      .entries = {.first = batch.first_index, .last = previous(batch.first_index + batch.count)}};
  while (cursor.term_start < term_starts_.size() &&
         term_starts_[cursor.term_start].record == record) {
    entries.term_starts.push_back(term_starts_[cursor.term_start++].at);
  }
  while (cursor.configuration < configurations_.size() &&
         configurations_[cursor.configuration].record == record) {
    entries.configurations.push_back(configurations_[cursor.configuration++].at);
  }
  return entries;
}

std::vector<std::byte> SegmentRecords::encode() const {
  LittleEndianWriter writer;
  writer.put(static_cast<std::uint32_t>(records_.size()));
  writer.put(static_cast<std::uint32_t>(term_starts_.size()));
  writer.put(static_cast<std::uint32_t>(configurations_.size()));
  for (const BatchRecord& record : records_) {
    writer.put(static_cast<std::uint32_t>(record.kind));
    writer.put(record.offset);
    writer.put(record.first_index.value);
    writer.put(record.count);
    writer.put(record.commit_hint.value);
  }
  for (const TermStart& start : term_starts_) {
    writer.put(start.record);
    writer.put(start.at.index.value);
    writer.put(start.at.term.value);
  }
  for (const ConfigurationIn& configuration : configurations_) {
    writer.put(configuration.record);
    writer.put(configuration.at.index.value);
    writer.put_string(wire::encode_configuration(configuration.at.configuration));
  }
  return std::move(writer).take();
}

std::optional<SegmentRecords> SegmentRecords::decode(ByteView bytes) {
  LittleEndianReader reader(bytes);
  SegmentRecords decoded;
  auto records = reader.get<std::uint32_t>();
  auto term_starts = reader.get<std::uint32_t>();
  auto configurations = reader.get<std::uint32_t>();
  for (; records > 0 && reader.ok(); --records) {
    BatchRecord& record = decoded.records_.emplace_back();
    record.kind = static_cast<BatchKind>(reader.get<std::uint32_t>());
    record.offset = reader.get<std::uint64_t>();
    record.first_index.value = reader.get<std::uint64_t>();
    record.count = reader.get<std::uint64_t>();
    record.commit_hint.value = reader.get<std::uint64_t>();
  }
  for (; term_starts > 0 && reader.ok(); --term_starts) {
    TermStart& start = decoded.term_starts_.emplace_back();
    start.record = reader.get<std::uint32_t>();
    start.at.index.value = reader.get<std::uint64_t>();
    start.at.term.value = reader.get<std::uint64_t>();
  }
  for (; configurations > 0 && reader.ok(); --configurations) {
    ConfigurationIn& configuration = decoded.configurations_.emplace_back();
    configuration.record = reader.get<std::uint32_t>();
    configuration.at.index.value = reader.get<std::uint64_t>();
    auto servers = wire::decode_configuration(reader.get_string());
    if (!servers) return std::nullopt;
    configuration.at.configuration = *std::move(servers);
  }
  if (!reader.at_end()) return std::nullopt;
  return decoded;
}

std::vector<std::byte> encode(const Footer& footer, const SegmentHeader& segment) {
  const std::vector<std::byte> body = footer.records.encode();
  LittleEndianWriter header = begin_header(kFooterHeader, kFooterHeaderBytes);
  header.put(segment.sequence);
  header.put(footer.last_batch);
  header.put(static_cast<std::uint64_t>(body.size()));
  header.put(crc32c(body));
  header.put(footer.last_chain);
  std::vector<std::byte> bytes = end_header(std::move(header), crc_seed(segment));
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

std::optional<FooterHeader> decode_footer_header(ByteView bytes, const SegmentHeader& segment) {
  if (check_header(bytes, kFooterHeader, crc_seed(segment)) != HeaderState::ok) {
    return std::nullopt;
  }
  LittleEndianReader reader = fields_of(bytes);
  FooterHeader header;
  header.segment = reader.get<std::uint64_t>();
  header.last_batch = reader.get<std::uint64_t>();
  header.body_bytes = reader.get<std::uint64_t>();
  header.body_crc = reader.get<std::uint32_t>();
  header.last_chain = reader.get<std::uint32_t>();
  if (!reader.ok() || header.segment != segment.sequence) return std::nullopt;
  return header;
}

}  // namespace proa::store
