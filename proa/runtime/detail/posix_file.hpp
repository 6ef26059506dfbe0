#pragma once

#include <string>
#include <utility>

#include "proa/port/file_system.hpp"
#include "proa/runtime/detail/direct_writer.hpp"
#include "proa/runtime/detail/unique_fd.hpp"

namespace proa::detail {

/// An open file of this machine. A short or interrupted call goes on where it stopped.
class PosixFile : public File {
 public:
  PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  using File::write_at;
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> buffer) const override;
  Result<void> write_at(std::uint64_t offset, std::span<const ByteView> pieces) override;
  Result<void> sync() override;
  Result<void> truncate(std::uint64_t size) override;
  Result<std::uint64_t> size() const override;
  const std::string& path() const override { return path_; }

 private:
  Result<void> write_through_cache(std::uint64_t offset, std::span<const ByteView> pieces);

  UniqueFd fd_;
  DirectWriter direct_;
  std::string path_;
};

}  // namespace proa::detail
