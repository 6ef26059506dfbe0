#include "tests/wire/golden.hpp"

#include <openssl/sha.h>

#include <charconv>
#include <fstream>

namespace proa::wire::golden {

namespace json = boost::json;

std::vector<json::object> lines(const std::string& file) {
  std::ifstream in{std::string{PROA_SOURCE_DIR} + "/tests/golden/" + file};
  std::vector<json::object> all;
  for (std::string line; std::getline(in, line);)
    all.push_back(json::parse(line).as_object());
  PROA_ASSERT(!all.empty());
  return all;
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    const auto parsed = std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    PROA_ASSERT(parsed.ec == std::errc{});
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4U];
    hex += kDigits[byte & 0xfU];
  }
  return hex;
}

std::string sha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return to_hex({reinterpret_cast<const char*>(digest), sizeof digest});
}

// ---- JSON ----

std::string string_of(const json::value& value) { return std::string{value.as_string()}; }

template <class Number>
Number parsed(const json::value& value) {
  const std::string text = string_of(value);
  Number number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  PROA_ASSERT(result.ec == std::errc{});
  return number;
}

std::uint64_t unsigned_of(const json::value& value) { return parsed<std::uint64_t>(value); }
std::int64_t signed_of(const json::value& value) { return parsed<std::int64_t>(value); }

Text text_value(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return string_of(value);
  const json::object& form = value.as_object();
  if (const auto* text = form.if_contains("text")) return string_of(*text);
  if (const auto* hex = form.if_contains("hex")) return from_hex(string_of(*hex));
  const std::string one = from_hex(string_of(form.at("repeat")));
  return std::string(static_cast<std::size_t>(form.at("count").as_int64()), one[0]);
}

WallTime time_of(const json::value& value) {
  if (value.is_null()) return {};
  const json::object& time = value.as_object();
  const std::string zone = string_of(time.at("zone"));
  return {.unix_seconds = signed_of(time.at("sec")),
          .nanoseconds = static_cast<std::uint32_t>(unsigned_of(time.at("nsec"))),
          .zone_seconds = zone == "utc" ? WallTime::kExplicitUtc
                                        : static_cast<std::int32_t>(signed_of(time.at("zone")))};
}

SharedBytes shared(const Text& text) { return text ? SharedBytes::copy_of(*text) : SharedBytes{}; }

NewEntry entry_of(const json::object& fields) {
  NewEntry entry;
  if (const auto* index = fields.if_contains("Index")) entry.index = {unsigned_of(*index)};
  if (const auto* term = fields.if_contains("Term")) entry.term = {unsigned_of(*term)};
  if (const auto* kind = fields.if_contains("Type")) {
    entry.kind = static_cast<EntryKind>(unsigned_of(*kind));
  }
  if (const auto* time = fields.if_contains("AppendedAt")) entry.appended_at = time_of(*time);
  if (const auto* data = fields.if_contains("Data")) entry.data = shared(text_value(*data));
  if (const auto* extensions = fields.if_contains("Extensions")) {
    entry.extensions = shared(text_value(*extensions));
  }
  return entry;
}

void set(std::uint64_t& field, const json::value& value) { field = unsigned_of(value); }
void set(std::int64_t& field, const json::value& value) { field = signed_of(value); }
void set(bool& field, const json::value& value) { field = value.as_bool(); }
void set(Text& field, const json::value& value) { field = text_value(value); }
void set(EntryList& field, const json::value& value) {
  if (value.is_null()) return;
  std::vector<NewEntry> entries;
  for (const json::value& entry : value.as_array())
    entries.push_back(entry_of(entry.as_object()));
  field = {.is_present = true, .entries = EntryView{encode_block(entries)}};
}

RpcKind rpc_of(std::string_view kind) {
  if (kind.starts_with("AppendEntries")) return RpcKind::append_entries;
  if (kind.starts_with("RequestVote")) return RpcKind::request_vote;
  if (kind.starts_with("RequestPreVote")) return RpcKind::request_pre_vote;
  if (kind.starts_with("InstallSnapshot")) return RpcKind::install_snapshot;
  PROA_ASSERT(kind.starts_with("TimeoutNow"));
  return RpcKind::timeout_now;
}

RequestFrame request_of(std::string_view kind, const json::object& fields) {
  switch (rpc_of(kind)) {
    case RpcKind::append_entries:
      return frame_of<AppendEntriesRequestFrame>(fields);
    case RpcKind::request_vote:
      return frame_of<RequestVoteRequestFrame>(fields);
    case RpcKind::request_pre_vote:
      return frame_of<RequestPreVoteRequestFrame>(fields);
    case RpcKind::install_snapshot:
      return frame_of<InstallSnapshotRequestFrame>(fields);
    case RpcKind::timeout_now:
      break;
  }
  return frame_of<TimeoutNowRequestFrame>(fields);
}

ReplyFrame reply_of(std::string_view kind, const json::object& fields) {
  switch (rpc_of(kind)) {
    case RpcKind::append_entries:
      return frame_of<AppendEntriesReplyFrame>(fields);
    case RpcKind::request_vote:
      return frame_of<RequestVoteReplyFrame>(fields);
    case RpcKind::request_pre_vote:
      return frame_of<RequestPreVoteReplyFrame>(fields);
    case RpcKind::install_snapshot:
      return frame_of<InstallSnapshotReplyFrame>(fields);
    case RpcKind::timeout_now:
      break;
  }
  return frame_of<TimeoutNowReplyFrame>(fields);
}

// ---- Bytes and texts ----

std::string bytes_of(const EncodedMessage& message) {
  std::string all;
  for (const ByteView piece : message.pieces)
    all += text_of(piece);
  PROA_ASSERT(all.size() == message.bytes);
  return all;
}

std::string bytes_of(const Entry& entry) {
  std::string all{text_of(entry.head)};
  if (entry.data_apart) all += text_of(entry.data);
  return all + std::string{text_of(entry.tail)};
}

std::string show(std::uint64_t value) { return std::to_string(value); }
std::string show(std::int64_t value) { return std::to_string(value); }
std::string show(bool value) { return value ? "true" : "false"; }
std::string show(const Text& value) { return value ? "'" + to_hex(*value) + "'" : "nil"; }
std::string show(ByteView value) {
  return value.data() == nullptr ? show(Text{}) : show(Text{text_of(value)});
}

std::string show(const Entry& entry) {
  const WallTime& time = entry.appended_at;
  return "{" + to_string(entry.index) + " " + to_string(entry.term) + " " +
         std::to_string(static_cast<unsigned>(entry.kind)) + " " + show(entry.data) + " " +
         show(entry.extensions) + " " + std::to_string(time.unix_seconds) + "." +
         std::to_string(time.nanoseconds) + "@" + std::to_string(time.zone_seconds) + "}";
}

std::string show(const EntryList& list) {
  if (!list.is_present) return "nil";
  std::string text = "[";
  list.entries.for_each([&](const Entry& entry) { text += show(entry); });
  return text + "]";
}

std::string show(const RequestFrame& frame) {
  return std::visit(
      []<class Frame>(const Frame& request) {
        return std::to_string(static_cast<unsigned>(Frame::kKind)) + ": " + show(request);
      },
      frame);
}

std::string show(const std::optional<ReplyFrame>& frame) {
  if (!frame) return "nil";
  return std::visit([](const auto& reply) { return show(reply); }, *frame);
}

// ---- Frames ----

SharedBytes copy_of(ByteView bytes) {
  return bytes.data() == nullptr ? SharedBytes{} : SharedBytes::copy_of(bytes);
}

template <class Change>
EntryList with_each(const EntryList& list, Change change) {
  std::vector<NewEntry> entries;
  list.entries.for_each([&](const Entry& entry) {
    entries.push_back({.index = entry.index,
                       .term = entry.term,
                       .kind = entry.kind,
                       .appended_at = entry.appended_at,
                       .data = copy_of(entry.data),
                       .extensions = copy_of(entry.extensions)});
    change(entries.back());
  });
  return {.is_present = list.is_present, .entries = EntryView{encode_block(entries)}};
}

RequestFrame rebuilt(const RequestFrame& frame) {
  RequestFrame copy = frame;
  if (auto* append = std::get_if<AppendEntriesRequestFrame>(&copy)) {
    append->entries = with_each(append->entries, [](NewEntry&) {});
  }
  return copy;
}

EntryList in_utc(const EntryList& list) {
  return with_each(
      list, [](NewEntry& entry) { entry.appended_at.zone_seconds = WallTime::kExplicitUtc; });
}

}  // namespace proa::wire::golden
