#include "proa/transport/detail/send_queue.hpp"

#include <utility>

namespace proa {

namespace {
constexpr std::size_t kPiecesMax = 1024;  // per call; what systems accept at most
}

void SendQueue::push(wire::EncodedMessage message) {
  if (message.bytes == 0) return;
  bytes_ += message.bytes;
  messages_.push_back(std::move(message));
}

void SendQueue::push(SharedBytes bytes) {
  push(wire::EncodedMessage{.pieces = {bytes.view()}, .bytes = bytes.size(), .framing = bytes});
}

void SendQueue::clear() {
  messages_.clear();
  first_piece_ = offset_ = bytes_ = 0;
}

Result<void> SendQueue::write_to(Stream& stream) {
  // A stream may take less than there is room for, because it limits the pieces of one call. Only
  // nothing taken means that it is full.
  while (!empty()) {
    gathered_.clear();
    gather(gathered_);
    PROA_TRY(const std::size_t taken, stream.write_some(gathered_));
    if (taken == 0) break;
    drop(taken);
  }
  return {};
}

void SendQueue::gather(std::vector<ByteView>& pieces) const {
  std::size_t first = first_piece_;
  std::size_t offset = offset_;
  for (const wire::EncodedMessage& message : messages_) {
    for (std::size_t i = first; i < message.pieces.size(); ++i) {
      if (pieces.size() == kPiecesMax) return;
      pieces.push_back(message.pieces[i].subspan(offset));
      offset = 0;
    }
    first = 0;
  }
}

void SendQueue::drop(std::size_t bytes) {
  PROA_ASSERT(bytes <= bytes_);
  bytes_ -= bytes;
  while (!messages_.empty()) {
    const std::vector<ByteView>& pieces = messages_.front().pieces;
    for (; first_piece_ < pieces.size(); ++first_piece_, offset_ = 0) {
      const std::size_t left = pieces[first_piece_].size() - offset_;
      if (bytes < left) {
        offset_ += bytes;
        return;
      }
      bytes -= left;
    }
    messages_.pop_front();
    first_piece_ = 0;
  }
}

}  // namespace proa
