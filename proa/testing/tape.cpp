#include "proa/testing/tape.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"

namespace proa::testing {

std::uint32_t TapeDeck::queue(std::string_view name) {
  if (const auto known = queues_.find(name); known != queues_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(recorded_.queues.size());
  queues_.emplace(name, number);
  recorded_.queues.push_back({.name = std::string(name)});
  const auto source = std::find_if(play_.queues.begin(), play_.queues.end(),
                                   [name](const TapeQueue& queue) { return queue.name == name; });
  players_.push_back({.source = source == play_.queues.end() ? nullptr : &*source});
  return number;
}

void TapeDeck::begin(std::uint32_t queue) {
  recorded_.queues[queue].spans.push_back({.at = now()});
  ++players_[queue].begun;
  players_[queue].drawn = 0;
}

std::uint64_t TapeDeck::decide(std::uint32_t queue, std::uint64_t drawn, std::uint64_t most) {
  PROA_ASSERT(drawn <= most);
  Player& player = players_[queue];
  if (player.begun == 0) begin(queue);
  const std::size_t place = player.drawn++;
  std::uint64_t value = drawn;
  if (plays_) {
    const bool has_span = player.source != nullptr && player.begun <= player.source->spans.size();
    const auto* values = has_span ? &player.source->spans[player.begun - 1].values : nullptr;
    value = values != nullptr && place < values->size() ? std::min((*values)[place], most) : 0;
  }
  if (value == 0) return 0;  // the end of a span is 0 anyhow
  std::vector<std::uint64_t>& kept = recorded_.queues[queue].spans.back().values;
  kept.resize(place + 1);
  kept[place] = value;
  return value;
}

void TapeDeck::amend(std::uint32_t queue, std::uint64_t value) {
  PROA_ASSERT(!recorded_.queues[queue].spans.empty());
  recorded_.queues[queue].spans.back().values = {value};
}

void TapeDeck::note(std::uint32_t queue, std::string_view text) {
  auto known = notes_.find(text);
  if (known == notes_.end()) {
    known = notes_.emplace(text, static_cast<std::uint32_t>(recorded_.notes.size())).first;
    recorded_.notes.emplace_back(text);
  }
  PROA_ASSERT(!recorded_.queues[queue].spans.empty());
  recorded_.queues[queue].spans.back().note = known->second;
}

void tidy(Tape& tape) {
  for (TapeQueue& queue : tape.queues) {
    for (TapeSpan& span : queue.spans) {
      while (!span.values.empty() && span.values.back() == 0)
        span.values.pop_back();
    }
    while (!queue.spans.empty() && queue.spans.back().values.empty())
      queue.spans.pop_back();
  }
  std::erase_if(tape.queues, [](const TapeQueue& queue) { return queue.spans.empty(); });
  std::sort(tape.queues.begin(), tape.queues.end(),
            [](const TapeQueue& a, const TapeQueue& b) { return a.name < b.name; });
}

}  // namespace proa::testing
