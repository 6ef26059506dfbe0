#pragma once

#include <mutex>
#include <utility>

namespace proa {

/// A value and the mutex that guards it, for what readers share with a writer. There is no waiting
/// for conditions; callers do no I/O and run no callbacks inside `with`. Threads: any.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class F>
  decltype(auto) with(F&& use) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(use)(value_);
  }
  template <class F>
  decltype(auto) with(F&& use) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(use)(std::as_const(value_));
  }

  T copy() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;  ///< guards value_
  T value_ = {};
};

}  // namespace proa
