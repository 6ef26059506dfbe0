#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "proa/wire/frame_decoder.hpp"

// The client's side of a connection, as fuzz_wire_requests. The first byte is the kind of request
// that is answered.

namespace proa::wire {
namespace {

using Outcome = Result<std::optional<DecodedReply>>;
constexpr std::size_t kStep = 3;

SharedBytes bytes_of(const EncodedMessage& message) {
  std::string all;
  for (const ByteView piece : message.pieces)
    all += text_of(piece);
  return SharedBytes::take(std::move(all));
}

Outcome in_pieces(RpcKind kind, ByteView input) {
  ReplyFrameDecoder decoder;
  for (std::size_t size = 0;; size = std::min(size + kStep, input.size())) {
    Outcome outcome = decoder.next(kind, SharedBytes::copy_of(input.first(size)));
    if (!outcome || outcome->has_value() || size == input.size()) return outcome;
  }
}

std::size_t test_one(RpcKind kind, ByteView input) {
  ReplyFrameDecoder decoder;
  const Outcome whole = decoder.next(kind, SharedBytes::copy_of(input));
  const Outcome pieces = in_pieces(kind, input);
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

  const SharedBytes encoded = bytes_of(encode_reply_frame((*whole)->error, (*whole)->frame));
  ReplyFrameDecoder second;
  const Outcome again = second.next(kind, encoded);
  PROA_ASSERT(again.has_value());
  PROA_ASSERT(again->has_value());
  PROA_ASSERT((*again)->bytes == encoded.size());
  PROA_ASSERT((*again)->error == (*whole)->error);
  PROA_ASSERT((*again)->frame == (*whole)->frame);

  ReplyDecoder messages;
  static_cast<void>(messages.next(kind, encoded));
  return (*whole)->bytes;
}

void test(ByteView input) {
  const auto kind = static_cast<RpcKind>(static_cast<unsigned>(input[0]) % 5);
  input = input.subspan(1);
  while (const std::size_t bytes = test_one(kind, input))
    input = input.subspan(bytes);
}

}  // namespace
}  // namespace proa::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) proa::wire::test(std::as_bytes(std::span{data, size}));
  return 0;
}
