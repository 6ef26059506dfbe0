#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "proa/base/bytes.hpp"

namespace proa::testing {

/// The bytes of a file, in pages. Copies share a page until one of them changes it, so that a copy
/// of a disk, or of what was synced, costs what is changed on it; a page of zeros costs nothing.
/// Threads: one, also for all copies.
class SharedContent {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  std::size_t size() const { return size_; }
  /// What follows zeros, if it grows; what is cut off is gone.
  void resize(std::size_t size);

  /// Fills `buffer` as far as there are bytes from `offset` on; how many.
  std::size_t read(std::uint64_t offset, std::span<std::byte> buffer) const;
  /// The bytes from `begin` to `end`, zeros where there are none.
  std::vector<std::byte> copy(std::uint64_t begin, std::uint64_t end) const;
  /// Grows if need be; a gap reads as zeros.
  void write(std::uint64_t offset, ByteView bytes);
  /// Writes what `from` holds from `begin` to `end`, not beyond its size, to the same place here.
  void write_from(const SharedContent& from, std::uint64_t begin, std::uint64_t end);

  /// The same for the same bytes, however they came here.
  std::uint64_t checksum() const;

 private:
  struct Page {
    std::array<std::byte, kPageBytes> bytes;
    std::optional<std::uint64_t> checksum = {};  ///< once it was asked for
  };
  using PagePtr = std::shared_ptr<Page>;

  static PagePtr fresh_page();
  static std::uint64_t checksum_of(const PagePtr& page);
  std::byte* edit(std::size_t number);
  void put(std::size_t number, std::size_t at, ByteView bytes);

  std::size_t size_ = 0;
  /// No page: zeros, also beyond the end of this. In the last one zeros follow `size_`.
  std::vector<PagePtr> pages_;
};

}  // namespace proa::testing
