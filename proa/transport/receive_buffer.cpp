#include "proa/transport/detail/receive_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace proa {

namespace {
constexpr std::size_t kBurstBytesMax = std::size_t{1} << 20;
constexpr std::size_t kBurstsPerChunk = 4;
constexpr std::size_t kBurstDecay = 16;  // a sixteenth less with each burst that is smaller
}  // namespace

// A burst that does not fit costs a second read and a copy; the unused end of a chunk costs
// nothing, because its pages are never touched.
bool ReceiveBuffer::has_room() const {
  const std::size_t free = chunk_.bytes - end_;
  const std::size_t least = chunk_bytes_min_ / 4;
  return free >= (begin_ == end_ ? std::max(burst_bytes_ + burst_bytes_ / 4, least) : least);
}

std::span<std::byte> ReceiveBuffer::space() {
  if (begin_ == end_ && !shared_) begin_ = end_ = 0;
  if (!has_room()) start_chunk();
  return {chunk_.memory.get() + end_, chunk_.bytes - end_};
}

void ReceiveBuffer::start_chunk() {
  const std::size_t held = unread_bytes();
  const std::size_t bytes = std::max({chunk_bytes_min_, kBurstsPerChunk * burst_bytes_, 2 * held});
  ChunkPool::Chunk chunk = pool_.take(bytes);
  if (held > 0) std::memcpy(chunk.memory.get(), chunk_.memory.get() + begin_, held);
  chunk_ = std::move(chunk);
  begin_ = 0;
  end_ = held;
  shared_ = false;
}

void ReceiveBuffer::received(std::size_t bytes) {
  PROA_ASSERT(bytes <= chunk_.bytes - end_);
  end_ += bytes;
  const std::size_t burst = std::min(unread_bytes(), kBurstBytesMax);
  burst_bytes_ = std::max(burst, burst_bytes_ - burst_bytes_ / kBurstDecay);
}

SharedBytes ReceiveBuffer::unread() const {
  if (chunk_.memory == nullptr) return {};
  return {chunk_.memory, ByteView{chunk_.memory.get() + begin_, end_ - begin_}};
}

void ReceiveBuffer::take(std::size_t bytes, Taken what) {
  PROA_ASSERT(bytes <= unread_bytes());
  begin_ += bytes;
  if (what == Taken::kept) shared_ = true;
}

}  // namespace proa
