#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/sim/campaign.hpp"

namespace proa::sim {

/// What a campaign has seen, over all seeds. A quiet campaign is not a good one: what has to happen
/// must have happened in at least 95 of 100 seeds.
class Tally {
 public:
  void add(const SeedReport& report);
  void print(std::FILE* out, Duration wall) const;
  /// Names of what happened in too few seeds; with few seeds nothing is required.
  std::vector<std::string> too_quiet() const;

 private:
  struct Counter {
    const char* name = "";
    bool required = false;
    std::uint64_t sum = 0;
    std::uint64_t seeds = 0;  ///< in which it was above zero
  };
  void count(std::size_t which, const char* name, bool required, std::uint64_t value);

  std::vector<Counter> counters_;
  std::uint64_t seeds_ = 0;
  std::uint64_t events_ = 0;
  Duration simulated_ = {};
};

}  // namespace proa::sim
