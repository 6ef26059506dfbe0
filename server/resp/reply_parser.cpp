#include "server/resp/reply_parser.hpp"

#include "kv/integer.hpp"

namespace proa::resp {
namespace {

constexpr int kDepthMax = 8;
constexpr std::int64_t kBytesMax = std::int64_t{512} << 20;
constexpr std::int64_t kElementsMax = std::int64_t{1} << 20;

Failure malformed(const std::string& what) {
  return fail(Errc::protocol_error, "the server's reply is no RESP: " + what);
}

class Parser {
 public:
  explicit Parser(std::string_view received) : received_(received) {}

  /// Nothing: more bytes are needed.
  Result<std::optional<ClientReply>> value(int depth) {
    if (depth > kDepthMax) return malformed("it nests too deep");
    const auto head = line();
    if (!head) return std::nullopt;
    if (head->empty()) return malformed("an empty line");
    const std::string_view text = head->substr(1);
    switch (head->front()) {
      case '+':
        return made(ReplyType::simple, text);
      case '-':
        return made(ReplyType::error, text);
      case ':':
        return made(ReplyType::integer, text);
      case '_':
        return made(ReplyType::nil, {});
      case '$':
        return string(ReplyType::bulk, text);
      case '=':
        return string(ReplyType::verbatim, text);
      case '*':
        return elements(ReplyType::array, text, 1, depth);
      case '~':
        return elements(ReplyType::set, text, 1, depth);
      case '%':
        return elements(ReplyType::map, text, 2, depth);
      default:
        return malformed(std::string{"it begins with '"} + head->front() + "'");
    }
  }

  std::size_t taken() const { return at_; }

 private:
  static std::optional<ClientReply> made(ReplyType type, std::string_view text) {
    return ClientReply{.type = type, .text = std::string{text}};
  }

  std::optional<std::string_view> line() {
    const std::size_t end = received_.find("\r\n", at_);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = received_.substr(at_, end - at_);
    at_ = end + 2;
    return text;
  }

  Result<std::optional<ClientReply>> string(ReplyType type, std::string_view length) {
    const auto bytes = kv::parse_integer(length);
    if (!bytes || *bytes < -1 || *bytes > kBytesMax) return malformed("a wrong length");
    if (*bytes == -1) return made(ReplyType::nil, {});
    const auto size = static_cast<std::size_t>(*bytes);
    if (received_.size() - at_ < size + 2) return std::nullopt;
    const std::string_view text = received_.substr(at_, size);
    if (received_.substr(at_ + size, 2) != "\r\n") return malformed("a string without its end");
    at_ += size + 2;
    return made(type, text);
  }

  Result<std::optional<ClientReply>> elements(ReplyType type, std::string_view length,
                                              std::int64_t each, int depth) {
    const auto count = kv::parse_integer(length);
    if (!count || *count < -1 || *count > kElementsMax) return malformed("a wrong count");
    if (*count == -1) return made(ReplyType::nil, {});
    ClientReply reply{.type = type};
    for (std::int64_t i = 0; i < *count * each; ++i) {
      PROA_TRY(auto element, value(depth + 1));
      if (!element) return std::nullopt;
      reply.elements.push_back(std::move(*element));
    }
    return reply;
  }

  std::string_view received_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::optional<ParsedReply>> parse_reply(std::string_view received) {
  Parser parser{received};
  PROA_TRY(auto reply, parser.value(0));
  if (!reply) return std::nullopt;
  return ParsedReply{.bytes = parser.taken(), .reply = std::move(*reply)};
}

std::string encode_request(const std::vector<std::string_view>& arguments) {
  std::string bytes = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string_view argument : arguments) {
    bytes += "$" + std::to_string(argument.size()) + "\r\n";
    bytes += argument;
    bytes += "\r\n";
  }
  return bytes;
}

}  // namespace proa::resp
