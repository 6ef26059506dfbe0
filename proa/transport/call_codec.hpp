#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa {

/// Writes the body of a call: numbers big endian, texts behind their 32-bit length.
class CallWriter {
 public:
  CallWriter& u8(std::uint8_t value) { return number(value, 1); }
  CallWriter& u16(std::uint16_t value) { return number(value, 2); }
  CallWriter& u32(std::uint32_t value) { return number(value, 4); }
  CallWriter& u64(std::uint64_t value) { return number(value, 8); }
  CallWriter& flag(bool value) { return u8(value ? 1 : 0); }
  CallWriter& bytes(ByteView value);
  CallWriter& text(std::string_view value) { return bytes(view_of(value)); }
  CallWriter& server(const Server& value);

  SharedBytes take() { return SharedBytes::take(std::move(bytes_)); }

 private:
  CallWriter& number(std::uint64_t value, int size);

  std::vector<std::byte> bytes_ = {};
};

/// Reads what CallWriter wrote. Whatever is missing reads as zero or empty and makes finish() an
/// error, so callers check once, at the end. Bytes behind what is asked for belong to a newer
/// version and are ignored. The bytes must outlive the views that are handed out.
class CallReader {
 public:
  explicit CallReader(ByteView bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  bool flag() { return u8() != 0; }
  ByteView bytes();
  std::string text() { return std::string{text_of(bytes())}; }
  Server server();
  std::size_t left() const { return bytes_.size(); }
  bool failed() const { return failed_; }

  /// Errors: protocol_error, naming `what` was read.
  Result<void> finish(std::string_view what) const;

 private:
  std::uint64_t number(std::size_t size);

  ByteView bytes_;
  bool failed_ = false;
};

void encode(const Error& error, CallWriter& into);
/// A code that only a newer version knows reads as protocol_error with the outcome as sent.
Error decode_error(CallReader& from);

}  // namespace proa
