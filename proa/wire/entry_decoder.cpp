#include <algorithm>
#include <cstring>

#include "proa/wire/entry_codec.hpp"
#include "proa/wire/entry_layout.hpp"
#include "proa/wire/msgpack_reader.hpp"

namespace proa::wire {
namespace {

/// Walks over an entry in the form in which it is nearly always written. False: it is not in this
/// form, or not all there; then the general way decides which.
class UsualForm {
 public:
  explicit UsualForm(ByteView input)
      : begin_(input.data()), at_(begin_), end_(begin_ + input.size()) {}

  bool read() {
    return left() >= kEntryBytesMin && key<kEntryStart>() && appended_at() &&  //
           key<kDataKey>() && string(data_) && key<kExtensionsKey>() && string(extensions_) &&
           key<kIndexKey>() && number(index_) && key<kTermKey>() && number(term_) &&
           key<kTypeKey>() && number(kind_) && kind_ <= 0xff;
  }

  Entry entry() const {
    return Entry{.index = {index_},
                 .term = {term_},
                 .kind = static_cast<EntryKind>(kind_),
                 .data_apart = false,
                 .appended_at = time_,
                 .data = data_,
                 .extensions = extensions_,
                 .head = {begin_, at_},
                 .tail = {}};
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  // Followed by at least one byte, which every value has.
  template <const std::string_view& kName>
  bool key() {
    constexpr std::size_t kSize = kName.size();
    if (left() <= kSize || std::memcmp(at_, kName.data(), kSize) != 0) return false;
    at_ += kSize;
    return true;
  }

  // Within the shortest entry, so the bytes are there.
  bool appended_at() {
    const auto nanoseconds = load_big_endian<std::uint32_t>(at_ + 9);
    if (*at_ != std::byte{1} || nanoseconds >= 1'000'000'000) return false;
    time_.unix_seconds =
        static_cast<std::int64_t>(load_big_endian<std::uint64_t>(at_ + 1) +
                                  static_cast<std::uint64_t>(WallTime::kZeroSeconds));
    time_.nanoseconds = nanoseconds;
    const auto minutes = static_cast<std::int16_t>(load_big_endian<std::uint16_t>(at_ + 13));
    time_.zone_seconds = minutes == -1 ? WallTime::kExplicitUtc : minutes * 60;
    at_ += 15;
    return true;
  }

  bool string(ByteView& value) {
    const auto tag = static_cast<std::uint8_t>(*at_++);
    std::size_t size = 0;
    if (tag == 0xc0) return true;
    if (tag >= 0xa0 && tag <= 0xbf) {
      size = tag & 0x1fU;
    } else if (tag == 0xda && left() >= 2) {
      size = load_big_endian<std::uint16_t>(at_);
      at_ += 2;
    } else if (tag == 0xdb && left() >= 4) {
      size = load_big_endian<std::uint32_t>(at_);
      at_ += 4;
    } else {
      return false;
    }
    if (left() < size) return false;
    value = {at_, size};
    at_ += size;
    return true;
  }

  bool number(std::uint64_t& value) {
    const auto tag = static_cast<std::uint8_t>(*at_++);
    if (tag <= 0x7f) {
      value = tag;
      return true;
    }
    if (tag == 0xcc) return fixed<std::uint8_t>(value);
    if (tag == 0xcd) return fixed<std::uint16_t>(value);
    if (tag == 0xce) return fixed<std::uint32_t>(value);
    return tag == 0xcf && fixed<std::uint64_t>(value);
  }

  template <class T>
  bool fixed(std::uint64_t& value) {
    if (left() < sizeof(T)) return false;
    value = load_big_endian<T>(at_);
    at_ += sizeof(T);
    return true;
  }

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  std::uint64_t index_ = 0;
  std::uint64_t term_ = 0;
  std::uint64_t kind_ = 0;
  WallTime time_;
  ByteView data_;
  ByteView extensions_;
};

bool read_field(MsgpackReader& in, std::string_view name, Entry& entry) {
  if (name == "Index") return in.unsigned_number(entry.index.value);
  if (name == "Term") return in.unsigned_number(entry.term.value);
  if (name == "Data") return in.bytes(entry.data);
  if (name == "Extensions") return in.bytes(entry.extensions);
  if (name == "AppendedAt") return in.time(entry.appended_at);
  if (name != "Type") return in.skip();
  std::uint64_t kind = 0;
  if (!in.unsigned_number(kind, 0xff)) return false;
  entry.kind = static_cast<EntryKind>(kind);
  return true;
}

bool read_any_form(MsgpackReader& in, Entry& entry) {
  static constexpr std::string_view kDeclared[] = {"Index", "Term",       "Type",
                                                   "Data",  "Extensions", "AppendedAt"};
  if (!in.rest().empty() && in.rest()[0] == std::byte{0xc0}) return in.malformed("a nil entry");
  return read_struct(in, kDeclared,
                     [&](std::string_view name) { return read_field(in, name, entry); });
}

/// Of an entry that changes who is in the cluster.
Result<Configuration> configuration_in(const Entry& entry) {
  return entry.kind == EntryKind::configuration ? decode_configuration(entry.data)
                                                : decode_peers(entry.data);
}

Failure not_consecutive(const Entry& before, const Entry& entry) {
  return fail(Errc::protocol_error, "entries are not consecutive: index " + to_string(entry.index) +
                                        " follows index " + to_string(before.index));
}

}  // namespace

bool read_entry(MsgpackReader& in, std::vector<Entry>& entries) {
  UsualForm usual{in.rest()};
  if (usual.read()) {
    entries.push_back(usual.entry());
    in.advance(entries.back().head.size());
    return true;
  }
  const std::size_t begin = in.position();
  Entry entry;
  if (!read_any_form(in, entry)) return false;
  entry.head = in.since(begin);
  entries.push_back(entry);
  return true;
}

Result<std::optional<DecodedBlock>> decode_block(const SharedBytes& chunk, std::size_t count) {
  auto block = std::make_shared<EntryBlock>();
  std::vector<Entry>& entries = block->entries;
  entries.reserve(std::min(count, chunk.size() / kEntryBytesMin + 1));
  MsgpackReader in{chunk.view()};
  while (entries.size() < count) {
    if (!read_entry(in, entries)) {
      if (in.incomplete()) return std::optional<DecodedBlock>{};
      return fail(Errc::protocol_error, "an entry does not decode: " + in.error());
    }
    if (entries.size() == 1) continue;
    const Entry& before = entries[entries.size() - 2];
    const Entry& entry = entries.back();
    const bool follows = entry.index == next(before.index) && entry.index > before.index;
    if (!follows) return not_consecutive(before, entry);
  }
  block->owners = in.take_owned();
  block->owners.push_back(chunk);
  return std::optional{DecodedBlock{.block = std::move(block), .bytes = in.position()}};
}

Result<EntryInfo> describe(const Entry& entry) {
  EntryInfo info{.index = entry.index, .term = entry.term, .kind = entry.kind};
  if (!changes_configuration(entry.kind)) return info;
  PROA_TRY(info.configuration, configuration_in(entry));
  return info;
}

Result<EntriesSummary> summarize(const EntryView& entries, LogIndex previous) {
  EntriesSummary summary{.entries = {.first = next(previous), .last = previous}};
  if (entries.empty()) return summary;
  summary.entries = {.first = entries.first_index(), .last = entries.last_index()};
  for (const EntryRun& run : entries.runs()) {
    for (const Entry& entry : run.entries()) {
      if (summary.term_starts.empty() || summary.term_starts.back().term != entry.term) {
        summary.term_starts.push_back({.term = entry.term, .index = entry.index});
      }
      if (!changes_configuration(entry.kind)) continue;
      PROA_TRY(Configuration configuration, configuration_in(entry));
      summary.configurations.push_back({std::move(configuration), entry.index});
    }
  }
  return summary;
}

}  // namespace proa::wire
