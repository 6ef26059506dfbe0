#include "proa/runtime/detail/direct_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>

namespace proa::detail {
namespace {

/// Copies pieces one behind the other, a buffer at a time.
class Copier {
 public:
  explicit Copier(std::span<const ByteView> pieces) : rest_(pieces) {}

  void fill(std::span<std::byte> buffer) {
    while (!buffer.empty()) {
      const ByteView left = rest_.front().subspan(skip_);
      const std::size_t part = std::min(left.size(), buffer.size());
      if (part > 0) std::memcpy(buffer.data(), left.data(), part);
      buffer = buffer.subspan(part);
      skip_ += part;
      if (skip_ < rest_.front().size()) continue;
      rest_ = rest_.subspan(1);
      skip_ = 0;
    }
  }

 private:
  std::span<const ByteView> rest_;
  std::size_t skip_ = 0;
};

/// 0 or the errno. A part of a block, as the last bytes of a full disk may be, is written again:
/// what follows must begin with a block.
int write_all(int fd, std::uint64_t offset, std::span<const std::byte> bytes, bool& began) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    const std::size_t whole =
        static_cast<std::size_t>(wrote) / DirectWriter::kBlockBytes * DirectWriter::kBlockBytes;
    if (whole == 0) return EIO;  // no progress would loop for ever
    began = true;
    offset += whole;
    bytes = bytes.subspan(whole);
  }
  return 0;
}

}  // namespace

std::optional<int> DirectWriter::write(const UniqueFd& file, std::uint64_t offset,
                                       std::span<const ByteView> pieces, std::size_t bytes) {
  if (impossible_ || (!fd_.valid() && !open(file))) return std::nullopt;
  std::size_t left = bytes;
  make_buffer(std::min(left, kBufferBytesMax));
  Copier copier(pieces);
  bool began = false;
  while (left > 0) {
    const std::span<std::byte> part{buffer_.get(), std::min(left, buffer_bytes_)};
    copier.fill(part);
    const int failed = write_all(fd_.get(), offset, part, began);
    if (failed == EINVAL && !began) {
      impossible_ = true;
      return std::nullopt;
    }
    if (failed != 0) return failed;
    offset += part.size();
    left -= part.size();
  }
  return 0;
}

void DirectWriter::let_go() {
  fd_ = UniqueFd{};
  buffer_.reset();
  buffer_bytes_ = 0;
}

/// The same file again, whatever its name is by now.
bool DirectWriter::open(const UniqueFd& file) {
  const std::string same = "/proc/self/fd/" + std::to_string(file.get());
  fd_ = UniqueFd{::open(same.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC)};
  impossible_ = !fd_.valid();
  return fd_.valid();
}

void DirectWriter::make_buffer(std::size_t bytes) {
  if (bytes <= buffer_bytes_) return;
  buffer_bytes_ = std::bit_ceil(bytes);
  buffer_.reset(
      static_cast<std::byte*>(::operator new(buffer_bytes_, std::align_val_t{kBlockBytes})));
}

}  // namespace proa::detail
