// Simulated seconds and events in a second of one core, at a load that is the same for every seed,
// because an idle cluster makes any ratio: five servers over the real wire, log and disk, a hundred
// client operations a simulated second, a crash of the leader and a split of the network each
// simulated minute or oftener, every invariant checked after every event.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "tests/sim/campaign.hpp"

namespace {

using namespace std::chrono_literals;

proa::sim::Plan fixed_load(std::uint64_t seed) {
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
  plan.load = {.clients = 10, .think_max = 180ms, .read_percent = 10};
  plan.orders.works = false;
  plan.restores.works = false;
  plan.at_least = 120s;
  plan.quiet_at_most = 0s;
  return plan;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 20;
  proa::Duration simulated{};
  std::uint64_t events = 0, writes = 0, reads = 0, crashes = 0;
  const double begun = cpu_seconds();
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const proa::sim::SeedReport report =
        proa::sim::run_seed({.seed = seed, .plan = fixed_load(seed)});
    if (report.violation) {
      std::fprintf(stderr, "seed %llu: %s\n", static_cast<unsigned long long>(seed),
                   report.violation->c_str());
      return 1;
    }
    simulated += report.simulated;
    events += report.events;
    writes += report.acknowledged;
    reads += report.reads;
    crashes += report.cluster.leader_crashes;
  }
  const double cpu = cpu_seconds() - begun;
  const double seconds = std::chrono::duration<double>(simulated).count();
  std::printf(
      "%.0f simulated seconds, %llu events, %llu writes and %llu reads checked, %llu leader"
      " crashes, in %.1f s of one core\n",
      seconds, static_cast<unsigned long long>(events), static_cast<unsigned long long>(writes),
      static_cast<unsigned long long>(reads), static_cast<unsigned long long>(crashes), cpu);
  std::printf("in a second of one core: %.0f simulated seconds, %.0f events, %.0f writes checked\n",
              seconds / cpu, static_cast<double>(events) / cpu, static_cast<double>(writes) / cpu);
}
