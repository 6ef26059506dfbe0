#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/wire/frames.hpp"

namespace proa::wire {

/// A message on its way out: pieces to be written one behind the other, and what holds them.
/// Entries are not copied.
struct EncodedMessage {
  std::vector<ByteView> pieces = {};  ///< into `framing` and `entries`; none is empty
  std::size_t bytes = 0;              ///< of all pieces
  SharedBytes framing = {};
  EntryView entries = {};
};

/// The type byte and the frame.
EncodedMessage encode_frame(const RequestFrame& frame);

/// The error text, empty for success, and the frame or nil.
EncodedMessage encode_reply_frame(std::string_view error, const std::optional<ReplyFrame>& frame);

}  // namespace proa::wire
