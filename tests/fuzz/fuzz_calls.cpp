#include <cstddef>
#include <cstdint>

#include "proa/transport/call_codec.hpp"
#include "proa/transport/call_frames.hpp"
#include "server/admin/messages.hpp"

// Proa's own protocol, as bytes of a stranger. The first byte is what they are read as. What can be
// read has to read the same after it was written.

namespace proa {
namespace {

constexpr std::size_t kBodyBytesMax = 1 << 20;

void test_hello(ByteView input) {
  const auto found = decode_hello(input);
  if (!found || !*found) return;
  const SharedBytes again = encode((*found)->hello);
  const auto second = decode_hello(again);
  PROA_ASSERT(second.has_value());
  PROA_ASSERT(second->has_value());
  PROA_ASSERT((*second)->hello == (*found)->hello);
  static_cast<void>(common_version({}, (*found)->hello));
}

void test_frame(ByteView input) {
  const auto found = decode_frame(input, kBodyBytesMax);
  if (!found || !*found) return;
  PROA_ASSERT((*found)->body_bytes <= kBodyBytesMax);
  PROA_ASSERT(decode_frame(encode(**found), kBodyBytesMax).value() == **found);
}

void test_error(ByteView input) {
  CallReader reader{input};
  const Error error = decode_error(reader);
  if (!reader.finish("an error")) return;
  CallWriter writer;
  encode(error, writer);
  const SharedBytes again = writer.take();
  CallReader second{again};
  const Error read = decode_error(second);
  PROA_ASSERT(read.code == error.code);
  PROA_ASSERT(read.leader == error.leader);
}

void test_messages(ByteView input) {
  if (const auto standing = server::decode_standing(input)) {
    PROA_ASSERT(server::decode_standing(server::encode(*standing)).value() == *standing);
  }
  if (const auto status = server::decode_status(input)) {
    const SharedBytes written = server::encode(*status);
    PROA_ASSERT(equal(server::encode(server::decode_status(written).value()), written));
  }
}

}  // namespace
}  // namespace proa

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const proa::ByteView input = std::as_bytes(std::span{data + 1, size - 1});
  switch (data[0] % 4) {
    case 0:
      proa::test_hello(input);
      break;
    case 1:
      proa::test_frame(input);
      break;
    case 2:
      proa::test_error(input);
      break;
    default:
      proa::test_messages(input);
  }
  return 0;
}
