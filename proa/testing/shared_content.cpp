#include "proa/testing/shared_content.hpp"

#include <algorithm>
#include <cstring>

#include "proa/base/assert.hpp"
#include "proa/base/checksum.hpp"

namespace proa::testing {
namespace {

bool is_zero(ByteView bytes) {
  return bytes.empty() || (bytes.front() == std::byte{} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::uint64_t pages_for(std::uint64_t bytes) {
  return (bytes + SharedContent::kPageBytes - 1) / SharedContent::kPageBytes;
}

/// visit(page, begin in it, end in it) for each page that has some of the bytes.
template <class F>
void for_each_page(std::uint64_t begin, std::uint64_t end, F&& visit) {
  while (begin < end) {
    const std::uint64_t page = begin / SharedContent::kPageBytes;
    const std::uint64_t start = page * SharedContent::kPageBytes;
    const std::uint64_t stop = std::min(end, start + SharedContent::kPageBytes);
    visit(static_cast<std::size_t>(page), static_cast<std::size_t>(begin - start),
          static_cast<std::size_t>(stop - start));
    begin = stop;
  }
}

}  // namespace

SharedContent::PagePtr SharedContent::fresh_page() {
  return std::make_shared_for_overwrite<Page>();
}

/// The bytes of a page that no other content shares from now on.
std::byte* SharedContent::edit(std::size_t number) {
  if (pages_.size() <= number) pages_.resize(number + 1);
  PagePtr& page = pages_[number];
  if (page == nullptr) {
    page = fresh_page();
    page->bytes.fill(std::byte{});
  } else if (page.use_count() > 1) {
    page = std::make_shared<Page>(*page);
  }
  page->checksum.reset();
  return page->bytes.data();
}

void SharedContent::put(std::size_t number, std::size_t at, ByteView bytes) {
  const bool has_page = number < pages_.size() && pages_[number] != nullptr;
  const bool is_whole = bytes.size() == kPageBytes;
  if ((is_whole || !has_page) && is_zero(bytes)) {
    if (has_page) pages_[number] = nullptr;
    return;
  }
  if (is_whole && (!has_page || pages_[number].use_count() > 1)) {
    if (pages_.size() <= number) pages_.resize(number + 1);
    pages_[number] = fresh_page();
  }
  std::memcpy(edit(number) + at, bytes.data(), bytes.size());
}

void SharedContent::resize(std::size_t size) {
  if (size < size_) {
    if (pages_.size() > pages_for(size)) pages_.resize(pages_for(size));
    const std::size_t last = size / kPageBytes;
    if (last < pages_.size() && pages_[last] != nullptr) {
      const std::size_t kept = size % kPageBytes;
      std::memset(edit(last) + kept, 0, kPageBytes - kept);
    }
  }
  size_ = size;
}

std::size_t SharedContent::read(std::uint64_t offset, std::span<std::byte> buffer) const {
  if (offset >= size_ || buffer.empty()) return 0;
  const std::uint64_t end = std::min<std::uint64_t>(size_, offset + buffer.size());
  std::byte* into = buffer.data();
  for_each_page(offset, end, [&](std::size_t page, std::size_t from, std::size_t to) {
    if (page < pages_.size() && pages_[page] != nullptr) {
      std::memcpy(into, pages_[page]->bytes.data() + from, to - from);
    } else {
      std::memset(into, 0, to - from);
    }
    into += to - from;
  });
  return end - offset;
}

std::vector<std::byte> SharedContent::copy(std::uint64_t begin, std::uint64_t end) const {
  std::vector<std::byte> bytes(end - begin);
  read(begin, bytes);
  return bytes;
}

void SharedContent::write(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  const std::uint64_t end = offset + bytes.size();
  size_ = std::max<std::size_t>(size_, end);
  for_each_page(offset, end, [&](std::size_t page, std::size_t from, std::size_t to) {
    put(page, from, bytes.first(to - from));
    bytes = bytes.subspan(to - from);
  });
}

void SharedContent::write_from(const SharedContent& from, std::uint64_t begin, std::uint64_t end) {
  PROA_ASSERT(this != &from);
  end = std::min<std::uint64_t>(end, from.size_);
  if (begin >= end) return;
  size_ = std::max<std::size_t>(size_, end);
  const bool reaches_their_end = end == from.size_ && end == size_;
  for_each_page(begin, end, [&](std::size_t page, std::size_t first, std::size_t last) {
    const bool is_there = page < from.pages_.size() && from.pages_[page] != nullptr;
    const bool is_last = reaches_their_end && page == (end - 1) / kPageBytes;
    if (first == 0 && (last == kPageBytes || is_last)) {
      if (page < pages_.size()) {
        pages_[page] = is_there ? from.pages_[page] : nullptr;
      } else if (is_there) {
        pages_.resize(page + 1);
        pages_[page] = from.pages_[page];
      }
    } else if (is_there) {
      put(page, first, ByteView{from.pages_[page]->bytes}.subspan(first, last - first));
    } else if (page < pages_.size() && pages_[page] != nullptr) {
      std::memset(edit(page) + first, 0, last - first);
    }
  });
}

std::uint64_t SharedContent::checksum_of(const PagePtr& page) {
  static constexpr std::array<std::byte, kPageBytes> kZeros = {};
  static const std::uint64_t of_zeros = crc64(ByteView{kZeros});
  if (page == nullptr) return of_zeros;
  if (!page->checksum) page->checksum = crc64(ByteView{page->bytes});
  return *page->checksum;
}

std::uint64_t SharedContent::checksum() const {
  std::uint64_t sum = 0;
  for (std::size_t number = 0; number < pages_for(size_); ++number) {
    const std::uint64_t page = checksum_of(number < pages_.size() ? pages_[number] : PagePtr{});
    sum = crc64(std::as_bytes(std::span{&page, 1}), sum);
  }
  return sum;
}

}  // namespace proa::testing
