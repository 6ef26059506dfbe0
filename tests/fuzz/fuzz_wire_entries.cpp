#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proa/wire/entry_codec.hpp"

// The decoder of entries: never beyond its input, and what it accepts it understands: encoded anew,
// the same entries come back. The first byte is how many entries to read.

namespace proa::wire {
namespace {

void expect_inside(ByteView part, ByteView whole) {
  if (part.empty()) return;
  PROA_ASSERT(part.data() >= whole.data());
  PROA_ASSERT(part.data() + part.size() <= whole.data() + whole.size());
}

std::string bytes_of(const EntryBlock& block) {
  std::string all;
  for (const Entry& entry : block.entries) {
    all += text_of(entry.head);
    if (entry.data_apart) all += text_of(entry.data);
    all += text_of(entry.tail);
  }
  return all;
}

std::shared_ptr<const EntryBlock> encoded_anew(const EntryBlock& block) {
  std::vector<NewEntry> entries;
  for (const Entry& entry : block.entries) {
    entries.push_back({.index = entry.index,
                       .term = entry.term,
                       .kind = entry.kind,
                       .appended_at = entry.appended_at,
                       .data = {nullptr, entry.data},
                       .extensions = {nullptr, entry.extensions}});
  }
  return encode_block(entries);
}

void test(ByteView input) {
  const auto count = static_cast<std::size_t>(input[0]);
  const SharedBytes chunk = SharedBytes::copy_of(input.subspan(1));
  const auto decoded = decode_block(chunk, count);
  if (!decoded || !decoded->has_value()) return;
  const EntryBlock& block = *(*decoded)->block;
  PROA_ASSERT(block.entries.size() == count);
  PROA_ASSERT((*decoded)->bytes <= chunk.size());
  for (const Entry& entry : block.entries) {
    expect_inside(entry.head, chunk);
    static_cast<void>(describe(entry));
  }
  const SharedBytes anew = SharedBytes::take(bytes_of(*encoded_anew(block)));
  const auto again = decode_block(anew, count);
  PROA_ASSERT(again.has_value());
  PROA_ASSERT(again->has_value());
  PROA_ASSERT((*again)->bytes == anew.size());
  for (std::size_t i = 0; i < count; ++i) {
    PROA_ASSERT(same_entry(block.entries[i], (*again)->block->entries[i]));
  }
}

}  // namespace
}  // namespace proa::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) proa::wire::test(std::as_bytes(std::span{data, size}));
  return 0;
}
