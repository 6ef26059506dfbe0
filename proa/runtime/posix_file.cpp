#include "proa/runtime/detail/posix_file.hpp"

#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>
#include <utility>

#include "proa/runtime/detail/gather.hpp"
#include "proa/runtime/detail/system_error.hpp"

namespace proa::detail {

Result<std::size_t> PosixFile::read_at(std::uint64_t offset, std::span<std::byte> buffer) const {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t got = ::pread(fd_.get(), buffer.data() + done, buffer.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failure("read", path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> PosixFile::write_at(std::uint64_t offset, std::span<const ByteView> pieces) {
  std::size_t bytes = 0;
  for (const ByteView piece : pieces)
    bytes += piece.size();
  if (!DirectWriter::fits(offset, bytes)) return write_through_cache(offset, pieces);
  const std::optional<int> failed = direct_.write(fd_, offset, pieces, bytes);
  if (!failed) return write_through_cache(offset, pieces);
  if (*failed != 0) return file_failure("write", path_, *failed);
  return {};
}

Result<void> PosixFile::write_through_cache(std::uint64_t offset,
                                            std::span<const ByteView> pieces) {
  direct_.let_go();  // a log keeps its full segments open, and writes their footers last
  Gather gather(pieces);
  for (auto vectors = gather.next_call(); !vectors.empty(); vectors = gather.next_call()) {
    const ssize_t wrote = ::pwritev(fd_.get(), vectors.data(), static_cast<int>(vectors.size()),
                                    static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return file_failure("write", path_, errno);
    if (wrote == 0) return file_failure("write", path_, EIO);  // no progress would loop for ever
    offset += static_cast<std::uint64_t>(wrote);
    gather.written(static_cast<std::size_t>(wrote));
  }
  return {};
}

Result<void> PosixFile::sync() {
  // Interrupted is not failed: nothing was reported about the pages, and they are still dirty.
  while (::fdatasync(fd_.get()) != 0) {
    if (errno != EINTR) return file_failure("sync", path_, errno);
  }
  return {};
}

Result<void> PosixFile::truncate(std::uint64_t size) {
  while (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) return file_failure("set the size of", path_, errno);
  }
  return {};
}

Result<std::uint64_t> PosixFile::size() const {
  struct stat facts = {};
  if (::fstat(fd_.get(), &facts) != 0) return file_failure("read the size of", path_, errno);
  return static_cast<std::uint64_t>(facts.st_size);
}

}  // namespace proa::detail
