#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"
#include "proa/model/messages.hpp"
#include "proa/wire/append_decoder.hpp"
#include "proa/wire/frames.hpp"
#include "proa/wire/messages_codec.hpp"
#include "proa/wire/value_scanner.hpp"

namespace proa::wire {

/// How large one message may be, and the setting that an error names as the one to raise.
struct MessageLimit {
  std::size_t bytes = std::size_t{512} << 20;  ///< a leader of the model has no limit of its own
  const char* setting = "request_bytes_max";
};

struct DecodedRequest {
  std::size_t bytes = 0;  ///< how much of the input it took, the type byte included
  RequestFrame frame = {};
};

/// Finds requests in what arrives on a connection, as structs of the wire. Each byte is decoded
/// once, however small the pieces. After an error nothing more can be made of the connection.
class RequestFrameDecoder {
 public:
  explicit RequestFrameDecoder(MessageLimit limit = {}) : limit_(limit) {}

  /// `unread`: what has arrived and is not taken, beginning with a type byte; in the next call the
  /// same and more, perhaps elsewhere in memory, until a request is complete. Entries then point
  /// into it. Nothing: more bytes are needed. Errors: protocol_error.
  Result<std::optional<DecodedRequest>> next(const SharedBytes& unread);

 private:
  using Outcome = Result<std::optional<DecodedRequest>>;
  template <class Frame>
  Outcome whole(const SharedBytes& unread);
  Outcome append(const SharedBytes& unread);

  MessageLimit limit_;
  std::optional<ValueScanner> scanner_ = {};  ///< set while a request is known to be unfinished
  std::optional<AppendDecoder> append_ = {};  ///< set while an AppendEntries is
};

struct ArrivedRequest {
  std::size_t bytes = 0;  ///< how much of the input it took
  RpcKind kind = {};
  bool keeps_bytes = false;        ///< its entries point into the input
  std::uint64_t body_bytes = 0;    ///< raw bytes that follow: the state of a snapshot
  Result<ArrivedMessage> message;  ///< an Error is the answer to give; the connection goes on
};

/// The same with messages of the model.
class RequestDecoder {
 public:
  explicit RequestDecoder(MessageLimit limit = {}) : frames_(limit) {}
  Result<std::optional<ArrivedRequest>> next(const SharedBytes& unread);

 private:
  RequestFrameDecoder frames_;
};

struct DecodedReply {
  std::size_t bytes = 0;
  std::string error = {};                ///< empty: success
  std::optional<ReplyFrame> frame = {};  ///< absent: nil
};

/// Finds replies in what arrives on a connection. Errors: protocol_error.
class ReplyFrameDecoder {
 public:
  explicit ReplyFrameDecoder(MessageLimit limit = {std::size_t{16} << 20, "reply_bytes_max"})
      : limit_(limit) {}
  Result<std::optional<DecodedReply>> next(RpcKind kind, const SharedBytes& unread);

 private:
  MessageLimit limit_;
  std::optional<ValueScanner> scanner_ = {};
};

struct ArrivedReply {
  std::size_t bytes = 0;
  Result<Reply> reply;  ///< an Error is what the peer answered
};

/// The same with messages of the model.
class ReplyDecoder {
 public:
  ReplyDecoder() = default;
  explicit ReplyDecoder(MessageLimit limit) : frames_(limit) {}
  Result<std::optional<ArrivedReply>> next(RpcKind kind, const SharedBytes& unread);

 private:
  ReplyFrameDecoder frames_;
};

}  // namespace proa::wire
