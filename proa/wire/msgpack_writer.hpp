#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "proa/base/bytes.hpp"

namespace proa::wire {

/// Writes msgpack as the model's encoder does (reference §6.3): the shortest form, the old raw
/// family for strings, signed formats for signed numbers. Grows; never fails.
class MsgpackWriter {
 public:
  void reserve(std::size_t bytes) { out_.reserve(out_.size() + bytes); }
  std::size_t size() const { return out_.size(); }
  const std::vector<std::byte>& bytes() const { return out_; }
  std::vector<std::byte> take() { return std::move(out_); }

  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void byte(unsigned value) { out_.push_back(static_cast<std::byte>(value)); }
  void nil() { byte(0xc0); }
  void boolean(bool value) { byte(value ? 0xc3 : 0xc2); }

  void unsigned_number(std::uint64_t value) {
    if (value < 0x80) return byte(static_cast<unsigned>(value));
    if (value <= 0xff) return tagged(0xcc, value, 1);
    if (value <= 0xffff) return tagged(0xcd, value, 2);
    if (value <= 0xffffffff) return tagged(0xce, value, 4);
    tagged(0xcf, value, 8);
  }

  void signed_number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    if (value >= -32 && value <= 127) return byte(static_cast<unsigned>(bits & 0xff));
    if (value >= INT8_MIN && value < 0) return tagged(0xd0, bits, 1);
    if (value >= INT16_MIN && value <= INT16_MAX) return tagged(0xd1, bits, 2);
    if (value >= INT32_MIN && value <= INT32_MAX) return tagged(0xd2, bits, 4);
    tagged(0xd3, bits, 8);
  }

  void string_header(std::size_t size) {
    if (size < 32) return byte(0xa0 | static_cast<unsigned>(size));
    if (size <= 0xffff) return tagged(0xda, size, 2);
    tagged(0xdb, size, 4);
  }

  /// Absent bytes become nil.
  void string(ByteView bytes) {
    if (bytes.data() == nullptr) return nil();
    string_header(bytes.size());
    raw(bytes);
  }
  void key(std::string_view name) {
    string_header(name.size());
    raw(view_of(name));
  }

  void array_header(std::size_t size) { container_header(size, 0x90, 0xdc); }
  void map_header(std::size_t size) { container_header(size, 0x80, 0xde); }

 private:
  void container_header(std::size_t size, unsigned fixed, unsigned tag) {
    if (size < 16) return byte(fixed | static_cast<unsigned>(size));
    if (size <= 0xffff) return tagged(tag, size, 2);
    tagged(tag + 1, size, 4);
  }

  void tagged(unsigned tag, std::uint64_t value, std::size_t bytes) {
    byte(tag);
    for (std::size_t i = bytes; i-- > 0;)
      byte(static_cast<unsigned>(value >> (8 * i)) & 0xff);
  }

  std::vector<std::byte> out_;
};

}  // namespace proa::wire
