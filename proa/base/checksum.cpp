#include "proa/base/checksum.hpp"

#include <isa-l/crc.h>
#include <isa-l/crc64.h>

namespace proa {

std::uint32_t crc32c(ByteView bytes, std::uint32_t seed) {
  std::uint32_t crc = ~seed;
  // The library counts in int; longer input goes in pieces.
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(bytes.size() < kPiece ? bytes.size() : kPiece);
    // It takes a pointer to mutable bytes, which it does not write.
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    crc = crc32_iscsi(data, static_cast<int>(piece.size()), crc);
    bytes = bytes.subspan(piece.size());
  }
  return ~crc;
}

std::uint64_t crc64(ByteView bytes, std::uint64_t seed) {
  return crc64_ecma_refl(seed, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace proa
