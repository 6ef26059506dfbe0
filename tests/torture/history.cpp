#include "tests/torture/history.hpp"

#include <algorithm>

namespace proa::torture {

void CounterHistory::incremented(Instant called, Instant answered,
                                 std::optional<std::int64_t> answer) {
  if (!answer) {
    ++unknown_;
    return;
  }
  steps_.push_back({.called = called, .answered = answered, .value = *answer});
}

void CounterHistory::read(std::int64_t value, Instant called, Instant answered) {
  steps_.push_back({.called = called, .answered = answered, .value = value, .is_read = true});
}

// An order by value, in which an increment comes before the reads of its value, is the only one
// there can be. It holds if no step was over before one of a smaller value, or the increment of
// the same value, began; and if no value is beyond what was asked for up to its answer.
std::optional<std::string> CounterHistory::contradiction() const {
  std::vector<Step> order = steps_;
  std::ranges::sort(order, {},
                    [](const Step& step) { return std::pair{step.value, step.is_read}; });
  Instant before = Instant{Duration::min()};  // the latest start of what comes before
  Instant reads = before;                     // and of the reads of the value at hand
  const Step* last = nullptr;
  std::int64_t acknowledged = 0;
  for (const Step& step : order) {
    const std::string value = std::to_string(step.value);
    if (last != nullptr && last->value != step.value) before = std::max(before, reads);
    if (!step.is_read && last != nullptr && !last->is_read && last->value == step.value)
      return "two increments were both answered with " + value;
    if (step.answered < before)
      return value + " was answered before what comes before it was asked for";
    (step.is_read ? reads : before) = std::max(step.is_read ? reads : before, step.called);
    acknowledged += step.is_read ? 0 : 1;
    if (step.value > acknowledged + unknown_) {
      return value + " is more than the " + std::to_string(acknowledged) +
             " increments up to it and " + std::to_string(unknown_) + " of unknown outcome";
    }
    last = &step;
  }
  return std::nullopt;
}

std::vector<std::string> History::value_keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, history] : values_)
    keys.push_back(key);
  return keys;
}

std::vector<std::string> History::counter_keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, history] : counters_)
    keys.push_back(key);
  return keys;
}

std::optional<std::string> History::contradiction() const {
  for (const auto& [key, history] : values_)
    if (const auto why = history.contradiction()) return key + ": " + *why;
  for (const auto& [key, history] : counters_)
    if (const auto why = history.contradiction()) return key + ": " + *why;
  return std::nullopt;
}

}  // namespace proa::torture
