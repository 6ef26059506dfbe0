#include <array>

#include "tests/sim/campaign.hpp"

namespace proa::sim {
namespace {

using namespace std::chrono_literals;
using testing::Choices;

constexpr std::size_t kCommandBytesMax = 64 << 10;  ///< so that one that is over it costs little

template <std::size_t N, class T>
T one_of(Choices& random, const std::array<T, N>& choices) {
  return choices[random.below(N)];
}

void draw_sizes(Choices& random, Plan& plan) {
  random.begin("sizes");
  plan.command_bytes_max = one_of<3, std::size_t>(random, {16, 256, 4000});
  plan.ballast_bytes = one_of<6, std::size_t>(random, {0, 0, 1000, 5000, 100'000, 700'000});
  plan.restores.works = random.percent(50);
  plan.restores.ballast_bytes = plan.ballast_bytes;
  plan.restores.pause_max =
      one_of<3, Duration>(random, {Duration{5s}, Duration{20s}, Duration{60s}});
  // A large state is written more rarely: the campaign is about moments, not about bytes.
  const auto rarely = one_of<3, Duration>(random, {Duration{200ms}, Duration{1s}, Duration{2s}});
  if (plan.ballast_bytes > 10'000) plan.cluster.config.snapshot_interval = rarely;
}

}  // namespace

Plan draw_plan(std::uint64_t seed, testing::TapeDeck* deck) {
  Choices random{seed, deck, "plan"};
  Plan plan;
  static_cast<testing::World&>(plan) = testing::draw_world(random);
  plan.cluster.deck = deck;
  draw_sizes(random, plan);
  plan.cluster.config.command_bytes_max = kCommandBytesMax;
  return plan;
}

}  // namespace proa::sim
