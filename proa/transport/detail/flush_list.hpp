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
  void add(std::shared_ptr<Flushable> connection) {
    if (std::exchange(connection->listed_, true)) return;
    waiting_.push_back(std::move(connection));
  }

  void flush() {
    for (const auto& connection : waiting_) {
      connection->listed_ = false;
      connection->flush();
    }
    waiting_.clear();
  }

 private:
  std::vector<std::shared_ptr<Flushable>> waiting_ = {};
};

}  // namespace proa
