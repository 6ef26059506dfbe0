#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace proa::detail {

/// Says from outside whether somebody is still busy with the same piece of work: the count is odd
/// while it lasts. No clock is read. Threads: begin and end on one at a time, the rest on any.
class Activity {
 public:
  explicit Activity(std::string name) : name_(std::move(name)) {}

  void begin() { step(); }
  void end() { step(); }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  static bool is_busy(std::uint64_t count) { return count % 2 == 1; }
  const std::string& name() const { return name_; }

 private:
  void step() { count_.store(count() + 1, std::memory_order_relaxed); }

  std::atomic<std::uint64_t> count_ = 0;
  const std::string name_;
};

}  // namespace proa::detail
