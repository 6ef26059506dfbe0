#include "server/resp/request_parser.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "kv/integer.hpp"

namespace proa::resp {
namespace {

Failure malformed(std::string what) {
  return fail(Error{.code = Errc::protocol_error,
                    .outcome = Outcome::not_executed,
                    .detail = "Protocol error: " + std::move(what)});
}

/// The number behind the type byte of a line, if it is one.
std::optional<std::int64_t> number_in(std::string_view line) {
  return kv::parse_integer(line.substr(1));
}

}  // namespace

Result<std::optional<Request>> RequestParser::next(const SharedBytes& unread) {
  if (unread.empty()) return std::nullopt;
  return unread.data()[0] == std::byte{'*'} ? array(unread) : inline_command(unread);
}

/// The line that begins at at_, without its end; nothing, if that has not arrived.
Result<std::optional<std::string_view>> RequestParser::line(ByteView unread, const char* too_big) {
  const std::size_t from = std::max(at_, scanned_);
  const std::size_t until = std::min(unread.size(), at_ + limits_.line_bytes);
  const void* const found =
      from < until ? std::memchr(unread.data() + from, '\n', until - from) : nullptr;
  if (found == nullptr) {
    if (unread.size() - at_ >= limits_.line_bytes) return malformed(too_big);
    scanned_ = unread.size();
    return std::nullopt;
  }
  const auto end = static_cast<std::size_t>(static_cast<const std::byte*>(found) - unread.data());
  std::string_view text = text_of(unread.subspan(at_, end - at_));
  if (text.ends_with('\r')) text.remove_suffix(1);
  at_ = end + 1;
  return text;
}

RequestParser::Outcome RequestParser::inline_command(const SharedBytes& unread) {
  PROA_TRY(const auto text, line(unread, "too big inline request"));
  if (!text) return std::nullopt;
  auto words = split_words(*text);
  if (!words) return malformed("unbalanced quotes in request");
  Request request = finish(unread);
  for (std::string& word : *words)
    request.arguments.push_back(SharedBytes::take(std::move(word)));
  return request;
}

RequestParser::Outcome RequestParser::array(const SharedBytes& unread) {
  PROA_TRY(const bool counted, read_count(unread));
  if (!counted) return std::nullopt;
  while (arguments_.size() < *count_) {
    PROA_TRY(const bool complete, read_argument(unread));
    if (!complete) return std::nullopt;
  }
  return finish(unread);
}

Result<bool> RequestParser::read_count(ByteView unread) {
  if (count_) return true;
  PROA_TRY(const auto text, line(unread, "too big mbulk count string"));
  if (!text) return false;
  const auto count = number_in(*text);
  const auto max = static_cast<std::int64_t>(limits_.arguments);
  if (!count || *count > max) return malformed("invalid multibulk length");
  count_ = static_cast<std::size_t>(std::max<std::int64_t>(*count, 0));
  return true;
}

Result<bool> RequestParser::read_argument(ByteView unread) {
  if (!argument_bytes_) {
    if (at_ < unread.size() && unread[at_] != std::byte{'$'}) {
      const char got = static_cast<char>(unread[at_]);
      const bool printable = got >= ' ' && got <= '~';
      return malformed(std::string{"expected '$', got '"} + (printable ? got : ' ') + "'");
    }
    PROA_TRY(const auto text, line(unread, "too big bulk count string"));
    if (!text) return false;
    const auto bytes = number_in(*text);
    const auto max = static_cast<std::int64_t>(limits_.argument_bytes);
    if (!bytes || *bytes < 0 || *bytes > max) return malformed("invalid bulk length");
    argument_bytes_ = static_cast<std::size_t>(*bytes);
    if (at_ + *argument_bytes_ > limits_.request_bytes) return malformed("too big request");
  }
  const std::size_t end = at_ + *argument_bytes_;
  if (unread.size() < end + 2) return false;
  if (text_of(unread.subspan(end, 2)) != "\r\n") return malformed("a bulk string without its end");
  arguments_.push_back({.offset = at_, .bytes = *argument_bytes_});
  argument_bytes_.reset();
  at_ = end + 2;
  return true;
}

Request RequestParser::finish(const SharedBytes& unread) {
  Request request{.bytes = at_};
  request.arguments.reserve(arguments_.size());
  for (const Piece& piece : arguments_)
    request.arguments.push_back(unread.slice(piece.offset, piece.bytes));
  at_ = scanned_ = 0;
  count_.reset();
  arguments_.clear();
  return request;
}

}  // namespace proa::resp
