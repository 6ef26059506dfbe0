#include "kv/detail/byte_reader.hpp"

#include <string>

namespace proa::kv {

Failure ByteReader::damaged(const char* what) const {
  return fail(Errc::corrupt, std::string{what} + " at byte " + std::to_string(offset()) + " of " +
                                 std::to_string(whole_) +
                                 "; it was not written by this version or is damaged");
}

Result<std::uint64_t> ByteReader::fixed(std::size_t bytes) {
  if (rest_.size() < bytes) return damaged("a number ends early");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= static_cast<std::uint64_t>(rest_[i]) << (8 * i);
  rest_ = rest_.subspan(bytes);
  return value;
}

Result<std::uint8_t> ByteReader::byte() {
  PROA_TRY(const std::uint64_t value, fixed(1));
  return static_cast<std::uint8_t>(value);
}

Result<std::uint32_t> ByteReader::fixed32() {
  PROA_TRY(const std::uint64_t value, fixed(sizeof(std::uint32_t)));
  return static_cast<std::uint32_t>(value);
}

Result<std::uint64_t> ByteReader::fixed64() { return fixed(sizeof(std::uint64_t)); }

Result<std::uint64_t> ByteReader::number(std::uint64_t max) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return damaged("a number ends early");
    const auto group = static_cast<std::uint64_t>(rest_.front());
    const std::uint64_t bits = group & 0x7F;
    if (shift == 63 && bits > 1) return damaged("a number of more than 64 bits");
    if (group == 0 && shift > 0) return damaged("a number with needless zeros");
    value |= bits << shift;
    rest_ = rest_.subspan(1);
    if (group < 0x80) {
      if (value > max) return damaged("a number beyond its limit");
      return value;
    }
  }
  return damaged("a number without end");
}

Result<ByteView> ByteReader::string(std::size_t bytes_max) {
  PROA_TRY(const std::uint64_t bytes, number(bytes_max));
  if (bytes > rest_.size()) return damaged("a string ends early");
  const ByteView value = rest_.first(static_cast<std::size_t>(bytes));
  rest_ = rest_.subspan(value.size());
  return value;
}

Result<void> ByteReader::expect_end() const {
  if (!at_end()) return damaged("something follows the end");
  return {};
}

}  // namespace proa::kv
