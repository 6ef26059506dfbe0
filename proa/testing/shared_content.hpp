#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "proa/base/checksum.hpp"

namespace proa::testing {

/// The bytes of a file. Copies share them until one is edited, so that a copy of a disk costs what
/// is changed on it. Threads: one, also for all copies.
class SharedContent {
 public:
  const std::vector<std::byte>& read() const { return bytes_->bytes; }
  std::size_t size() const { return read().size(); }

  /// Until the next copy.
  std::vector<std::byte>& edit() {
    if (bytes_.use_count() > 1) bytes_ = std::make_shared<Bytes>(*bytes_);
    bytes_->checksum.reset();
    return bytes_->bytes;
  }
  void resize(std::size_t size) {
    if (size != this->size()) edit().resize(size);
  }

  std::uint64_t checksum() const {
    if (!bytes_->checksum) bytes_->checksum = crc64(read());
    return *bytes_->checksum;
  }

 private:
  struct Bytes {
    std::vector<std::byte> bytes = {};
    std::optional<std::uint64_t> checksum = {};  ///< once it was asked for
  };
  std::shared_ptr<Bytes> bytes_ = std::make_shared<Bytes>();
};

}  // namespace proa::testing
