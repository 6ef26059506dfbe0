#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/assert.hpp"

namespace proa {

/// Bytes that somebody else owns. Where the wire tells an absent string from an empty one, absent
/// is data() == nullptr.
using ByteView = std::span<const std::byte>;

inline ByteView view_of(std::string_view text) {
  return std::as_bytes(std::span<const char>{text.data(), text.size()});
}
inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// A view of immutable bytes that keeps them alive; copies share the bytes. The default is absent
/// (data() == nullptr), which is not the same as empty. Threads: copies may be used from any.
class SharedBytes {
 public:
  SharedBytes() = default;
  /// `bytes` must lie inside what `owner` keeps alive.
  SharedBytes(std::shared_ptr<const void> owner, ByteView bytes)
      : owner_(std::move(owner)), bytes_(bytes) {}

  static SharedBytes copy_of(ByteView bytes);
  static SharedBytes copy_of(std::string_view text) { return copy_of(view_of(text)); }
  static SharedBytes take(std::vector<std::byte> bytes);
  static SharedBytes take(std::string text);

  ByteView view() const { return bytes_; }
  operator ByteView() const { return bytes_; }  // NOLINT(google-explicit-constructor): a view of it
  const std::byte* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  const std::shared_ptr<const void>& owner() const { return owner_; }

  SharedBytes slice(std::size_t offset, std::size_t size) const {
    PROA_ASSERT(offset <= bytes_.size());
    PROA_ASSERT(size <= bytes_.size() - offset);
    return {owner_, bytes_.subspan(offset, size)};
  }

  friend bool operator==(const SharedBytes& a, const SharedBytes& b) {
    return equal(a.bytes_, b.bytes_);
  }

 private:
  std::shared_ptr<const void> owner_;
  ByteView bytes_;
};

/// Eight bytes, little endian: a simple command for counters and examples.
SharedBytes bytes_of(std::int64_t value);
SharedBytes bytes_of(std::string_view text);
/// The reverse of bytes_of; nothing if the size is not eight.
std::optional<std::int64_t> as_int64(ByteView bytes);

}  // namespace proa
