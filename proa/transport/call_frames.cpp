#include "proa/transport/call_frames.hpp"

#include <algorithm>

#include "proa/transport/call_codec.hpp"

namespace proa {
namespace {

constexpr std::array<std::byte, 5> kMagic{kCallFirstByte, std::byte{'P'}, std::byte{'R'},
                                          std::byte{'O'}, std::byte{'A'}};
constexpr std::size_t kHelloHeadBytes = kMagic.size() + 2 + 2;
constexpr std::size_t kHelloBodyBytesMax = 4096;
constexpr std::size_t kLengthBytes = 4;  // of the frame, which counts what is behind it

bool is_frame_type(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(CallFrameType::request) &&
         type <= static_cast<std::uint8_t>(CallFrameType::failure);
}

std::string range_of(const CallHello& hello) {
  return std::to_string(hello.version_min) + " to " + std::to_string(hello.version_max);
}

}  // namespace

SharedBytes encode(const CallHello& hello) {
  CallWriter body;
  const SharedBytes rest = body.u64(hello.features).text(hello.id.value).text(hello.group).take();
  PROA_ASSERT(rest.size() <= kHelloBodyBytesMax);
  std::vector<std::byte> bytes{kMagic.begin(), kMagic.end()};
  bytes.push_back(std::byte{hello.version_min});
  bytes.push_back(std::byte{hello.version_max});
  bytes.push_back(static_cast<std::byte>(rest.size() >> 8));
  bytes.push_back(static_cast<std::byte>(rest.size()));
  bytes.insert(bytes.end(), rest.view().begin(), rest.view().end());
  return SharedBytes::take(std::move(bytes));
}

Result<std::optional<ArrivedHello>> decode_hello(ByteView arrived) {
  const std::size_t compared = std::min(arrived.size(), kMagic.size());
  if (!std::equal(kMagic.begin(), kMagic.begin() + static_cast<std::ptrdiff_t>(compared),
                  arrived.begin())) {
    return fail(Errc::protocol_error, "it does not begin with a hello of Proa's own protocol");
  }
  if (arrived.size() < kHelloHeadBytes) return std::optional<ArrivedHello>{};
  CallReader head{arrived.subspan(kMagic.size())};
  ArrivedHello found;
  found.hello.version_min = head.u8();
  found.hello.version_max = head.u8();
  const std::size_t rest = head.u16();
  if (rest > kHelloBodyBytesMax || found.hello.version_max < found.hello.version_min) {
    return fail(Errc::protocol_error, "its hello makes no sense");
  }
  found.bytes = kHelloHeadBytes + rest;
  if (arrived.size() < found.bytes) return std::optional<ArrivedHello>{};
  CallReader body{arrived.subspan(kHelloHeadBytes, rest)};
  found.hello.features = body.u64();
  found.hello.id = {body.text()};
  found.hello.group = body.text();
  PROA_TRY(body.finish("its hello"));
  return std::optional{std::move(found)};
}

Result<std::uint8_t> common_version(const CallHello& ours, const CallHello& theirs) {
  const std::uint8_t highest = std::min(ours.version_max, theirs.version_max);
  if (highest >= std::max(ours.version_min, theirs.version_min)) return highest;
  return fail(Errc::unsupported_protocol,
              "we speak versions " + range_of(ours) + " of Proa's own protocol, the other side " +
                  range_of(theirs) + "; bring both to neighbouring releases");
}

SharedBytes encode(const CallFrame& frame) {
  const std::size_t length = kCallFrameHeaderBytes - kLengthBytes + frame.body_bytes;
  PROA_ASSERT(length <= UINT32_MAX);
  CallWriter header;
  header.u32(static_cast<std::uint32_t>(length)).u8(static_cast<std::uint8_t>(frame.type));
  return header.u8(frame.kind).u16(0).u64(frame.number).take();
}

Result<std::optional<CallFrame>> decode_frame(ByteView arrived, std::size_t body_max) {
  if (arrived.size() < kCallFrameHeaderBytes) return std::optional<CallFrame>{};
  CallReader header{arrived};
  const std::size_t length = header.u32();
  const std::uint8_t type = header.u8();
  CallFrame frame{.kind = header.u8()};
  const bool reserved_is_zero = header.u16() == 0;
  frame.number = header.u64();
  if (!is_frame_type(type) || !reserved_is_zero || length < kCallFrameHeaderBytes - kLengthBytes) {
    return fail(Errc::protocol_error, "a frame of Proa's own protocol makes no sense");
  }
  frame.type = static_cast<CallFrameType>(type);
  frame.body_bytes = length - (kCallFrameHeaderBytes - kLengthBytes);
  if (frame.body_bytes > body_max) {
    return fail(Errc::command_too_large,
                "a call of " + std::to_string(frame.body_bytes) +
                    " bytes is beyond call_bytes_max = " + std::to_string(body_max));
  }
  return std::optional{frame};
}

}  // namespace proa
