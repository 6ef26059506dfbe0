#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "proa/port/byte_pipe.hpp"

namespace proa {

/// The raw bytes behind an InstallSnapshot request, on their way from a connection into a pipe.
/// Once nobody wants them they are still read, and dropped: the requests behind them need their
/// place. Threads: the loop.
class SnapshotBody {
 public:
  SnapshotBody(std::shared_ptr<BytePipe> pipe, std::uint64_t bytes);
  ~SnapshotBody();  ///< if the body is not complete, the pipe ends with an error
  SnapshotBody(const SnapshotBody&) = delete;
  SnapshotBody& operator=(const SnapshotBody&) = delete;

  bool complete() const { return missing_ == 0 && filled_ == 0; }
  /// Where the next bytes go. Empty: the body is complete, or the pipe is full; see when_room.
  std::span<std::byte> space();
  void received(std::size_t bytes);                      ///< so many bytes of `space` are filled
  void when_room(Executor& where, Fn<void()> callback);  ///< once; also when nobody wants more
  void drop_rest();  ///< the request is answered already: nobody wants more

 private:
  bool chunk_is_due() const { return filled_ > 0 && (filled_ == chunk_bytes_ || missing_ == 0); }
  void push();

  std::shared_ptr<BytePipe> pipe_;  ///< absent: what comes is dropped
  std::uint64_t missing_;           ///< bytes that have not been received
  std::shared_ptr<std::byte[]> chunk_ = {};
  std::size_t chunk_bytes_ = 0;
  std::size_t filled_ = 0;  ///< of the chunk: received and not yet pushed
};

}  // namespace proa
