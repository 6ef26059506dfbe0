#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "proa/base/bytes.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/result.hpp"

/// Proa's own protocol, on the port of the model's (design.md §6): typed calls, each with one
/// answer, in any order. Its first byte is outside the model's RPC types, so SplitStreams can tell
/// the two apart; a node of the model closes the connection.
///
/// Each side begins with a hello; the one that dialled sends its own first and nothing else until
/// it has the other's. All numbers are big endian.
///
///     hello  F0 'P' 'R' 'O' 'A'   magic
///            u8 u8                lowest and highest version spoken
///            u16                  bytes that follow, at most 4096
///            u64                  features: one bit each, unknown ones are ignored
///            text                 id of the server; empty for a tool
///            text                 group: which cluster of the process; empty is the only one
///
///     frame  u32                  bytes that follow, 12 + body
///            u8                   1 request, 2 answer, 3 failure
///            u8                   kind of the call; the program's table, not ours
///            u16                  0
///            u64                  number of the call, chosen by the caller, open only once
///            body                 CallWriter's form; of a failure an Error
///
/// The version spoken is the highest that both know; where there is none, and where a frame makes
/// no sense, the connection is closed and a log line says why. A body may grow at its end within a
/// version. A kind that is not known is answered with a failure, unsupported_protocol.
namespace proa {

inline constexpr std::byte kCallFirstByte{0xF0};
inline constexpr std::uint8_t kCallVersionMin = 1;
inline constexpr std::uint8_t kCallVersionMax = 1;

struct CallHello {
  std::uint8_t version_min = kCallVersionMin;
  std::uint8_t version_max = kCallVersionMax;
  std::uint64_t features = 0;
  ServerId id = {};
  std::string group = {};
  friend bool operator==(const CallHello&, const CallHello&) = default;
};

SharedBytes encode(const CallHello& hello);

/// A whole hello at the front of what has arrived.
struct ArrivedHello {
  CallHello hello = {};
  std::size_t bytes = 0;
};
/// Nothing: more has to arrive. Errors: protocol_error.
Result<std::optional<ArrivedHello>> decode_hello(ByteView arrived);

/// The highest version both speak. Errors: unsupported_protocol, naming both ranges.
Result<std::uint8_t> common_version(const CallHello& ours, const CallHello& theirs);

enum class CallFrameType : std::uint8_t { request = 1, answer = 2, failure = 3 };
inline constexpr std::size_t kCallFrameHeaderBytes = 16;

struct CallFrame {
  CallFrameType type = CallFrameType::request;
  std::uint8_t kind = 0;
  std::uint64_t number = 0;
  std::size_t body_bytes = 0;
  friend bool operator==(const CallFrame&, const CallFrame&) = default;
};

SharedBytes encode(const CallFrame& frame);  ///< the header alone; the body goes behind it
/// Nothing: the header is not whole. Errors: protocol_error; command_too_large beyond `body_max`.
Result<std::optional<CallFrame>> decode_frame(ByteView arrived, std::size_t body_max);

}  // namespace proa
