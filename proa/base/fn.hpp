#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "proa/base/assert.hpp"

namespace proa {

template <class Signature>
class Fn;

/// A move-only function object. Callables of up to 48 bytes that move without throwing are kept
/// inline, larger ones on the heap. Calling an empty one is a bug and asserts.
template <class R, class... Args>
class Fn<R(Args...)> {
 public:
  Fn() = default;
  Fn(std::nullptr_t) {}  // NOLINT(google-explicit-constructor): an absent callback reads as nullptr

  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, Fn> &&
             std::is_invocable_r_v<R, std::remove_cvref_t<F>&, Args...>)
  Fn(F&& callable) {  // NOLINT(google-explicit-constructor): lambdas convert at the call site
    using Callable = std::remove_cvref_t<F>;
    if constexpr (kFits<Callable>) {
      ::new (static_cast<void*>(storage_)) Callable(std::forward<F>(callable));
    } else {
      ::new (static_cast<void*>(storage_)) Callable*(new Callable(std::forward<F>(callable)));
    }
    operations_ = &kOperations<Callable>;
  }

  Fn(Fn&& other) noexcept { take(other); }
  Fn& operator=(Fn&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  Fn(const Fn&) = delete;
  Fn& operator=(const Fn&) = delete;
  ~Fn() { reset(); }

  explicit operator bool() const { return operations_ != nullptr; }

  R operator()(Args... args) {  // NOLINT(performance-unnecessary-value-param): they are forwarded
    PROA_ASSERT(operations_ != nullptr);
    return operations_->call(storage_, std::forward<Args>(args)...);
  }

 private:
  static constexpr std::size_t kInlineBytes = 48;

  struct Operations {
    R (*call)(void*, Args&&...);
    void (*move)(void* from, void* to);
    void (*destroy)(void*);
  };

  template <class F>
  static constexpr bool kFits =
      sizeof(F) <= kInlineBytes && alignof(F) <= alignof(std::max_align_t) &&
      std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static F& target(void* storage) {
    if constexpr (kFits<F>) {
      return *std::launder(static_cast<F*>(storage));
    } else {
      return **std::launder(static_cast<F**>(storage));
    }
  }

  template <class F>
  static void move_target(void* from, void* to) {
    if constexpr (kFits<F>) {
      ::new (to) F(std::move(target<F>(from)));
      target<F>(from).~F();
    } else {
      ::new (to) F*(&target<F>(from));
    }
  }

  template <class F>
  static void destroy_target(void* storage) {
    if constexpr (kFits<F>) {
      target<F>(storage).~F();
    } else {
      delete &target<F>(storage);
    }
  }

  template <class F>
  static constexpr Operations kOperations{
      .call = [](void* storage, Args&&... args) -> R {
        return static_cast<R>(target<F>(storage)(std::forward<Args>(args)...));
      },
      .move = &move_target<F>,
      .destroy = &destroy_target<F>,
  };

  void take(Fn& other) noexcept {
    if (other.operations_ == nullptr) return;
    other.operations_->move(other.storage_, storage_);
    operations_ = std::exchange(other.operations_, nullptr);
  }

  void reset() noexcept {
    if (operations_ != nullptr) std::exchange(operations_, nullptr)->destroy(storage_);
  }

  alignas(std::max_align_t) std::byte storage_[kInlineBytes];
  const Operations* operations_ = nullptr;
};

}  // namespace proa
