#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

namespace proa {

/// A queue between threads that refuses what does not fit and never waits. push() says whether the
/// queue was empty before, so that a consumer is woken once per batch and not once per item.
/// Threads: any.
template <class T>
class BoundedQueue {
 public:
  enum class Pushed { refused, first, behind_others };

  explicit BoundedQueue(std::size_t items_max) : items_max_(items_max) {}

  /// `item` is moved from only if it was taken.
  Pushed push(T&& item) {
    const std::lock_guard lock(mutex_);
    if (closed_ || items_.size() >= items_max_) return Pushed::refused;
    items_.push_back(std::move(item));
    return items_.size() == 1 ? Pushed::first : Pushed::behind_others;
  }

  /// Everything that waits, oldest first.
  std::deque<T> take_all() {
    std::deque<T> taken;
    const std::lock_guard lock(mutex_);
    taken.swap(items_);
    return taken;
  }

  /// Refuses all later items; those inside can still be taken.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  const std::size_t items_max_;
  std::mutex mutex_;  ///< guards items_ and closed_
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace proa
