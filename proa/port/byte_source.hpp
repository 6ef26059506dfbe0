#pragma once

#include <cstddef>
#include <span>

#include "proa/base/result.hpp"

namespace proa {

/// A stream of bytes that is read once, from front to back. Blocking. Threads: one at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual Result<std::size_t> read(std::span<std::byte> buffer) = 0;  ///< 0: the end
};

}  // namespace proa
