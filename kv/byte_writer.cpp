#include "kv/detail/byte_writer.hpp"

namespace proa::kv {

void ByteWriter::fixed(std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i)
    byte(static_cast<std::uint8_t>(value >> (8 * i)));
}

void ByteWriter::number(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    byte(static_cast<std::uint8_t>(value | 0x80));
  byte(static_cast<std::uint8_t>(value));
}

void ByteWriter::string(ByteView value) {
  number(value.size());
  raw(value);
}

}  // namespace proa::kv
