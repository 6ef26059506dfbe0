#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "proa/base/time.hpp"

namespace proa::bench {

/// Durations, counted in buckets that are at most 1/128 wide relative to their value (the HDR
/// histogram's idea): exact enough for any quantile, constant in size. Threads: one at a time.
class Histogram {
 public:
  void record(Duration duration) {
    const auto value = static_cast<std::uint64_t>(duration.count() < 0 ? 0 : duration.count());
    ++counts_[bucket_of(value)];
    ++total_;
  }

  void add(const Histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      counts_[i] += other.counts_[i];
    total_ += other.total_;
  }

  std::uint64_t total() const { return total_; }

  /// The duration that `permille` of 1000 do not exceed.
  Duration quantile(std::uint64_t permille) const {
    const std::uint64_t wanted = total_ * permille / 1000;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return Duration{static_cast<std::int64_t>(middle_of(i))};
    }
    return {};
  }

 private:
  static constexpr unsigned kSubBits = 7;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < 2 * kSub) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kSubBits - 1;
    return (std::size_t{shift} << kSubBits) + (value >> shift);
  }

  static std::uint64_t middle_of(std::size_t bucket) {
    if (bucket < 2 * kSub) return bucket;
    const std::size_t shift = (bucket >> kSubBits) - 1;
    const std::uint64_t low = (bucket - (shift << kSubBits)) << shift;
    return low + (std::uint64_t{1} << shift) / 2;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(64 << kSubBits);
  std::uint64_t total_ = 0;
};

}  // namespace proa::bench
