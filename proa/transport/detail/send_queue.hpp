#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "proa/base/bytes.hpp"
#include "proa/base/result.hpp"
#include "proa/port/stream_layer.hpp"
#include "proa/wire/messages_codec.hpp"

namespace proa {

/// Messages that wait for a stream to take them. Threads: the loop.
class SendQueue {
 public:
  void push(wire::EncodedMessage message);
  void push(SharedBytes bytes);
  bool empty() const { return messages_.empty(); }
  std::size_t bytes() const { return bytes_; }
  void clear();

  /// Hands over as much as the stream takes now; whatever waits goes in one call if it fits.
  Result<void> write_to(Stream& stream);

 private:
  void gather(std::vector<ByteView>& pieces) const;
  void drop(std::size_t bytes);

  std::deque<wire::EncodedMessage> messages_ = {};
  std::size_t first_piece_ = 0;  ///< of the first message: what comes before is written
  std::size_t offset_ = 0;       ///< bytes of that piece that are written
  std::size_t bytes_ = 0;
  std::vector<ByteView> gathered_ = {};  ///< kept for its memory
};

}  // namespace proa
