#include "proa/testing/tape_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>

#include "proa/base/assert.hpp"

namespace proa::testing {
namespace {

constexpr std::string_view kFirstLine = "proa tape 1";
constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::size_t kColumns = 5;

std::string time_text(Instant at) {
  const std::int64_t us = at.since_start.count() / kNanosecondsPerMicrosecond;
  std::array<char, 40> text = {};
  std::snprintf(text.data(), text.size(), "%4lld.%06lld",
                static_cast<long long>(us / kMicrosecondsPerSecond),
                static_cast<long long>(us % kMicrosecondsPerSecond));
  return text.data();
}

struct Line {
  Instant at = {};
  std::size_t queue = 0;
  std::size_t place = 0;
  friend auto operator<=>(const Line&, const Line&) = default;
};

/// By time; what happened at one moment by queue and place.
std::vector<Line> lines_of(const Tape& tape) {
  std::vector<Line> lines;
  for (std::size_t queue = 0; queue < tape.queues.size(); ++queue) {
    const auto& spans = tape.queues[queue].spans;
    for (std::size_t place = 0; place < spans.size(); ++place) {
      if (!spans[place].values.empty()) lines.push_back({spans[place].at, queue, place});
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

/// Up to the next separator, which goes with it.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trimmed(taken);
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Instant> time_of(std::string_view text) {
  const auto seconds = number(take(text, '.'));
  const auto us = number(text);
  if (!seconds || !us || *seconds > std::uint64_t{INT64_MAX} / 1'000'000'000) return std::nullopt;
  return Instant{std::chrono::seconds{static_cast<std::int64_t>(*seconds)} +
                 std::chrono::microseconds{static_cast<std::int64_t>(*us)}};
}

Failure wrong(std::size_t line, const std::string& what) {
  return fail(Errc::corrupt, "tape, line " + std::to_string(line) + ": " + what);
}

class Parser {
 public:
  Result<TapeFile> parse(std::string_view text) {
    if (take_line(text) != kFirstLine) {
      return wrong(line_, "a tape begins with '" + std::string(kFirstLine) + "'");
    }
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      if (line.empty() || line.front() == '#') continue;
      PROA_TRY(parse_line(line));
    }
    return std::move(file_);
  }

 private:
  std::string_view take_line(std::string_view& text) {
    ++line_;
    return take(text, '\n');
  }

  Result<void> parse_line(std::string_view line) {
    if (line.find('|') != std::string_view::npos && line.front() <= '9') return parse_span(line);
    const std::string_view key = take(line, ' ');
    if (key == "mutant") {
      file_.mutant = line;
    } else if (key == "rule") {
      file_.rule = line;
    } else if (const auto seed = number(line); key == "seed" && seed) {
      file_.seed = *seed;
    } else {
      return wrong(line_, "unknown key '" + std::string(key) + "'");
    }
    return {};
  }

  Result<void> parse_span(std::string_view line) {
    std::array<std::string_view, kColumns> columns = {};
    for (std::string_view& column : columns)
      column = take(line, '|');
    const auto at = time_of(columns[0]);
    const auto place = number(columns[2]);
    if (!at || columns[1].empty() || !place || *place > kPlaceMax) {
      return wrong(line_, "expected 'seconds | queue | place | values | note'");
    }
    TapeSpan span{.at = *at};
    while (!columns[3].empty()) {
      const auto value = number(take(columns[3], ' '));
      if (!value) return wrong(line_, "a value is no number");
      span.values.push_back(*value);
    }
    span.note = note(columns[4]);
    std::vector<TapeSpan>& spans = queue(columns[1]).spans;
    if (spans.size() <= *place) spans.resize(*place + 1);
    spans[*place] = std::move(span);
    return {};
  }

  TapeQueue& queue(std::string_view name) {
    for (TapeQueue& known : file_.tape.queues) {
      if (known.name == name) return known;
    }
    file_.tape.queues.push_back({.name = std::string(name)});
    return file_.tape.queues.back();
  }

  std::uint32_t note(std::string_view text) {
    std::vector<std::string>& notes = file_.tape.notes;
    const auto known = std::find(notes.begin(), notes.end(), text);
    if (known != notes.end()) return static_cast<std::uint32_t>(known - notes.begin());
    notes.emplace_back(text);
    return static_cast<std::uint32_t>(notes.size() - 1);
  }

  static constexpr std::uint64_t kPlaceMax = 100'000'000;

  TapeFile file_;
  std::size_t line_ = 0;
};

}  // namespace

std::string to_text(const TapeFile& file) {
  std::string text(kFirstLine);
  text += "\nseed " + std::to_string(file.seed) + "\n";
  if (!file.mutant.empty()) text += "mutant " + file.mutant + "\n";
  if (!file.rule.empty()) text += "rule " + file.rule + "\n";
  for (const Line& line : lines_of(file.tape)) {
    const TapeQueue& queue = file.tape.queues[line.queue];
    const TapeSpan& span = queue.spans[line.place];
    text += time_text(line.at) + " | " + queue.name + " | " + std::to_string(line.place) + " |";
    for (const std::uint64_t value : span.values)
      text += " " + std::to_string(value);
    if (span.note != 0) text += " | " + file.tape.notes[span.note];
    text += "\n";
  }
  return text;
}

Result<TapeFile> parse_tape(std::string_view text) { return Parser{}.parse(text); }

namespace {

void put(std::string& into, std::uint64_t word) {
  into.append(reinterpret_cast<const char*>(&word), sizeof word);
}

void put(std::string& into, const std::string& text) {
  put(into, text.size());
  into += text;
}

std::uint64_t take_word(std::string_view& from) {
  std::uint64_t word = 0;
  PROA_ASSERT(from.size() >= sizeof word);
  std::memcpy(&word, from.data(), sizeof word);
  from.remove_prefix(sizeof word);
  return word;
}

std::string take_text(std::string_view& from) {
  const std::uint64_t size = take_word(from);
  PROA_ASSERT(from.size() >= size);
  std::string text(from.substr(0, size));
  from.remove_prefix(size);
  return text;
}

}  // namespace

std::string to_bytes(const Tape& tape) {
  std::string bytes;
  put(bytes, tape.notes.size());
  for (const std::string& note : tape.notes)
    put(bytes, note);
  put(bytes, tape.queues.size());
  for (const TapeQueue& queue : tape.queues) {
    put(bytes, queue.name);
    put(bytes, queue.spans.size());
    for (const TapeSpan& span : queue.spans) {
      put(bytes, static_cast<std::uint64_t>(span.at.since_start.count()));
      put(bytes, span.note);
      put(bytes, span.values.size());
      for (const std::uint64_t value : span.values)
        put(bytes, value);
    }
  }
  return bytes;
}

Tape tape_of_bytes(std::string_view bytes) {
  Tape tape;
  tape.notes.resize(take_word(bytes));
  for (std::string& note : tape.notes)
    note = take_text(bytes);
  tape.queues.resize(take_word(bytes));
  for (TapeQueue& queue : tape.queues) {
    queue.name = take_text(bytes);
    queue.spans.resize(take_word(bytes));
    for (TapeSpan& span : queue.spans) {
      span.at.since_start = Duration{static_cast<std::int64_t>(take_word(bytes))};
      span.note = static_cast<std::uint32_t>(take_word(bytes));
      span.values.resize(take_word(bytes));
      for (std::uint64_t& value : span.values)
        value = take_word(bytes);
    }
  }
  return tape;
}

std::string rule_of(std::string_view violation) {
  constexpr std::string_view kAssertion = "assertion failed: ";
  if (violation.substr(0, kAssertion.size()) == kAssertion) {
    return std::string(violation.substr(0, violation.rfind(" (")));  // the file and the line
  }
  return std::string(violation.substr(0, violation.find(": ")));
}

}  // namespace proa::testing
