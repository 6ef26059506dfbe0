#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proa/wire/entry_codec.hpp"
#include "proa/wire/frame_decoder.hpp"
#include "proa/wire/frames.hpp"

namespace proa::wire::golden {

/// The lines of a file of tests/golden, each an object. Asserts that there are some.
std::vector<boost::json::object> lines(const std::string& file);

std::string from_hex(std::string_view hex);
std::string to_hex(std::string_view bytes);
std::string sha256(std::string_view bytes);

std::string string_of(const boost::json::value& value);
std::uint64_t unsigned_of(const boost::json::value& value);
std::int64_t signed_of(const boost::json::value& value);
Text text_value(const boost::json::value& value);
WallTime time_of(const boost::json::value& value);
NewEntry entry_of(const boost::json::object& fields);

/// All bytes of a message or an entry, one behind the other.
std::string bytes_of(const EncodedMessage& message);
std::string bytes_of(const Entry& entry);

/// A value as a text that tells absent from empty, so that two are equal if their texts are.
std::string show(std::uint64_t value);
std::string show(std::int64_t value);
std::string show(bool value);
std::string show(const Text& value);
std::string show(ByteView value);
std::string show(const Entry& entry);
std::string show(const EntryList& list);
template <class Frame>
std::string show(const Frame& frame) {
  std::string text;
  Frame::visit(frame, [&](std::string_view name, const auto& value) {
    text += std::string{name} + "=" + show(value) + " ";
  });
  return text;
}
std::string show(const RequestFrame& frame);
std::string show(const std::optional<ReplyFrame>& frame);

void set(std::uint64_t& field, const boost::json::value& value);
void set(std::int64_t& field, const boost::json::value& value);
void set(bool& field, const boost::json::value& value);
void set(Text& field, const boost::json::value& value);
void set(EntryList& field, const boost::json::value& value);

/// The struct whose fields a golden file gives.
template <class Frame>
Frame frame_of(const boost::json::object& fields) {
  Frame frame;
  Frame::visit(frame, [&](std::string_view name, auto& field) {
    if (const auto* value = fields.if_contains(name)) set(field, *value);
  });
  return frame;
}
/// `kind` as the golden files call it, e.g. `AppendEntriesRequest`, `RequestVoteResponse`.
RequestFrame request_of(std::string_view kind, const boost::json::object& fields);
ReplyFrame reply_of(std::string_view kind, const boost::json::object& fields);
RpcKind rpc_of(std::string_view kind);

/// Its entries encoded anew from what was decoded, not the bytes as they came.
RequestFrame rebuilt(const RequestFrame& frame);

/// Times in UTC, as the new form of times tells them all.
EntryList in_utc(const EntryList& list);

}  // namespace proa::wire::golden
