#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "proa/base/result.hpp"
#include "proa/testing/coverage.hpp"

namespace proa::sim {

/// Where a campaign has been, over all seeds, and where it must have been. Threads: one.
class CoverageTally {
 public:
  static constexpr std::uint64_t kSeedsToJudge = 200;  ///< with fewer nothing is required

  /// A text with a name on each line: a tuple, or a condition that has to hold sometimes. `#`
  /// begins a comment. A name that there is not, or twice, is an error.
  Result<void> require(std::string_view text);

  void add(const testing::CoverageCounts& counts);
  /// Names of what was required and did not happen in any seed.
  std::vector<std::string> missed() const;
  void print(std::FILE* out) const;
  /// Text for `require`: all that happened in `percent` of the seeds at least, in each full block
  /// of kSeedsToJudge of them.
  std::string worth_requiring(std::uint64_t percent) const;

 private:
  static constexpr std::size_t kItems = testing::kTuples + testing::kSometimes;
  struct Item {
    std::uint64_t seeds = 0;  ///< in which it happened
    std::uint64_t seeds_of_block = 0;
    std::uint64_t seeds_of_poorest_block = UINT64_MAX;
    bool required = false;
  };
  static std::string name_of_item(std::size_t item);
  static std::size_t item_of(std::string_view name);  ///< kItems: there is none
  void end_block();

  std::array<Item, kItems> items_ = {};
  std::uint64_t seeds_ = 0;
};

}  // namespace proa::sim
