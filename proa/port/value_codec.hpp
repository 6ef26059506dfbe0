#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa {

/// How a ValueFsm<T> writes its value into a snapshot:
///
///   an integer, an enumeration, bool   its bytes, the lowest first
///   std::string                        its characters
///   other trivially copyable types     as they lie in memory: for servers of one kind of machine
///                                      and one version of the type; not for pointers
///
/// For any other type specialise ValueCodec with the same two functions. Every server of a cluster,
/// and every later version of the program, must read what one of them has written.
template <class T>
struct ValueCodec;

/// Errors of decode: corrupt.
template <class T>
concept HasValueCodec = requires(const T& value, ByteView bytes) {
  { ValueCodec<T>::encode(value) } -> std::same_as<SharedBytes>;
  { ValueCodec<T>::decode(bytes) } -> std::same_as<Result<T>>;
};

namespace value_detail {

template <class T>
concept Number = std::is_integral_v<T> || std::is_enum_v<T>;

template <class T>
concept Plain = !Number<T> && std::is_trivially_copyable_v<T> &&
                std::is_default_constructible_v<T> && !std::is_pointer_v<T>;

inline Error wrong_size(std::size_t found, std::size_t expected) {
  return {.code = Errc::corrupt,
          .detail = "the snapshot holds a value of " + std::to_string(found) +
                    " bytes, this program's has " + std::to_string(expected) +
                    ": another program, or another version of this one, has written it"};
}

}  // namespace value_detail

template <value_detail::Number T>
struct ValueCodec<T> {
  static SharedBytes encode(const T& value) {
    std::vector<std::byte> bytes(sizeof(T));
    auto rest = static_cast<std::uint64_t>(value);
    for (std::byte& byte : bytes) {
      byte = static_cast<std::byte>(rest & 0xFF);
      rest >>= 8;
    }
    return SharedBytes::take(std::move(bytes));
  }
  static Result<T> decode(ByteView bytes) {
    if (bytes.size() != sizeof(T)) return fail(value_detail::wrong_size(bytes.size(), sizeof(T)));
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
      value = value << 8 | static_cast<std::uint64_t>(bytes[i]);
    if constexpr (std::is_same_v<T, bool>) return value != 0;
    return static_cast<T>(value);
  }
};

template <>
struct ValueCodec<std::string> {
  static SharedBytes encode(const std::string& value) { return SharedBytes::copy_of(value); }
  static Result<std::string> decode(ByteView bytes) { return std::string{text_of(bytes)}; }
};

template <value_detail::Plain T>
struct ValueCodec<T> {
  static SharedBytes encode(const T& value) {
    std::vector<std::byte> bytes(sizeof(T));
    std::memcpy(bytes.data(), &value, sizeof(T));
    return SharedBytes::take(std::move(bytes));
  }
  static Result<T> decode(ByteView bytes) {
    if (bytes.size() != sizeof(T)) return fail(value_detail::wrong_size(bytes.size(), sizeof(T)));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
};

}  // namespace proa
