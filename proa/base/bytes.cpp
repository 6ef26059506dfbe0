#include "proa/base/bytes.hpp"

namespace proa {

SharedBytes SharedBytes::copy_of(ByteView bytes) {
  return take(std::vector<std::byte>{bytes.begin(), bytes.end()});
}

SharedBytes SharedBytes::take(std::vector<std::byte> bytes) {
  static constexpr std::byte kEmpty{};  // present though empty: its address is not null
  if (bytes.empty()) return {nullptr, ByteView{&kEmpty, 0}};
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const ByteView view{*owner};
  return {std::move(owner), view};
}

SharedBytes SharedBytes::take(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  const ByteView view = view_of(*owner);
  return {std::move(owner), view};
}

SharedBytes bytes_of(std::int64_t value) {
  std::vector<std::byte> bytes(sizeof(value));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
  return SharedBytes::take(std::move(bytes));
}

SharedBytes bytes_of(std::string_view text) { return SharedBytes::copy_of(text); }

std::optional<std::int64_t> as_int64(ByteView bytes) {
  if (bytes.size() != sizeof(std::int64_t)) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  }
  return static_cast<std::int64_t>(value);
}

}  // namespace proa
