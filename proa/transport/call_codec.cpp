#include "proa/transport/call_codec.hpp"

#include <algorithm>
#include <utility>

namespace proa {

namespace {
constexpr std::size_t kDetailBytesMax = std::size_t{16} << 10;
constexpr int kByteBits = 8;
}  // namespace

CallWriter& CallWriter::number(std::uint64_t value, int size) {
  for (int at = size - 1; at >= 0; --at)
    bytes_.push_back(static_cast<std::byte>(value >> (kByteBits * at)));
  return *this;
}

CallWriter& CallWriter::bytes(ByteView value) {
  PROA_ASSERT(value.size() <= UINT32_MAX);
  u32(static_cast<std::uint32_t>(value.size()));
  bytes_.insert(bytes_.end(), value.begin(), value.end());
  return *this;
}

CallWriter& CallWriter::server(const Server& value) {
  u8(static_cast<std::uint8_t>(value.suffrage));
  return text(value.id.value).text(value.address.value);
}

std::uint64_t CallReader::number(std::size_t size) {
  if (bytes_.size() < size) {
    failed_ = true;
    bytes_ = {};
    return 0;
  }
  std::uint64_t value = 0;
  for (const std::byte byte : bytes_.first(size))
    value = value << kByteBits | static_cast<std::uint64_t>(byte);
  bytes_ = bytes_.subspan(size);
  return value;
}

ByteView CallReader::bytes() {
  const std::uint32_t size = u32();
  if (bytes_.size() < size) {
    failed_ = true;
    bytes_ = {};
    return {};
  }
  const ByteView value = bytes_.first(size);
  bytes_ = bytes_.subspan(size);
  return value;
}

Server CallReader::server() {
  Server server;
  const std::uint8_t suffrage = u8();
  if (suffrage > static_cast<std::uint8_t>(Suffrage::staging)) failed_ = true;
  server.suffrage = failed_ ? Suffrage::nonvoter : static_cast<Suffrage>(suffrage);
  server.id = {text()};
  server.address = {text()};
  return server;
}

Result<void> CallReader::finish(std::string_view what) const {
  if (!failed_) return {};
  return fail(Errc::protocol_error,
              std::string(what) + " ends too early or names something that does not exist");
}

void encode(const Error& error, CallWriter& into) {
  into.u8(static_cast<std::uint8_t>(error.code));
  into.u8(static_cast<std::uint8_t>(error.outcome));
  into.flag(error.leader.has_value());
  if (error.leader) into.server(*error.leader);
  into.text(std::string_view{error.detail}.substr(0, kDetailBytesMax));
}

Error decode_error(CallReader& from) {
  constexpr auto kLast = static_cast<std::uint8_t>(Errc::unsupported_protocol);
  Error error;
  const std::uint8_t code = from.u8();
  error.code = code <= kLast ? static_cast<Errc>(code) : Errc::protocol_error;
  error.outcome = from.u8() == static_cast<std::uint8_t>(Outcome::not_executed)
                      ? Outcome::not_executed
                      : Outcome::unknown;
  if (from.flag()) error.leader = from.server();
  error.detail = from.text();
  return error;
}

}  // namespace proa
