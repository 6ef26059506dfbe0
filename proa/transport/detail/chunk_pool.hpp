#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "proa/base/guarded.hpp"

namespace proa {

/// Memory that is received into. A chunk comes back when the last who points into it lets go, and
/// the next one is filled instead of fresh memory, whose pages cost the kernel more than the
/// bytes received into them. Threads: take on one; chunks may be let go of on any.
class ChunkPool {
 public:
  struct Chunk {
    std::shared_ptr<std::byte[]> memory = {};
    std::size_t bytes = 0;
  };
  static constexpr std::size_t kFreeMax = 2;  ///< chunks kept for the next ones

  ChunkPool() : free_(std::make_shared<Guarded<std::vector<Free>>>()) {}

  /// At least `bytes`, and not more than twice as many.
  Chunk take(std::size_t bytes);

 private:
  struct Free {
    std::unique_ptr<std::byte[]> memory = {};
    std::size_t bytes = 0;
  };
  using FreeList = Guarded<std::vector<Free>>;
  static void give_back(FreeList& list, Free chunk);

  std::shared_ptr<FreeList> free_;
};

}  // namespace proa
