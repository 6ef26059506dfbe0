#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "proa/testing/linearizability.hpp"

namespace proa::testing {
namespace {

using Kind = Operation::Kind;

constexpr auto kKindNames =
    std::to_array<const char*>({"read", "write", "compare_and_set", "remove", "increment"});
constexpr std::string_view kHexDigits = "0123456789abcdef";

/// One word: what would end it, and what is no letter, as %xx.
std::string encoded(std::string_view text) {
  std::string word = "'";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (code > ' ' && code < 127 && letter != '%') {
      word += letter;
    } else {
      word += '%';
      word += kHexDigits[code / 16];
      word += kHexDigits[code % 16];
    }
  }
  return word + "'";
}

std::string encoded_value(const Value& value) { return value ? encoded(*value) : "nothing"; }

std::optional<std::string> decoded(std::string_view word) {
  if (word.size() < 2 || word.front() != '\'' || word.back() != '\'') return std::nullopt;
  word = word.substr(1, word.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      text += word[i];
      continue;
    }
    if (i + 2 >= word.size()) return std::nullopt;
    const std::size_t high = kHexDigits.find(word[i + 1]);
    const std::size_t low = kHexDigits.find(word[i + 2]);
    if (high == kHexDigits.npos || low == kHexDigits.npos) return std::nullopt;
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return text;
}

/// Outside: the word is neither; inside: nothing, or what it stands for.
std::optional<Value> decoded_value(std::string_view word) {
  if (word == "nothing") return Value{};
  const auto text = decoded(word);
  return text ? std::optional<Value>{*text} : std::nullopt;
}

template <class T>
bool parse(std::string_view word, T& into) {
  const auto [at, error] = std::from_chars(word.data(), word.data() + word.size(), into);
  return error == std::errc{} && at == word.data() + word.size();
}

bool parse_times(std::string_view word, Operation& into) {
  const std::size_t dots = word.find("..");
  std::int64_t called = 0;
  if (dots == word.npos || !parse(word.substr(0, dots), called)) return false;
  into.called = Instant{Duration{called}};
  const std::string_view end = word.substr(dots + 2);
  if (end == "?") return true;
  std::int64_t answered = 0;
  if (!parse(end, answered)) return false;
  into.answered = Instant{Duration{answered}};
  return true;
}

bool parse_kind(std::string_view word, Operation& into) {
  const auto found = std::ranges::find(kKindNames, word);
  if (found == kKindNames.end()) return false;
  into.kind = static_cast<Kind>(found - kKindNames.begin());
  return true;
}

bool parse_operation(const std::string& line, Operation& into) {
  std::istringstream words{line};
  std::string client, times, key, kind, word;
  words >> client >> times >> key >> kind;
  if (!client.starts_with('c') || !parse(std::string_view{client}.substr(1), into.client) ||
      !parse_times(times, into) || !parse_kind(kind, into)) {
    return false;
  }
  const auto name = decoded(key);
  if (!name) return false;
  into.key = *name;
  const auto take = [&](Value& value) {
    words >> word;
    const auto taken = decoded_value(word);
    if (taken) value = *taken;
    return taken.has_value();
  };
  if (into.kind == Kind::compare_and_set && !take(into.expected)) return false;
  if (into.kind == Kind::write || into.kind == Kind::compare_and_set) {
    Value input;
    if (!take(input) || !input) return false;
    into.input = *input;
  }
  if (!(words >> word)) return true;
  return word == "=" && take(into.answer) && !(words >> word);
}

}  // namespace

std::string to_text(const std::vector<Operation>& history) {
  std::string text;
  for (const Operation& operation : history) {
    text += "c" + std::to_string(operation.client) + " " +
            std::to_string(operation.called.since_start.count()) + ".." +
            (operation.answered ? std::to_string(operation.answered->since_start.count()) : "?") +
            " " + encoded(operation.key) + " " +
            kKindNames[static_cast<std::size_t>(operation.kind)];
    const bool compares = operation.kind == Kind::compare_and_set;
    if (compares) text += " " + encoded_value(operation.expected);
    if (compares || operation.kind == Kind::write) text += " " + encoded(operation.input);
    if (operation.answered && operation.kind != Kind::write) {
      text += " = " + encoded_value(operation.answer);
    }
    text += "\n";
  }
  return text;
}

Result<std::vector<Operation>> parse_history(std::string_view text) {
  std::vector<Operation> history;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    Operation operation;
    if (!parse_operation(line, operation)) {
      return fail(Errc::corrupt, "no operation of a history: " + line);
    }
    history.push_back(std::move(operation));
  }
  return history;
}

}  // namespace proa::testing
