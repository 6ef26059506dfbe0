// Simulated seconds and events in a second of one core, at a load that is the same for every seed,
// because an idle cluster makes any ratio: five servers over the real wire, log and disk, a hundred
// client operations a simulated second, a crash of the leader and a split of the network each
// simulated minute or oftener, every invariant checked after every event.
//
//     simulator_speed [SEEDS]
//
// The load does not say how the operations come, and that decides: what comes at once shares its
// messages and syncs. So a row for one at a time and for bursts of several sizes.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tests/sim/campaign.hpp"

namespace {

using namespace std::chrono_literals;

/// `burst`: so many writes a client has under way at once, on average; it thinks longer for them.
proa::sim::Plan fixed_load(std::uint64_t seed, std::size_t burst) {
  using proa::testing::Move;
  proa::sim::Plan plan;
  plan.cluster.seed = seed;
  plan.cluster.founders = 5;
  plan.cluster.servers = 5;
  plan.cluster.wire = proa::testing::Wire::bytes;
  plan.cluster.segment_bytes = 1 << 20;
  plan.cluster.config.snapshot_threshold = 1000;
  plan.cluster.config.snapshot_interval = 5s;
  plan.cluster.config.trailing_logs = 500;
  plan.nemesis.weights[static_cast<std::size_t>(Move::crash_leader)] = 1;
  plan.nemesis.weights[static_cast<std::size_t>(Move::split)] = 1;
  plan.nemesis.pause_max = 30s;  // 15 s on average: two of each in a minute
  plan.load = {.clients = 10,
               .think_max = 180ms * burst,
               .burst = 2 * burst - 1,  // at most, and at least 1
               .read_percent = 10};
  plan.orders.works = false;
  plan.restores.works = false;
  plan.at_least = 120s;
  plan.quiet_at_most = 0s;
  return plan;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

bool measure(std::uint64_t seeds, std::size_t burst) {
  proa::Duration simulated{};
  std::uint64_t events = 0, writes = 0, reads = 0, crashes = 0;
  const double begun = cpu_seconds();
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const proa::sim::SeedReport report =
        proa::sim::run_seed({.seed = seed, .plan = fixed_load(seed, burst)});
    if (report.violation) {
      std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed),
                   report.violation->c_str());
      return false;
    }
    simulated += report.simulated;
    events += report.events;
    writes += report.acknowledged;
    reads += report.reads;
    crashes += report.cluster.leader_crashes;
  }
  const double cpu = cpu_seconds() - begun;
  const double seconds = std::chrono::duration<double>(simulated).count();
  std::printf("%5zu %8.0f s %9.1f %9.1f %7llu %8.1f s %10.0f %10.0f %9.0f\n", burst, seconds,
              static_cast<double>(writes) / seconds, static_cast<double>(reads) / seconds,
              static_cast<unsigned long long>(crashes), cpu, seconds / cpu,
              static_cast<double>(events) / cpu, static_cast<double>(writes) / cpu);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20;
  std::printf(
      "      simulated    writes     reads  leader     of one   in a second of it:\n"
      "burst      time       a s       a s crashes       core  simulated s     events    writes\n");
  for (const std::size_t burst : {1U, 5U, 10U, 25U}) {
    if (!measure(seeds, burst)) return 1;
  }
  return 0;
}
