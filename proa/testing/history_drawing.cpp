#include "proa/testing/detail/history_drawing.hpp"

#include <algorithm>
#include <map>

namespace proa::testing {
namespace {

constexpr std::size_t kDrawnMax = 14;
constexpr std::size_t kColumns = 3;  // between two moments

std::string quoted(const Value& value) { return value ? "'" + *value + "'" : "nothing"; }

/// Those that have no place, those around them, and as many of the last ones that have one.
std::vector<std::size_t> to_draw(const Unexplained& unexplained) {
  std::vector<std::size_t> drawn;
  for (std::size_t i = 0; i < unexplained.operations.size(); ++i) {
    if (!unexplained.has_place[i] && unexplained.operations[i].answered) drawn.push_back(i);
  }
  if (drawn.size() > kDrawnMax / 2) drawn.erase(drawn.begin(), drawn.end() - kDrawnMax / 2);
  for (auto at = unexplained.order.rbegin();
       at != unexplained.order.rend() && drawn.size() < kDrawnMax; ++at) {
    drawn.push_back(*at);
  }
  std::ranges::sort(drawn);
  return drawn;
}

using Columns = std::map<Instant, std::size_t>;

Columns columns_of(const Unexplained& unexplained, const std::vector<std::size_t>& drawn) {
  Columns columns;
  for (const std::size_t number : drawn) {
    const Operation& operation = unexplained.operations[number];
    columns[operation.called];
    if (operation.answered) columns[*operation.answered];
  }
  std::size_t column = 0;
  for (auto& [at, place] : columns) {
    place = column;
    column += kColumns;
  }
  return columns;
}

/// `   |-----|   `, or `   |.....` if it has not ended.
std::string bar_of(const Operation& operation, const Columns& columns) {
  const std::size_t width = columns.size() * kColumns;
  std::string bar(width, ' ');
  const std::size_t from = columns.at(operation.called);
  const std::size_t until = operation.answered ? columns.at(*operation.answered) : width;
  std::fill(bar.begin() + static_cast<std::ptrdiff_t>(from),
            bar.begin() + static_cast<std::ptrdiff_t>(until), operation.answered ? '-' : '.');
  bar[from] = '|';
  if (until < width) bar[until] = '|';
  return bar;
}

}  // namespace

std::string describe(const Operation& operation) {
  const std::string answer =
      operation.answered ? " = " + quoted(operation.answer) : ", outcome unknown";
  switch (operation.kind) {
    case Operation::Kind::read:
      return "read" + answer;
    case Operation::Kind::write:
      return "write '" + operation.input + "'" + (operation.answered ? "" : answer);
    case Operation::Kind::compare_and_set:
      return "set " + quoted(operation.expected) + " to '" + operation.input + "'" + answer;
    case Operation::Kind::remove:
      return "remove" + answer;
    case Operation::Kind::increment:
      return "increment" + answer;
  }
  return "";
}

std::string draw(const Unexplained& unexplained) {
  const std::vector<std::size_t> drawn = to_draw(unexplained);
  const Columns columns = columns_of(unexplained, drawn);
  std::string text = "after the first " + std::to_string(unexplained.order.size()) +
                     " operations, in the longest order there is, the value is " +
                     quoted(unexplained.held) + "; those marked have no place:\n";
  for (const std::size_t number : drawn) {
    const Operation& operation = unexplained.operations[number];
    std::string line = "  c" + std::to_string(operation.client) + " ";
    line.resize(std::max<std::size_t>(line.size(), 7), ' ');
    line += bar_of(operation, columns) + " " + describe(operation);
    if (!unexplained.has_place[number]) line += "   <--";
    text += line + "\n";
  }
  return text;
}

}  // namespace proa::testing
