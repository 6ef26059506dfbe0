#include "proa/wire/frame_codec.hpp"

namespace proa::wire {

bool read_value(MsgpackReader& in, Text& value) {
  ByteView bytes;
  if (!in.bytes(bytes)) return false;
  value = bytes.data() == nullptr ? Text{} : Text{text_of(bytes)};
  return true;
}

void write_value(MsgpackWriter& out, const Text& value) {
  if (value.has_value()) {
    out.string(view_of(*value));
  } else {
    out.nil();
  }
}

}  // namespace proa::wire
