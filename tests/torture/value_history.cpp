#include "tests/torture/value_history.hpp"

#include <algorithm>
#include <vector>

#include "proa/base/assert.hpp"

namespace proa::torture {
namespace {

/// The time between which the register must hold a value, or at some moment of which it does.
struct Zone {
  Instant from = {};
  Instant until = {};
  std::string value = {};
};

std::string in_quotes(const std::string& value) {
  return value.empty() ? "no value" : "'" + value + "'";
}

}  // namespace

void ValueHistory::wrote(const std::string& value, Instant called,
                         std::optional<Instant> answered) {
  Value& known = values_[value];
  PROA_ASSERT(!known.written);
  known.written = true;
  known.write_called = called;
  known.last_start = std::max(known.last_start, called);
  if (!answered) return;
  known.acknowledged = true;
  known.first_end = std::min(known.first_end, *answered);
}

void ValueHistory::read(const std::string& value, Instant called, Instant answered) {
  Value& known = values_[value];
  ++known.reads;
  known.first_end = std::min(known.first_end, answered);
  known.first_read_end = std::min(known.first_read_end, answered);
  known.last_start = std::max(known.last_start, called);
}

std::optional<std::string> ValueHistory::contradiction() const {
  std::vector<Zone> forward;
  std::vector<Zone> backward;
  for (const auto& [name, value] : values_) {
    if (!value.counts()) continue;
    if (!value.written) return in_quotes(name) + " was read, nobody wrote it";
    if (value.first_read_end < value.write_called) {
      return in_quotes(name) + " was read before it was written";
    }
    if (value.is_forward()) {
      forward.push_back({.from = value.first_end, .until = value.last_start, .value = name});
    } else {
      backward.push_back({.from = value.last_start, .until = value.first_end, .value = name});
    }
  }
  std::ranges::sort(forward, {}, &Zone::from);
  for (std::size_t i = 1; i < forward.size(); ++i) {
    if (forward[i].from < forward[i - 1].until) {
      return in_quotes(forward[i - 1].value) + " was read after " + in_quotes(forward[i].value) +
             " had replaced it";
    }
  }
  for (const Zone& inner : backward) {
    for (const Zone& outer : forward) {
      if (outer.from < inner.from && inner.until < outer.until) {
        return in_quotes(inner.value) + " was written or read while the key held " +
               in_quotes(outer.value);
      }
    }
  }
  return std::nullopt;
}

}  // namespace proa::torture
