#include "proa/wire/message_encoder.hpp"

#include "proa/wire/frame_codec.hpp"

namespace proa::wire {
namespace {

constexpr std::size_t kFramingBytes = 256;  // about what a message has beside its entries

/// Entries that were encoded or received together lie side by side and become one piece.
void add_piece(EncodedMessage& message, ByteView piece) {
  if (piece.empty()) return;
  message.bytes += piece.size();
  if (!message.pieces.empty()) {
    ByteView& last = message.pieces.back();
    if (last.data() + last.size() == piece.data()) {
      last = {last.data(), last.size() + piece.size()};
      return;
    }
  }
  message.pieces.push_back(piece);
}

void add_entries(EncodedMessage& message, const EntryView& entries) {
  entries.for_each([&](const Entry& entry) {
    add_piece(message, entry.head);
    if (entry.data_apart) add_piece(message, entry.data);
    add_piece(message, entry.tail);
  });
}

}  // namespace

EncodedMessage encode_frame(const RequestFrame& frame) {
  MsgpackWriter out;
  out.reserve(kFramingBytes);
  EncodedMessage message;
  std::size_t split = 0;  // where the entries belong
  const auto write_entries = [&](const EntryList& list) {
    if (!list.is_present) return out.nil();
    out.array_header(list.entries.size());
    split = out.size();
    message.entries = list.entries;
  };
  std::visit(
      [&]<class Frame>(const Frame& request) {
        out.byte(static_cast<unsigned>(Frame::kKind));
        write_frame(out, request, write_entries);
      },
      frame);
  message.framing = SharedBytes::take(out.take());
  const ByteView framing = message.framing.view();
  add_piece(message, framing.first(split));
  add_entries(message, message.entries);
  add_piece(message, framing.subspan(split));
  return message;
}

EncodedMessage encode_reply_frame(std::string_view error, const std::optional<ReplyFrame>& frame) {
  MsgpackWriter out;
  out.reserve(kFramingBytes);
  out.string(view_of(error));
  if (frame) {
    std::visit([&](const auto& reply) { write_frame(out, reply, [](const EntryList&) {}); },
               *frame);
  } else {
    out.nil();
  }
  EncodedMessage message{.framing = SharedBytes::take(out.take())};
  add_piece(message, message.framing.view());
  return message;
}

}  // namespace proa::wire
