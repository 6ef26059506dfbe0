#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "proa/base/bytes.hpp"

namespace proa::detail {

/// Pieces of memory in the form of pwritev and sendmsg, a bounded number at a time, going on behind
/// what has been written. Threads: one.
class Gather {
 public:
  explicit Gather(std::span<const ByteView> pieces) : rest_(pieces) {}

  /// The next ones that are not empty; none when all is written.
  std::span<iovec> next_call() {
    std::size_t count = 0;
    std::size_t skip = skip_;
    std::size_t looked_at = 0;
    for (; looked_at < rest_.size() && count < kPiecesMax; ++looked_at) {
      const ByteView left = rest_[looked_at].subspan(std::exchange(skip, 0));
      if (left.empty()) continue;
      // The system's interface has no const; it only reads.
      vectors_[count++] = {const_cast<std::byte*>(left.data()), left.size()};
    }
    return std::span{vectors_}.first(count);
  }

  void written(std::size_t bytes) {
    bytes += std::exchange(skip_, 0);
    while (!rest_.empty() && bytes >= rest_.front().size()) {
      bytes -= rest_.front().size();
      rest_ = rest_.subspan(1);
    }
    skip_ = bytes;
  }

 private:
  static constexpr std::size_t kPiecesMax = 256;  // of at most IOV_MAX = 1024

  std::span<const ByteView> rest_;
  std::size_t skip_ = 0;  ///< bytes of the first of rest_ that are written
  std::array<iovec, kPiecesMax> vectors_;
};

}  // namespace proa::detail
