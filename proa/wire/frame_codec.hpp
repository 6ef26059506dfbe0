#pragma once

#include <string_view>
#include <type_traits>

#include "proa/wire/frames.hpp"
#include "proa/wire/msgpack_reader.hpp"
#include "proa/wire/msgpack_writer.hpp"

namespace proa::wire {

bool read_value(MsgpackReader& in, Text& value);
inline bool read_value(MsgpackReader& in, bool& value) { return in.boolean(value); }
inline bool read_value(MsgpackReader& in, std::int64_t& value) { return in.signed_number(value); }
inline bool read_value(MsgpackReader& in, std::uint64_t& value) {
  return in.unsigned_number(value);
}

void write_value(MsgpackWriter& out, const Text& value);
inline void write_value(MsgpackWriter& out, bool value) { out.boolean(value); }
inline void write_value(MsgpackWriter& out, std::int64_t value) { out.signed_number(value); }
inline void write_value(MsgpackWriter& out, std::uint64_t value) { out.unsigned_number(value); }

/// The value of the field called `name`; of no field, it is skipped. Entries are not read this way,
/// because they may arrive in pieces (AppendDecoder).
template <class Frame>
bool read_field(MsgpackReader& in, std::string_view name, Frame& frame) {
  bool is_known = false;
  bool is_read = false;
  Frame::visit(frame, [&]<class Value>(std::string_view field, Value& value) {
    if constexpr (!std::is_same_v<Value, EntryList>) {
      if (is_known || field != name) return;
      is_known = true;
      is_read = read_value(in, value);
    }
  });
  return is_known ? is_read : in.skip();
}

template <class Frame>
bool read_frame(MsgpackReader& in, Frame& frame) {
  return read_struct(in, Frame::kDeclared,
                     [&](std::string_view name) { return read_field(in, name, frame); });
}

/// Writes a frame as a map; entries as `write_entries` does it.
template <class Frame, class WriteEntries>
void write_frame(MsgpackWriter& out, const Frame& frame, WriteEntries&& write_entries) {
  out.map_header(Frame::kDeclared.size());
  Frame::visit(frame, [&]<class Value>(std::string_view name, const Value& value) {
    out.key(name);
    if constexpr (std::is_same_v<Value, EntryList>) {
      write_entries(value);
    } else {
      write_value(out, value);
    }
  });
}

}  // namespace proa::wire
