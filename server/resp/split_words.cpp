#include "server/resp/request_parser.hpp"

namespace proa::resp {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::optional<std::vector<std::string>> all() {
    std::vector<std::string> words;
    for (;;) {
      while (!rest_.empty() && is_space(rest_.front()))
        rest_.remove_prefix(1);
      if (rest_.empty()) return words;
      if (!word(words.emplace_back())) return std::nullopt;
    }
  }

 private:
  bool word(std::string& into) {
    while (!rest_.empty() && !is_space(rest_.front())) {
      const char c = take();
      if (c != '"' && c != '\'') {
        into += c;
        continue;
      }
      return quoted(c, into) && (rest_.empty() || is_space(rest_.front()));
    }
    return true;
  }

  bool quoted(char quote, std::string& into) {
    while (!rest_.empty()) {
      const char c = take();
      if (c == quote) return true;
      if (c == '\\' && !rest_.empty()) {
        into += quote == '"' ? escape() : apostrophe();
      } else {
        into += c;
      }
    }
    return false;
  }

  char apostrophe() { return rest_.front() == '\'' ? take() : '\\'; }

  char escape() {
    if (rest_.size() >= 3 && rest_[0] == 'x') {
      const auto high = hex_digit(rest_[1]);
      const auto low = hex_digit(rest_[2]);
      if (high && low) {
        rest_.remove_prefix(3);
        return static_cast<char>(*high << 4 | *low);
      }
    }
    const char c = take();
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'b':
        return '\b';
      case 'a':
        return '\a';
      default:
        return c;
    }
  }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  return Words{line}.all();
}

}  // namespace proa::resp
