#include "proa/wire/entry_codec.hpp"

#include "proa/wire/msgpack_reader.hpp"
#include "proa/wire/msgpack_writer.hpp"

namespace proa::wire {
namespace {

constexpr std::size_t kFramingBytesMax = 128;  // an encoded entry without its byte strings

void write_time(MsgpackWriter& out, const WallTime& time) {
  const bool utc = time.zone_seconds == WallTime::kExplicitUtc;
  const int odd_seconds = utc ? 0 : time.zone_seconds % 60;
  const int minutes = utc ? -1 : time.zone_seconds / 60;
  out.string_header(odd_seconds == 0 ? 15 : 16);
  out.byte(odd_seconds == 0 ? 1 : 2);
  const std::uint64_t seconds = static_cast<std::uint64_t>(time.unix_seconds) -
                                static_cast<std::uint64_t>(WallTime::kZeroSeconds);
  for (int shift = 56; shift >= 0; shift -= 8)
    out.byte((seconds >> shift) & 0xff);
  for (int shift = 24; shift >= 0; shift -= 8)
    out.byte((time.nanoseconds >> shift) & 0xff);
  out.byte(static_cast<unsigned>(minutes >> 8) & 0xff);
  out.byte(static_cast<unsigned>(minutes) & 0xff);
  if (odd_seconds != 0) out.byte(static_cast<unsigned>(odd_seconds) & 0xff);
}

/// Where the parts of one entry lie in the buffer of its block.
struct Cut {
  std::size_t begin = 0;
  std::size_t data = 0;
  std::size_t extensions = 0;
  std::size_t tail = 0;
  std::size_t end = 0;
};

Cut write_entry(MsgpackWriter& out, const NewEntry& entry, bool data_apart) {
  Cut cut{.begin = out.size()};
  out.map_header(6);
  out.key("AppendedAt");
  write_time(out, entry.appended_at);
  out.key("Data");
  if (data_apart) {
    out.string_header(entry.data.size());
  } else {
    out.string(entry.data);
  }
  cut.tail = out.size();
  cut.data = data_apart ? 0 : out.size() - entry.data.size();
  out.key("Extensions");
  out.string(entry.extensions);
  cut.extensions = out.size() - entry.extensions.size();
  out.key("Index");
  out.unsigned_number(entry.index.value);
  out.key("Term");
  out.unsigned_number(entry.term.value);
  out.key("Type");
  out.unsigned_number(static_cast<std::uint64_t>(entry.kind));
  cut.end = out.size();
  return cut;
}

Entry entry_at(const NewEntry& entry, const Cut& cut, ByteView buffer) {
  const bool data_apart = cut.data == 0;
  const auto piece = [&](std::size_t at, const SharedBytes& like) {
    return like.data() == nullptr ? ByteView{} : buffer.subspan(at, like.size());
  };
  const std::size_t head_end = data_apart ? cut.tail : cut.end;
  return Entry{.index = entry.index,
               .term = entry.term,
               .kind = entry.kind,
               .data_apart = data_apart,
               .appended_at = entry.appended_at,
               .data = data_apart ? entry.data.view() : piece(cut.data, entry.data),
               .extensions = piece(cut.extensions, entry.extensions),
               .head = buffer.subspan(cut.begin, head_end - cut.begin),
               .tail = buffer.subspan(head_end, cut.end - head_end)};
}

Failure malformed(const MsgpackReader& reader, const std::string& what) {
  const std::string why = reader.incomplete() ? "it ends too early" : reader.error();
  return fail(Errc::protocol_error, what + " does not decode: " + why);
}

bool read_entry_field(MsgpackReader& in, std::string_view key, Entry& entry) {
  std::uint64_t kind = 0;
  if (key == "Index") return in.unsigned_number(entry.index.value);
  if (key == "Term") return in.unsigned_number(entry.term.value);
  if (key == "Data") return in.string(entry.data);
  if (key == "Extensions") return in.string(entry.extensions);
  if (key == "AppendedAt") return in.time(entry.appended_at);
  if (key != "Type") return in.skip();
  if (!in.unsigned_number(kind, 0xff)) return false;
  entry.kind = static_cast<EntryKind>(kind);
  return true;
}

/// A struct as a map by name, or as an array in the order of `names`.
template <class ReadField>
bool read_struct(MsgpackReader& in, std::span<const std::string_view> names, ReadField read) {
  MsgpackReader::Container shape;
  if (!in.container(shape)) return false;
  if (shape.kind == MsgpackReader::Container::Kind::map) {
    for (std::size_t left = shape.values / 2; left > 0; --left) {
      ByteView key;
      if (!in.map_key(key) || !read(text_of(key))) return false;
    }
    return true;
  }
  for (std::size_t i = 0; i < shape.values; ++i) {
    if (!read(i < names.size() ? names[i] : std::string_view{})) return false;
  }
  return true;
}

bool read_entry(MsgpackReader& in, Entry& entry) {
  static constexpr std::string_view kNames[] = {"Index", "Term",       "Type",
                                                "Data",  "Extensions", "AppendedAt"};
  return read_struct(in, kNames,
                     [&](std::string_view key) { return read_entry_field(in, key, entry); });
}

bool read_server(MsgpackReader& in, Server& server) {
  static constexpr std::string_view kNames[] = {"Suffrage", "ID", "Address"};
  return read_struct(in, kNames, [&](std::string_view key) {
    ByteView text;
    std::int64_t suffrage = 0;
    if (key == "Suffrage") {
      if (!in.signed_number(suffrage)) return false;
      server.suffrage = static_cast<Suffrage>(suffrage);
      return true;
    }
    if (key != "ID" && key != "Address") return in.skip();
    if (!in.string(text)) return false;
    (key == "ID" ? server.id.value : server.address.value) = std::string{text_of(text)};
    return true;
  });
}

bool read_servers(MsgpackReader& in, std::vector<Server>& servers) {
  MsgpackReader::Container list;
  if (!in.container(list)) return false;
  servers.clear();
  for (std::size_t left = list.values; left > 0; --left) {
    if (!read_server(in, servers.emplace_back())) return false;
  }
  return true;
}

}  // namespace

std::shared_ptr<const EntryBlock> encode_block(std::span<const NewEntry> entries) {
  auto block = std::make_shared<EntryBlock>();
  MsgpackWriter out;
  std::size_t bytes = 0;
  for (const NewEntry& entry : entries) {
    bytes += kFramingBytesMax + entry.extensions.size();
    if (entry.data.size() < kDataApartMin) bytes += entry.data.size();
  }
  out.reserve(bytes);
  std::vector<Cut> cuts;
  cuts.reserve(entries.size());
  for (const NewEntry& entry : entries) {
    const bool data_apart = entry.data.size() >= kDataApartMin;
    if (data_apart) block->owners.push_back(entry.data);
    cuts.push_back(write_entry(out, entry, data_apart));
  }
  block->owners.push_back(SharedBytes::take(out.take()));
  const ByteView buffer = block->owners.back().view();
  block->entries.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    block->entries.push_back(entry_at(entries[i], cuts[i], buffer));
  }
  return block;
}

Result<std::optional<DecodedBlock>> decode_block(const SharedBytes& chunk, std::size_t count) {
  auto block = std::make_shared<EntryBlock>();
  MsgpackReader in{chunk.view()};
  for (; count > 0; --count) {
    const std::size_t begin = in.position();
    if (begin < chunk.size() && chunk.view()[begin] == std::byte{0xc0}) {
      return fail(Errc::protocol_error, "an entry is nil");
    }
    Entry entry;
    if (!read_entry(in, entry)) {
      if (in.incomplete()) return std::optional<DecodedBlock>{};
      return malformed(in, "an entry");
    }
    entry.head = chunk.view().subspan(begin, in.position() - begin);
    if (!block->entries.empty() && entry.index != next(block->entries.back().index)) {
      return fail(Errc::protocol_error, "entry " + to_string(entry.index) + " follows entry " +
                                            to_string(block->entries.back().index));
    }
    block->entries.push_back(entry);
  }
  block->owners = in.owned();
  block->owners.push_back(chunk);
  return std::optional{DecodedBlock{.block = std::move(block), .bytes = in.position()}};
}

SharedBytes encode_configuration(const Configuration& configuration) {
  MsgpackWriter out;
  out.map_header(1);
  out.key("Servers");
  out.array_header(configuration.servers.size());
  for (const Server& server : configuration.servers) {
    out.map_header(3);
    out.key("Address");
    out.string(view_of(server.address.value));
    out.key("ID");
    out.string(view_of(server.id.value));
    out.key("Suffrage");
    out.signed_number(static_cast<std::int64_t>(server.suffrage));
  }
  return SharedBytes::take(out.take());
}

Result<Configuration> decode_configuration(ByteView bytes) {
  static constexpr std::string_view kNames[] = {"Servers"};
  MsgpackReader in{bytes};
  Configuration configuration;
  const bool read = read_struct(in, kNames, [&](std::string_view key) {
    return key == "Servers" ? read_servers(in, configuration.servers) : in.skip();
  });
  if (!read) return malformed(in, "a configuration");
  return configuration;
}

SharedBytes encode_peers(const Configuration& configuration) {
  MsgpackWriter out;
  if (configuration.voters() == 0) {
    out.nil();
  } else {
    out.array_header(configuration.voters());
  }
  for (const Server& server : configuration.servers) {
    if (server.suffrage == Suffrage::voter) out.string(view_of(server.address.value));
  }
  return SharedBytes::take(out.take());
}

Result<Configuration> decode_peers(ByteView bytes) {
  MsgpackReader in{bytes};
  MsgpackReader::Container list;
  if (!in.container(list)) return malformed(in, "a list of peers");
  Configuration configuration;
  for (std::size_t left = list.values; left > 0; --left) {
    ByteView text;
    if (!in.string(text)) return malformed(in, "a list of peers");
    const std::string address{text_of(text)};
    configuration.servers.push_back({Suffrage::voter, {address}, {address}});
  }
  return configuration;
}

Result<EntryInfo> describe(const Entry& entry) {
  EntryInfo info{.index = entry.index, .term = entry.term, .kind = entry.kind};
  if (entry.kind == EntryKind::configuration) {
    PROA_TRY(info.configuration, decode_configuration(entry.data));
  } else if (changes_configuration(entry.kind)) {
    PROA_TRY(info.configuration, decode_peers(entry.data));
  }
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
      PROA_TRY(EntryInfo info, describe(entry));
      summary.configurations.push_back({std::move(*info.configuration), entry.index});
    }
  }
  return summary;
}

}  // namespace proa::wire
