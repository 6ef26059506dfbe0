#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proa/base/time.hpp"
#include "tests/torture/value_history.hpp"

namespace proa::torture {

/// What happened to a key that is only ever incremented. Each answer is the number of increments
/// up to and with it, so they are distinct, and later ones are larger; an increment without an
/// answer may have taken effect at any later time, or never.
class CounterHistory {
 public:
  /// Nothing as the answer: the outcome is not known.
  void incremented(Instant called, Instant answered, std::optional<std::int64_t> answer);
  void read(std::int64_t value, Instant called, Instant answered);

  std::optional<std::string> contradiction() const;

 private:
  struct Step {
    Instant called = {};
    Instant answered = {};
    std::int64_t value = 0;
    bool is_read = false;
  };

  std::vector<Step> steps_ = {};
  std::int64_t unknown_ = 0;
};

/// Everything that happened to the keys of one round. Threads: one at a time.
class History {
 public:
  ValueHistory& value(const std::string& key) { return values_[key]; }
  CounterHistory& counter(const std::string& key) { return counters_[key]; }
  std::vector<std::string> value_keys() const;
  std::vector<std::string> counter_keys() const;
  /// The first key whose history cannot have been, and why.
  std::optional<std::string> contradiction() const;

 private:
  std::map<std::string, ValueHistory> values_ = {};
  std::map<std::string, CounterHistory> counters_ = {};
};

}  // namespace proa::torture
