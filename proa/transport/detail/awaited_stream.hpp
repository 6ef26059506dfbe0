#pragma once

#include <memory>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/port/stream_layer.hpp"

namespace proa {

/// The stream of a connection, with what that waits for: each callback is asked for once at a time
/// and runs a member of the connection, which it keeps alive meanwhile. Threads: the loop.
class AwaitedStream {
 public:
  AwaitedStream() = default;
  explicit AwaitedStream(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
  AwaitedStream(const AwaitedStream&) = delete;
  AwaitedStream& operator=(const AwaitedStream&) = delete;

  void open(std::unique_ptr<Stream> stream) {
    PROA_ASSERT(!is_open());
    stream_ = std::move(stream);
  }
  bool is_open() const { return stream_ != nullptr; }
  Stream& operator*() const { return *stream_; }
  Stream* operator->() const { return stream_.get(); }
  void close() {  ///< no callback runs afterwards
    stream_.reset();
    awaits_bytes_ = awaits_room_ = false;
  }

  bool awaits_bytes() const { return awaits_bytes_; }
  bool awaits_room() const { return awaits_room_; }

  /// Runs `then` at the next chance to read, or at the end.
  template <auto then, class Owner>
  void await_bytes(std::weak_ptr<Owner> owner) {
    if (!is_open() || std::exchange(awaits_bytes_, true)) return;
    stream_->when_readable([this, owner = std::move(owner)] {
      const auto self = owner.lock();
      if (self == nullptr || !is_open()) return;
      awaits_bytes_ = false;
      (self.get()->*then)();
    });
  }

  /// Runs `then` at the next chance to write.
  template <auto then, class Owner>
  void await_room(std::weak_ptr<Owner> owner) {
    if (!is_open() || std::exchange(awaits_room_, true)) return;
    stream_->when_writable([this, owner = std::move(owner)] {
      const auto self = owner.lock();
      if (self == nullptr || !is_open()) return;
      awaits_room_ = false;
      (self.get()->*then)();
    });
  }

 private:
  std::unique_ptr<Stream> stream_ = {};
  bool awaits_bytes_ = false;
  bool awaits_room_ = false;
};

}  // namespace proa
