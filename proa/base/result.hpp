#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "proa/base/assert.hpp"
#include "proa/base/error.hpp"

namespace proa {

/// What a failing function returns: converts to any Result. Made by fail().
struct Failure {
  Error error = {};
};

inline Failure fail(Error error) { return Failure{std::move(error)}; }
inline Failure fail(Errc code, std::string detail) {
  return Failure{Error{.code = code, .detail = std::move(detail)}};
}

/// A value, or why there is none. Success and failure differ by position, not by type, so
/// Result<Error> works. The member names are those of std::expected.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  template <class U = T>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, Failure>)
  Result(U&& value)  // NOLINT(google-explicit-constructor): `return value;`
      : content_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Failure failure)  // NOLINT(google-explicit-constructor): `return fail(...);`
      : content_(std::in_place_index<1>, std::move(failure.error)) {}

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    PROA_ASSERT(has_value());
    return *std::get_if<0>(&content_);
  }
  const T& value() const& {
    PROA_ASSERT(has_value());
    return *std::get_if<0>(&content_);
  }
  T&& value() && {
    PROA_ASSERT(has_value());
    return std::move(*std::get_if<0>(&content_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & {
    PROA_ASSERT(!has_value());
    return *std::get_if<1>(&content_);
  }
  const Error& error() const& {
    PROA_ASSERT(!has_value());
    return *std::get_if<1>(&content_);
  }
  Error&& error() && {
    PROA_ASSERT(!has_value());
    return std::move(*std::get_if<1>(&content_));
  }

  template <class U>
  T value_or(U&& otherwise) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(otherwise));
  }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Failure failure)  // NOLINT(google-explicit-constructor): `return fail(...);`
      : error_(std::move(failure.error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const { PROA_ASSERT(has_value()); }

  Error& error() & {
    PROA_ASSERT(error_.has_value());
    return *error_;
  }
  const Error& error() const& {
    PROA_ASSERT(error_.has_value());
    return *error_;
  }
  Error&& error() && {
    PROA_ASSERT(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_ = {};
};

}  // namespace proa

#define PROA_CONCAT_INNER(a, b) a##b
#define PROA_CONCAT(a, b) PROA_CONCAT_INNER(a, b)
#define PROA_TRY_VALUE(result, declaration, expression)        \
  auto result = (expression);                                  \
  if (!result) return ::proa::fail(std::move(result).error()); \
  declaration = std::move(result).value()
#define PROA_TRY_VOID(expression)                              \
  do {                                                         \
    if (auto proa_try_result = (expression); !proa_try_result) \
      return ::proa::fail(std::move(proa_try_result).error()); \
  } while (false)
#define PROA_TRY_SELECT(first, second, chosen, ...) chosen

/// PROA_TRY(declaration, expression): declares the value of a Result, or returns its error.
/// PROA_TRY(expression): the same without a value. Parenthesise what contains a bare comma.
#define PROA_TRY(...) \
  PROA_TRY_SELECT(__VA_ARGS__, PROA_TRY_WITH_VALUE, PROA_TRY_VOID, )(__VA_ARGS__)
#define PROA_TRY_WITH_VALUE(declaration, expression) \
  PROA_TRY_VALUE(PROA_CONCAT(proa_try_, __LINE__), declaration, expression)
