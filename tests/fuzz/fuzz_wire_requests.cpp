#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "proa/wire/frame_decoder.hpp"

// The server's side of a connection: the same requests and the same verdict whether the bytes come
// at once or in pieces, each time elsewhere in memory; and what is accepted survives encoding. The
// first byte is the size of the pieces.

namespace proa::wire {
namespace {

using Outcome = Result<std::optional<DecodedRequest>>;

SharedBytes bytes_of(const EncodedMessage& message) {
  std::string all;
  for (const ByteView piece : message.pieces)
    all += text_of(piece);
  return SharedBytes::take(std::move(all));
}

Outcome in_pieces(ByteView input, std::size_t step) {
  RequestFrameDecoder decoder;
  for (std::size_t size = 0;; size = std::min(size + step, input.size())) {
    Outcome outcome = decoder.next(SharedBytes::copy_of(input.first(size)));
    if (!outcome || outcome->has_value() || size == input.size()) return outcome;
  }
}

// One request. Returns how many bytes it took, 0 if there is no more.
std::size_t test_one(ByteView input, std::size_t step) {
  RequestFrameDecoder decoder;
  const Outcome whole = decoder.next(SharedBytes::copy_of(input));
  const Outcome pieces = in_pieces(input, step);
  if (!whole) {
    // In pieces the fault may lie in what is not looked at before all of it is there.
    PROA_ASSERT(!pieces || !pieces->has_value());
    return 0;
  }
  PROA_ASSERT(pieces.has_value());
  PROA_ASSERT(whole->has_value() == pieces->has_value());
  if (!whole->has_value()) return 0;
  PROA_ASSERT((*whole)->bytes == (*pieces)->bytes);
  PROA_ASSERT((*whole)->frame == (*pieces)->frame);

  const SharedBytes encoded = bytes_of(encode_frame((*whole)->frame));
  RequestFrameDecoder second;
  const Outcome again = second.next(encoded);
  PROA_ASSERT(again.has_value());
  PROA_ASSERT(again->has_value());
  PROA_ASSERT((*again)->bytes == encoded.size());
  PROA_ASSERT((*again)->frame == (*whole)->frame);

  RequestDecoder messages;
  static_cast<void>(messages.next(encoded));
  return (*whole)->bytes;
}

void test(ByteView input) {
  const std::size_t step = static_cast<std::size_t>(input[0]) + 1;
  input = input.subspan(1);
  while (const std::size_t bytes = test_one(input, step))
    input = input.subspan(bytes);
}

}  // namespace
}  // namespace proa::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) proa::wire::test(std::as_bytes(std::span{data, size}));
  return 0;
}
