#include "proa/transport/detail/chunk_pool.hpp"

#include <algorithm>
#include <utility>

namespace proa {

ChunkPool::Chunk ChunkPool::take(std::size_t bytes) {
  Free chunk = free_->with([bytes](std::vector<Free>& free) {
    const auto fits = [bytes](const Free& one) {
      return one.bytes >= bytes && one.bytes / 2 <= bytes;
    };
    const auto found = std::find_if(free.begin(), free.end(), fits);
    if (found == free.end()) return Free{};
    Free taken = std::move(*found);
    free.erase(found);
    return taken;
  });
  if (chunk.memory == nullptr) {
    chunk = {.memory = std::make_unique_for_overwrite<std::byte[]>(bytes), .bytes = bytes};
  }
  const std::size_t size = chunk.bytes;
  return {.memory = {chunk.memory.release(),
                     [list = free_, size](std::byte* memory) {
                       give_back(*list,
                                 {.memory = std::unique_ptr<std::byte[]>(memory), .bytes = size});
                     }},
          .bytes = size};
}

/// The newest stay: they are the likeliest to have the size that is wanted next.
void ChunkPool::give_back(FreeList& list, Free chunk) {
  Free surplus;  // let go of outside the lock
  list.with([&](std::vector<Free>& free) {
    if (free.size() == kFreeMax) {
      surplus = std::move(free.front());
      free.erase(free.begin());
    }
    free.push_back(std::move(chunk));
  });
}

}  // namespace proa
