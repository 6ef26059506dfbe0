#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "proa/base/time.hpp"

namespace proa::torture {

/// What happened to one key, of which every value is written once at most, and whether that could
/// have happened one after another, each step between its call and its answer: for registers with
/// unique values this can be told from the intervals alone (Gibbons and Korach, Testing Shared
/// Memories, 1997, §4.3). A write whose outcome is unknown may have taken effect at any later time,
/// or never. Threads: one.
class ValueHistory {
 public:
  /// Nothing as the time of the answer: the outcome is not known.
  void wrote(const std::string& value, Instant called, std::optional<Instant> answered);
  /// An empty value stands for a key that is not there.
  void read(const std::string& value, Instant called, Instant answered);

  /// Nothing, or what cannot have been.
  std::optional<std::string> contradiction() const;

 private:
  /// All that happened with one value.
  struct Value {
    bool written = false;
    bool acknowledged = false;
    Instant write_called = {};
    Instant first_end = Instant::never();  ///< of its write and its reads
    Instant last_start = {};
    std::uint64_t reads = 0;
    Instant first_read_end = Instant::never();

    bool counts() const { return acknowledged || reads > 0; }
    bool is_forward() const { return first_end < last_start; }
  };

  std::map<std::string, Value> values_ = {
      {"", {.written = true, .acknowledged = true, .first_end = Instant{Duration::min()}}}};
};

}  // namespace proa::torture
