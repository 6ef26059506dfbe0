#pragma once

#include <cstddef>
#include <span>

#include "proa/base/bytes.hpp"
#include "proa/transport/detail/chunk_pool.hpp"

namespace proa {

/// What has arrived on a connection and is not yet taken. Bytes stay where they were received, so
/// that entries can point into them; only an unfinished message moves, to the next chunk. Memory is
/// taken in proportion to what has arrived, never to what a peer announces. Threads: the loop.
class ReceiveBuffer {
 public:
  /// Says what became of the bytes that are taken.
  enum class Taken { copied, kept };

  explicit ReceiveBuffer(std::size_t chunk_bytes_min) : chunk_bytes_min_(chunk_bytes_min) {}

  std::span<std::byte> space();      ///< where the next read goes; never empty
  void received(std::size_t bytes);  ///< so many bytes of `space` are filled
  SharedBytes unread() const;        ///< everything that is not taken
  std::size_t unread_bytes() const { return end_ - begin_; }
  /// The first `bytes` of `unread` are done with. `kept`: somebody points into them.
  void take(std::size_t bytes, Taken what);

 private:
  bool has_room() const;
  void start_chunk();

  std::size_t chunk_bytes_min_;
  ChunkPool pool_ = {};
  ChunkPool::Chunk chunk_ = {};
  std::size_t begin_ = 0;        ///< first unread byte in the chunk
  std::size_t end_ = 0;          ///< behind the last one
  bool shared_ = false;          ///< somebody points into the chunk: what is filled must stay
  std::size_t burst_bytes_ = 0;  ///< what tends to arrive together: the largest of late, decaying
};

}  // namespace proa
