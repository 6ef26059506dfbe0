#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace proa {

/// Something that gathers what it is given until it is flushed. Threads: the loop.
class Flushable {
 public:
  virtual ~Flushable() = default;
  virtual void flush() = 0;  ///< runs nobody's callback

 private:
  friend class FlushList;
  bool listed_ = false;
};

/// The connections that a turn has given something to send. Threads: the loop.
class FlushList {
 public:
  void add(const std::shared_ptr<Flushable>& connection) {
    if (std::exchange(connection->listed_, true)) return;
    waiting_.push_back(connection);
  }

  void flush() {
    for (const auto& weak : waiting_) {
      const auto connection = weak.lock();
      if (connection == nullptr) continue;
      connection->listed_ = false;
      connection->flush();
    }
    waiting_.clear();
  }

 private:
  std::vector<std::weak_ptr<Flushable>> waiting_ = {};
};

}  // namespace proa
