#pragma once

#include <cstdint>
#include <string>

#include "proa/base/bytes.hpp"

namespace proa::kv {

/// Appends numbers and byte strings: numbers little endian or, where small ones are the rule, in
/// groups of seven bits, the lowest first (LEB128); byte strings behind their length.
class ByteWriter {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void fixed32(std::uint32_t value) { fixed(value, sizeof(value)); }
  void fixed64(std::uint64_t value) { fixed(value, sizeof(value)); }
  void number(std::uint64_t value);
  void string(ByteView value);
  void raw(ByteView value) { bytes_.append(text_of(value)); }

  std::size_t size() const { return bytes_.size(); }
  ByteView view() const { return view_of(bytes_); }
  void clear() { bytes_.clear(); }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  SharedBytes take() { return SharedBytes::take(std::move(bytes_)); }

 private:
  void fixed(std::uint64_t value, std::size_t bytes);

  std::string bytes_ = {};
};

}  // namespace proa::kv
