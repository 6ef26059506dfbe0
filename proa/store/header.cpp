#include "proa/store/detail/header.hpp"

#include "proa/base/assert.hpp"
#include "proa/base/checksum.hpp"

namespace proa::store {
namespace {

constexpr std::size_t kBeginning = 8;
constexpr std::size_t kCrcBytes = sizeof(std::uint32_t);

struct Beginning {
  std::uint32_t magic = 0;
  std::uint16_t format = 0;
  std::uint16_t header_bytes = 0;
};

Beginning beginning_of(ByteView bytes) {
  LittleEndianReader reader(bytes);
  Beginning beginning;
  beginning.magic = reader.get<std::uint32_t>();
  beginning.format = reader.get<std::uint16_t>();
  beginning.header_bytes = reader.get<std::uint16_t>();
  return beginning;
}

}  // namespace

LittleEndianWriter begin_header(HeaderKind kind, std::uint16_t header_bytes) {
  LittleEndianWriter writer;
  writer.put(kind.magic);
  writer.put(kind.format);
  writer.put(header_bytes);
  return writer;
}

std::vector<std::byte> end_header(LittleEndianWriter writer, std::uint32_t seed) {
  PROA_ASSERT(beginning_of(writer.view()).header_bytes == writer.size() + kCrcBytes);
  writer.put(crc32c(writer.view(), seed));
  return std::move(writer).take();
}

HeaderState check_header(ByteView bytes, HeaderKind kind, std::uint32_t seed) {
  const Beginning beginning = beginning_of(bytes);
  if (beginning.magic != kind.magic) return HeaderState::damaged;
  if (beginning.header_bytes < kBeginning + kCrcBytes) return HeaderState::damaged;
  if (beginning.header_bytes > bytes.size()) return HeaderState::damaged;

  const ByteView checked = bytes.first(beginning.header_bytes - kCrcBytes);
  LittleEndianReader behind(bytes.subspan(checked.size(), kCrcBytes));
  if (behind.get<std::uint32_t>() != crc32c(checked, seed)) return HeaderState::damaged;
  return beginning.format > kind.format ? HeaderState::newer : HeaderState::ok;
}

LittleEndianReader fields_of(ByteView bytes) {
  const std::size_t header_bytes = beginning_of(bytes).header_bytes;
  PROA_ASSERT(header_bytes >= kBeginning + kCrcBytes);
  PROA_ASSERT(header_bytes <= bytes.size());
  return LittleEndianReader(bytes.subspan(kBeginning, header_bytes - kBeginning - kCrcBytes));
}

}  // namespace proa::store
