#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "server/resp/reply_parser.hpp"
#include "server/resp/request_parser.hpp"

// What a Redis client sends: the same requests and the same verdict whether the bytes come at once
// or in pieces, each time elsewhere in memory; what is accepted survives encoding; no request is
// larger than its limits. The first byte is the size of the pieces. As replies, the bytes must only
// do no harm.

namespace proa::resp {
namespace {

constexpr RequestLimits kLimits{
    .arguments = 100, .argument_bytes = 300, .request_bytes = 1000, .line_bytes = 200};

using Outcome = Result<std::optional<Request>>;

Outcome in_pieces(ByteView input, std::size_t step) {
  RequestParser parser{kLimits};
  for (std::size_t size = 0;; size = std::min(size + step, input.size())) {
    Outcome outcome = parser.next(SharedBytes::copy_of(input.first(size)));
    if (!outcome || outcome->has_value() || size == input.size()) return outcome;
  }
}

void test_encoding(const Request& request) {
  if (request.arguments.empty()) return;
  std::vector<std::string_view> words;
  for (const SharedBytes& argument : request.arguments)
    words.push_back(text_of(argument));
  const SharedBytes encoded = SharedBytes::take(encode_request(words));
  const Outcome again = RequestParser{}.next(encoded);
  PROA_ASSERT(again.has_value());
  PROA_ASSERT(again->has_value());
  PROA_ASSERT((*again)->bytes == encoded.size());
  PROA_ASSERT((*again)->arguments == request.arguments);
}

// One request. Returns how many bytes it took, 0 if there is no more.
std::size_t test_one(ByteView input, std::size_t step) {
  const Outcome whole = RequestParser{kLimits}.next(SharedBytes::copy_of(input));
  const Outcome pieces = in_pieces(input, step);
  PROA_ASSERT(whole.has_value() == pieces.has_value());
  if (!whole) {
    PROA_ASSERT(whole.error().detail == pieces.error().detail);
    return 0;
  }
  PROA_ASSERT(whole->has_value() == pieces->has_value());
  if (!whole->has_value()) return 0;
  PROA_ASSERT((*whole)->bytes > 0);
  PROA_ASSERT((*whole)->bytes <= input.size());
  PROA_ASSERT((*whole)->bytes == (*pieces)->bytes);
  PROA_ASSERT((*whole)->arguments == (*pieces)->arguments);
  PROA_ASSERT((*whole)->arguments.size() <= kLimits.arguments);
  test_encoding(**whole);
  return (*whole)->bytes;
}

void test(ByteView input) {
  const std::size_t step = static_cast<std::size_t>(input[0]) + 1;
  input = input.subspan(1);
  static_cast<void>(parse_reply(text_of(input)));
  while (const std::size_t bytes = test_one(input, step))
    input = input.subspan(bytes);
}

}  // namespace
}  // namespace proa::resp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) proa::resp::test(std::as_bytes(std::span{data, size}));
  return 0;
}
