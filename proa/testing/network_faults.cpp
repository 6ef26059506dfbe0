#include "proa/testing/network_faults.hpp"

#include "proa/testing/link_cuts.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kNetworkFaultsTag = 0x8000000;
constexpr Duration kFlapsFor = 2s;  ///< at most
constexpr Duration kFlapMax = 150ms;
constexpr Duration kCloggedMax = 3s;
constexpr Duration kBetweenClogsMax = 500ms;
constexpr std::uint64_t kClogsMax = 8;
constexpr std::uint64_t kWays = 4;  ///< ways to draw the width of a line: the narrowest is last

}  // namespace

const char* name_of(NetworkTrouble trouble) {
  static constexpr auto kNames = std::to_array<const char*>(
      {"no trouble", "bridge", "flapping link", "lost replies", "clogged links", "narrow lines"});
  static_assert(kNames.size() == kNetworkTroubles);
  return kNames[static_cast<std::size_t>(trouble)];
}

NetworkFaultOptions draw_network_faults(Choices& random) {
  random.begin("classes");
  NetworkFaultOptions options;
  draw_weights(random, options.weights, 65, 50);
  options.pause_max = Duration{4s} * static_cast<int>(4 - random.below(3));
  options.lasts_max = Duration{1s} * static_cast<int>(1 + random.below(4));
  return options;
}

NetworkFaults::NetworkFaults(SimCluster& cluster, const NetworkFaultOptions& options,
                             Choices choices)
    : StrikingMachine(
          cluster,
          {.weights = options.weights, .pause_max = options.pause_max, .tag = kNetworkFaultsTag},
          std::move(choices)),
      lasts_max_(options.lasts_max) {}

void NetworkFaults::strike_with(std::size_t which, bool may) {
  if (!may) return;
  const auto trouble = static_cast<NetworkTrouble>(which);
  announce(kNobody, name_of(trouble));
  ++counters_.made[which];
  make(trouble);
}

void NetworkFaults::make(NetworkTrouble trouble) {
  switch (trouble) {
    case NetworkTrouble::none:
      return;
    case NetworkTrouble::bridge:
      return bridge();
    case NetworkTrouble::flapping:
      return flap();
    case NetworkTrouble::lost_replies:
      return lose_replies();
    case NetworkTrouble::clog:
      return clog();
    case NetworkTrouble::narrow:
      return narrow();
  }
}

/// Its two neighbours by number are in different groups, so neither group is empty.
void NetworkFaults::bridge() {
  const std::size_t count = cluster_.size();
  const std::size_t middle = any_server();
  const CutMode mode = draw_mode();
  const Duration lasts = random_.up_to(lasts_max_);
  std::vector<bool> left;
  for (std::size_t server = 0; server < count; ++server)
    left.push_back(random_.percent(50));
  left[(middle + 1) % count] = true;
  left[(middle + count - 1) % count] = false;
  Ways ways;
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b < count; ++b) {
      if (a != middle && b != middle && left[a] != left[b])
        ways.emplace_back(address(a), address(b));
    }
  }
  block(ways, mode);
  unblock_after(lasts, std::move(ways));
}

/// Of one link, or of all links of a server, one way or both.
void NetworkFaults::flap() {
  const std::size_t a = any_server();
  const std::size_t b = (a + 1 + random_.below(cluster_.size() - 1)) % cluster_.size();
  const bool all = random_.percent(30);
  const bool both_ways = random_.percent(70);
  const CutMode mode = draw_mode();
  const Duration lasts = random_.up_to(kFlapsFor);
  Ways ways;
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other == a || (!all && other != b)) continue;
    ways.emplace_back(address(a), address(other));
    if (both_ways) ways.emplace_back(address(other), address(a));
  }
  flap_on(ways, mode, cluster_.scheduler().now() + lasts);
}

void NetworkFaults::flap_on(const Ways& ways, CutMode mode, Instant until) {
  if (is_calm() || cluster_.scheduler().now() >= until) return;
  random_.begin("flap");
  const Duration down = random_.up_to(kFlapMax);
  const Duration up = random_.up_to(kFlapMax);
  ++counters_.flaps;
  block(ways, mode);
  unblock_after(down, ways);
  cluster_.scheduler().after(down + up, kNetworkFaultsTag,
                             [this, ways, mode, until] { flap_on(ways, mode, until); });
}

/// Whoever leads hears less than it does.
void NetworkFaults::lose_replies() {
  const std::size_t drawn = any_server();
  const bool at_leader = random_.percent(60);
  const bool from_all = random_.percent(50);
  const std::size_t steps = random_.below(cluster_.size() - 1);
  const Duration lasts = random_.up_to(lasts_max_);
  const std::size_t deaf = at_leader ? cluster_.leader().value_or(drawn) : drawn;
  const std::size_t mute = (deaf + 1 + steps) % cluster_.size();
  Ways ways;
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other == deaf || (!from_all && other != mute)) continue;
    ways.emplace_back(address(other), address(deaf));
  }
  block(ways, CutMode::replies);
  unblock_after(lasts, std::move(ways));
}

void NetworkFaults::clog() {
  const std::uint64_t links = 1 + random_.below(kClogsMax);
  for (std::uint64_t link = 0; link < links; ++link) {
    random_.begin("clog");
    const std::size_t a = any_server();
    const std::size_t b = (a + 1 + random_.below(cluster_.size() - 1)) % cluster_.size();
    const Duration later = random_.up_to(kBetweenClogsMax);
    const Duration lasts = random_.up_to(kCloggedMax);
    const Ways ways{{address(a), address(b)}};
    cluster_.scheduler().after(later, kNetworkFaultsTag, [this, ways, lasts] {
      if (is_calm()) return;
      block(ways, CutMode::hold);
      unblock_after(lasts, ways);
    });
  }
}

void NetworkFaults::narrow() {
  const std::uint64_t way = random_.below(kWays);
  const Duration lasts = random_.up_to(lasts_max_);
  cluster_.set_line(
      {.bytes_per_second = std::uint64_t{1 << 20} >> (2 * way), .parcel_gap = 1ms * (1 << way)});
  cluster_.scheduler().after(lasts, kNetworkFaultsTag, [this] { cluster_.set_line({}); });
}

void NetworkFaults::block(const Ways& ways, CutMode mode) {
  for (const auto& [from, to] : ways)
    cluster_.links().block(from, to, mode);
}

void NetworkFaults::unblock_after(Duration delay, Ways ways) {
  cluster_.scheduler().after(delay, kNetworkFaultsTag, [this, ways = std::move(ways)] {
    for (const auto& [from, to] : ways)
      cluster_.links().unblock(from, to);
  });
}

void NetworkFaults::heal() {
  cluster_.links().unblock_all();
  cluster_.set_line({});
}

}  // namespace proa::testing
