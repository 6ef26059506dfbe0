#pragma once

#include <cstdint>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"

namespace proa::kv {

/// The reverse of ByteWriter, over bytes that nobody vouches for. Errors: corrupt.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : whole_(bytes.size()), rest_(bytes) {}

  Result<std::uint8_t> byte();
  Result<std::uint32_t> fixed32();
  Result<std::uint64_t> fixed64();
  Result<std::uint64_t> number(std::uint64_t max);
  Result<ByteView> string(std::size_t bytes_max);  ///< points into the bytes given

  bool at_end() const { return rest_.empty(); }
  Result<void> expect_end() const;
  std::size_t offset() const { return whole_ - rest_.size(); }

 private:
  Result<std::uint64_t> fixed(std::size_t bytes);
  Failure damaged(const char* what) const;

  std::size_t whole_;
  ByteView rest_;
};

}  // namespace proa::kv
