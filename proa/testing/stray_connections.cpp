#include "proa/testing/stray_connections.hpp"

#include <array>

#include "proa/testing/sim_streams.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kStraysTag = 0xd000000;
constexpr Duration kLastsMax = 2s;
constexpr Duration kOld = 1min;

std::array<std::uint64_t, 2> weights(bool works) { return {0, works ? 1U : 0U}; }

}  // namespace

StrayOptions draw_strays(Choices& random) {
  random.begin("strays");
  StrayOptions options;
  options.works = random.percent(35);
  options.pause_max = Duration{2s} * static_cast<int>(4 - random.below(4));
  return options;
}

StrayConnections::StrayConnections(SimCluster& cluster, const StrayOptions& options,
                                   Choices choices)
    : StrikingMachine(
          cluster,
          {.weights = weights(options.works), .pause_max = options.pause_max, .tag = kStraysTag},
          std::move(choices)) {
  if (options.works) cluster.streams().keep_beginnings();
}

void StrayConnections::strike_with(std::size_t /*trouble*/, bool may) {
  const std::uint64_t number = random_.below(SimStreams::kBeginningsMax);
  const Duration lasts = random_.up_to(kLastsMax);
  const auto& beginnings = cluster_.streams().beginnings();
  if (!may || beginnings.empty()) return;
  // A copy: the newest may still grow, and a new one may take the place of the oldest.
  const SimStreams::Beginning beginning = *beginnings[number % beginnings.size()];
  if (beginning.bytes.empty()) return;
  const Duration age = cluster_.scheduler().now() - beginning.at;
  announce(kNobody, "stray connection");
  cluster_.tell(Happening::fault, kNobody,
                "of " + beginning.from.value + " to " + beginning.to.value + ", " +
                    proa::to_string(age) + " old, " + std::to_string(beginning.bytes.size()) +
                    " bytes");
  if (!cluster_.streams().begin_again(beginning, lasts)) return;
  ++made_;
  if (age < kOld) return;
  cluster_.invariants().coverage().happened(Sometimes::old_connection_began_again);
}

}  // namespace proa::testing
