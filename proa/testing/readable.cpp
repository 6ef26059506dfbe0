#include "proa/testing/detail/readable.hpp"

#include <algorithm>

namespace proa::testing {
namespace {

constexpr std::size_t kBytesToShow = 60;
constexpr std::size_t kBytesBefore = 20;

bool is_text(ByteView bytes) {
  return std::ranges::all_of(
      bytes, [](std::byte byte) { return byte >= std::byte{0x20} && byte < std::byte{0x7F}; });
}

std::string hexadecimal(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "0x";
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    text += kDigits[std::to_integer<std::size_t>(byte) & 0xF];
  }
  return text;
}

}  // namespace

std::string readable(ByteView bytes, std::size_t focus) {
  if (bytes.empty()) return "nothing";
  const std::size_t from = focus > kBytesBefore ? focus - kBytesBefore : 0;
  const ByteView shown = bytes.subspan(std::min(from, bytes.size()));
  const ByteView part = shown.first(std::min(shown.size(), kBytesToShow));
  std::string text = is_text(part) ? '"' + std::string{text_of(part)} + '"' : hexadecimal(part);
  if (from > 0) text = "..." + text;
  if (part.size() < shown.size()) text += "...";
  return text;
}

std::string difference(const std::string& ours, const std::string& theirs) {
  const auto [at, there] = std::ranges::mismatch(ours, theirs);
  const auto offset = static_cast<std::size_t>(at - ours.begin());
  return "byte " + std::to_string(offset) + " is the first that differs:\n    " +
         readable(view_of(ours), offset) + "\n    " + readable(view_of(theirs), offset);
}

}  // namespace proa::testing
