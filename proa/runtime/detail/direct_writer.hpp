#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>

#include "proa/base/bytes.hpp"
#include "proa/runtime/detail/unique_fd.hpp"

namespace proa::detail {

/// The way past the page cache for writes of whole blocks: what a log writes once and reads hardly
/// ever again need not push other things out of memory, nor be copied there. Threads: one at a
/// time.
class DirectWriter {
 public:
  /// Blocks of this size may go this way, whatever the device's own are.
  static constexpr std::size_t kBlockBytes = 4096;

  static bool fits(std::uint64_t offset, std::size_t bytes) {
    return bytes > 0 && offset % kBlockBytes == 0 && bytes % kBlockBytes == 0;
  }

  /// Writes the pieces, which have so many `bytes`; 0 or the errno. Nothing: nothing was written,
  /// since there is no such way to this file.
  std::optional<int> write(const UniqueFd& file, std::uint64_t offset,
                           std::span<const ByteView> pieces, std::size_t bytes);
  /// Keeps neither memory nor descriptor until the next write.
  void let_go();

 private:
  static constexpr std::size_t kBufferBytesMax = std::size_t{1} << 20;
  struct Free {
    void operator()(std::byte* memory) const {
      ::operator delete(memory, std::align_val_t{kBlockBytes});
    }
  };

  bool open(const UniqueFd& file);
  void make_buffer(std::size_t bytes);

  UniqueFd fd_;
  bool impossible_ = false;
  std::unique_ptr<std::byte, Free> buffer_;
  std::size_t buffer_bytes_ = 0;
};

}  // namespace proa::detail
