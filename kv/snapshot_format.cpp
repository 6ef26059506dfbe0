#include "kv/detail/snapshot_format.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "kv/detail/byte_reader.hpp"
#include "kv/detail/byte_writer.hpp"
#include "kv/limits.hpp"
#include "proa/base/checksum.hpp"

namespace proa::kv {
namespace {

constexpr std::string_view kMagic = "proa kv\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 20;
constexpr std::size_t kBlockHeadBytes = 8;
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
/// The largest record behind an almost full block.
constexpr std::size_t kBlockBytesMax = kBlockBytes + kKeyBytesMax + kValueBytesMax + 64;
constexpr std::uint8_t kString = 0;

Result<void> write_block(ByteWriter& records, std::uint32_t& chain, SnapshotSink& sink) {
  chain = crc32c(records.view(), chain);
  ByteWriter head;
  head.fixed32(static_cast<std::uint32_t>(records.size()));
  head.fixed32(chain);
  PROA_TRY(sink.write(head.view()));
  if (records.size() > 0) PROA_TRY(sink.write(records.view()));
  records.clear();
  return {};
}

Result<void> read_exactly(ByteSource& source, std::span<std::byte> buffer) {
  while (!buffer.empty()) {
    PROA_TRY(const std::size_t got, source.read(buffer));
    if (got == 0) {
      return fail(Errc::corrupt, "the snapshot of the key-value store ends " +
                                     std::to_string(buffer.size()) +
                                     " bytes too early; it is incomplete: use an older one");
    }
    buffer = buffer.subspan(got);
  }
  return {};
}

struct Header {
  std::uint64_t keys = 0;
  std::uint32_t checksum = 0;
};

Result<Header> read_header(ByteSource& source) {
  std::array<std::byte, kHeaderBytes> bytes = {};
  PROA_TRY(read_exactly(source, bytes));
  if (text_of(ByteView{bytes}.first(kMagic.size())) != kMagic) {
    return fail(Errc::corrupt,
                "this is no snapshot of the key-value store: it does not begin with `proa kv`");
  }
  ByteReader from{ByteView{bytes}.subspan(kMagic.size())};
  PROA_TRY(const std::uint32_t version, from.fixed32());
  if (version != kVersion) {
    return fail(Errc::unsupported_protocol, "the snapshot of the key-value store has version " +
                                                std::to_string(version) + ", this server reads " +
                                                std::to_string(kVersion) +
                                                "; install the version that wrote it");
  }
  PROA_TRY(const std::uint64_t keys, from.fixed64());
  return Header{.keys = keys, .checksum = crc32c(bytes)};
}

Result<void> read_record(ByteReader& from, Table& into) {
  PROA_TRY(const std::uint8_t type, from.byte());
  if (type != kString) {
    return fail(Errc::unsupported_protocol,
                "the snapshot holds a value of type " + std::to_string(type) +
                    ", this server knows strings; install the version that wrote it");
  }
  PROA_TRY(const std::uint64_t modified, from.number(UINT64_MAX));
  PROA_TRY(const ByteView key, from.string(kKeyBytesMax));
  PROA_TRY(const ByteView value, from.string(kValueBytesMax));
  into.put(key, {.value = SharedBytes::copy_of(value), .modified = LogIndex{modified}});
  return {};
}

/// The records of the next block; none: it was the last.
Result<std::vector<std::byte>> read_block(ByteSource& source, std::uint32_t& chain) {
  std::array<std::byte, kBlockHeadBytes> head = {};
  PROA_TRY(read_exactly(source, head));
  ByteReader from{head};
  PROA_TRY(const std::uint32_t bytes, from.fixed32());
  PROA_TRY(const std::uint32_t checksum, from.fixed32());
  if (bytes > kBlockBytesMax) {
    return fail(Errc::corrupt, "a block of the snapshot claims to have " + std::to_string(bytes) +
                                   " bytes; at most " + std::to_string(kBlockBytesMax) +
                                   " are possible");
  }
  std::vector<std::byte> records(bytes);
  PROA_TRY(read_exactly(source, records));
  chain = crc32c(records, chain);
  if (chain != checksum) {
    return fail(Errc::corrupt,
                "a block of the snapshot of the key-value store does not match its checksum; it is "
                "damaged: use another one");
  }
  return records;
}

}  // namespace

Result<void> write_snapshot(const TableImage& image, SnapshotSink& sink) {
  ByteWriter bytes;
  bytes.raw(view_of(kMagic));
  bytes.fixed32(kVersion);
  bytes.fixed64(image.size());
  std::uint32_t chain = crc32c(bytes.view());
  PROA_TRY(sink.write(bytes.view()));
  bytes.clear();
  for (const auto& shard : image.shards()) {
    for (const auto& [key, item] : *shard) {
      bytes.byte(kString);
      bytes.number(item.modified.value);
      bytes.string(view_of(key));
      bytes.string(item.value);
      if (bytes.size() >= kBlockBytes) PROA_TRY(write_block(bytes, chain, sink));
    }
  }
  if (bytes.size() > 0) PROA_TRY(write_block(bytes, chain, sink));
  return write_block(bytes, chain, sink);
}

Result<Table> read_snapshot(ByteSource& source) {
  PROA_TRY(const Header header, read_header(source));
  Table table;
  for (std::uint32_t chain = header.checksum;;) {
    PROA_TRY(const std::vector<std::byte> records, read_block(source, chain));
    if (records.empty()) break;
    for (ByteReader from{records}; !from.at_end();)
      PROA_TRY(read_record(from, table));
  }
  if (table.size() != header.keys) {
    return fail(Errc::corrupt, "the snapshot holds " + std::to_string(table.size()) +
                                   " keys, its header says " + std::to_string(header.keys));
  }
  return table;
}

}  // namespace proa::kv
