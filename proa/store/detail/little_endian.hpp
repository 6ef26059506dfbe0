#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/checksum.hpp"

namespace proa::store {

/// Puts numbers and bytes one behind the other, as the files of this folder hold them.
class LittleEndianWriter {
 public:
  /// With room for any header.
  LittleEndianWriter() { out_.reserve(128); }

  template <std::unsigned_integral T>
  void put(T value) {
    std::array<std::byte, sizeof(T)> bytes;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
    }
    put_bytes(bytes);
  }
  void put_bytes(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  /// Length and bytes.
  void put_string(ByteView bytes) {
    put(static_cast<std::uint32_t>(bytes.size()));
    put_bytes(bytes);
  }
  std::size_t size() const { return out_.size(); }
  ByteView view() const { return out_; }
  std::vector<std::byte> take() && { return std::move(out_); }

 private:
  std::vector<std::byte> out_;
};

/// The reverse. What lies beyond the end reads as zeros and makes ok() false, so that a decoder
/// checks once, at its end.
class LittleEndianReader {
 public:
  explicit LittleEndianReader(ByteView bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T get() {
    const ByteView bytes = get_bytes(sizeof(T));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    }
    return static_cast<T>(value);
  }
  ByteView get_bytes(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const ByteView bytes = rest_.first(count);
    rest_ = rest_.subspan(count);
    return bytes;
  }
  ByteView get_string() { return get_bytes(get<std::uint32_t>()); }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace proa::store
