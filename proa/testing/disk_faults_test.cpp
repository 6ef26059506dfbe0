#include "proa/testing/disk_faults.hpp"

#include <gtest/gtest.h>

namespace proa::testing {
namespace {

constexpr std::uint64_t kSeeds = 1000;

TEST(DiskFaults, AreOffOnAnEmptyTape) {
  TapeDeck deck{Tape{}};
  Choices choices{1, &deck, "world"};
  EXPECT_EQ(draw_disk_faults(choices).weights, DiskFaultOptions{}.weights);
}

// Swarm testing: what is on hides what it keeps from happening.
TEST(DiskFaults, EachClassIsOnInSomeSeedsAndAllAreOffInMany) {
  std::array<std::uint64_t, kDiskTroubles> on = {};
  std::uint64_t calm = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Choices choices{seed};
    const DiskFaultOptions options = draw_disk_faults(choices);
    if (options.weights == DiskFaultOptions{}.weights) ++calm;
    EXPECT_EQ(goes_stale(options),
              options.weights[static_cast<std::size_t>(DiskTrouble::stale_read)] > 0);
    for (std::size_t trouble = 0; trouble < kDiskTroubles; ++trouble)
      on[trouble] += options.weights[trouble] > 0 ? 1 : 0;
  }
  EXPECT_EQ(on[static_cast<std::size_t>(DiskTrouble::none)], 0U);
  for (std::size_t trouble = 1; trouble < kDiskTroubles; ++trouble) {
    EXPECT_GT(on[trouble], kSeeds / 10) << trouble;
    EXPECT_LT(on[trouble], kSeeds / 2) << trouble;
  }
  EXPECT_GT(calm, kSeeds * 3 / 10);
}

TEST(Choices, ThatCameLaterMoveNoDrawOfOthers) {
  Choices with{7};
  Choices without{7};
  Choices apart = with.apart("new");
  EXPECT_NE(apart.next(), without.fresh_seed());
  (void)with.fresh_seed();
  EXPECT_EQ(with.next(), without.next());
}

}  // namespace
}  // namespace proa::testing
