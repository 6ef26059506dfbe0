#include <algorithm>
#include <array>

#include "tests/sim/campaign.hpp"

namespace proa::sim {
namespace {

using namespace std::chrono_literals;
using testing::Move;
using testing::NemesisOptions;

template <std::size_t N, class T>
T one_of(Random& random, const std::array<T, N>& choices) {
  return choices[random.below(N)];
}

Config draw_config(Random& random) {
  Config config;
  config.heartbeat_timeout = one_of<4, Duration>(
      random, {Duration{100ms}, Duration{200ms}, Duration{500ms}, Duration{1s}});
  config.election_timeout = config.heartbeat_timeout * static_cast<int>(1 + random.below(2));
  config.leader_lease_timeout = config.heartbeat_timeout / static_cast<int>(1 + random.below(2));
  config.commit_timeout =
      one_of<3, Duration>(random, {Duration{5ms}, Duration{20ms}, Duration{50ms}});
  config.append_entries_max = one_of<6, std::size_t>(random, {1, 2, 3, 8, 64, 1024});
  config.append_bytes_max = one_of<3, std::size_t>(random, {256, 4096, std::size_t{1} << 20});
  config.tail_cache_bytes_max = one_of<3, std::size_t>(random, {0, 4096, std::size_t{1} << 20});
  config.snapshot_threshold = one_of<3, std::uint64_t>(random, {10, 50, 200});
  config.snapshot_interval =
      one_of<3, Duration>(random, {Duration{200ms}, Duration{1s}, Duration{2s}});
  config.trailing_logs = one_of<5, std::uint64_t>(random, {0, 20, 50, 100, 200});
  config.pre_vote_disabled = random.percent(15);
  return config;
}

testing::SimRuntimeOptions draw_runtime(Random& random) {
  testing::SimRuntimeOptions runtime;
  for (std::uint64_t& percent : runtime.inline_percent) {
    percent = one_of<4, std::uint64_t>(random, {10, 50, 90, 99});
  }
  for (Duration& most : runtime.task_max) {
    most = one_of<3, Duration>(random, {Duration{20us}, Duration{100us}, Duration{2ms}});
  }
  runtime.wake_max = one_of<3, Duration>(random, {Duration{5us}, Duration{50us}, Duration{1ms}});
  runtime.dispatch_max =
      one_of<3, Duration>(random, {Duration{5us}, Duration{100us}, Duration{2ms}});
  return runtime;
}

testing::SimNetworkOptions draw_network(Random& random) {
  testing::SimNetworkOptions network;
  network.delay_max = one_of<3, Duration>(random, {Duration{100us}, Duration{1ms}, Duration{8ms}});
  if (random.percent(50)) network.spike_permille = random.below(20);
  if (random.percent(40)) network.loss_permille = random.below(5);
  if (random.percent(50)) network.duplicate_permille = random.below(50);
  return network;
}

testing::SimDiskOptions draw_disk(Random& random) {
  testing::SimDiskOptions disk;
  disk.sector_bytes = one_of<2, std::size_t>(random, {512, 4096});
  disk.sync_max = one_of<3, Duration>(random, {Duration{100us}, Duration{1ms}, Duration{10ms}});
  return disk;
}

/// Two thirds of the moves are in; the crashes that the counters ask for always are.
NemesisOptions draw_nemesis(Random& random) {
  NemesisOptions nemesis;
  for (std::uint64_t& weight : nemesis.weights) {
    weight = random.percent(66) ? 1 + random.below(4) : 0;
  }
  for (const Move always :
       {Move::crash_leader, Move::crash_at_operation, Move::crash_around_sync, Move::isolate_leader,
        Move::ambush_next_leader, Move::leave_behind, Move::strand_leader, Move::strike_install}) {
    auto& weight = nemesis.weights[static_cast<std::size_t>(always)];
    const std::uint64_t least = always == Move::crash_around_sync ? 9
                                : always == Move::leave_behind    ? 5
                                                                  : 4;
    weight = std::max(weight, least);
  }
  nemesis.pause_max = one_of<3, Duration>(random, {Duration{1s}, Duration{2s}, Duration{3s}});
  nemesis.downtime_max = one_of<3, Duration>(random, {Duration{50ms}, Duration{1s}, Duration{3s}});
  nemesis.cut_max = one_of<3, Duration>(random, {Duration{500ms}, Duration{3s}, Duration{6s}});
  nemesis.power_percent = one_of<3, std::uint64_t>(random, {75, 85, 95});
  nemesis.crash_in_recovery_percent = one_of<3, std::uint64_t>(random, {0, 10, 40});
  return nemesis;
}

LoadOptions draw_load(Random& random) {
  LoadOptions load;
  load.clients = 1 + random.below(16);
  load.burst = one_of<3, std::size_t>(random, {1, 4, 16});
  // About a hundred writes in a second, when all goes well.
  load.think_max = Duration{17ms} * static_cast<int>(load.clients * (load.burst + 1) / 2);
  load.command_bytes_max = one_of<3, std::size_t>(random, {16, 256, 4000});
  load.read_percent = one_of<3, std::uint64_t>(random, {5, 10, 25});
  load.patience = one_of<3, Duration>(random, {Duration{100ms}, Duration{1s}, Duration{5s}});
  return load;
}

}  // namespace

Plan draw_plan(std::uint64_t seed) {
  Random random{seed};
  Plan plan;
  plan.cluster.seed = random.next();
  plan.cluster.founders = random.percent(60) ? 3 : 5;
  plan.cluster.servers = plan.cluster.founders == 5 ? 5 : 4 + random.below(2);
  plan.cluster.config = draw_config(random);
  plan.cluster.config.shutdown_on_remove = false;  // nobody would start it again
  plan.cluster.segment_bytes = std::uint64_t{64 << 10} << random.below(3);
  plan.cluster.runtime = draw_runtime(random);
  plan.cluster.wire = random.percent(50) ? testing::Wire::structs : testing::Wire::bytes;
  plan.cluster.network = draw_network(random);
  plan.cluster.short_io_percent = one_of<3, std::uint64_t>(random, {0, 10, 60});
  plan.cluster.disk = draw_disk(random);
  plan.cluster.window_requests = one_of<3, std::size_t>(random, {1, 4, 16});
  plan.cluster.request_limit =
      one_of<3, Duration>(random, {Duration{500ms}, Duration{2s}, Duration{10s}});
  plan.nemesis = draw_nemesis(random);
  plan.load = draw_load(random);
  plan.orders.works = random.percent(99);
  plan.orders.is_careful = random.percent(50);
  plan.cluster.config.vote_before_configuration = !plan.orders.is_careful;
  plan.orders.pause_max = one_of<3, Duration>(random, {Duration{1s}, Duration{3s}, Duration{8s}});
  plan.ballast_bytes = one_of<6, std::size_t>(random, {0, 0, 1000, 5000, 100'000, 700'000});
  plan.restores.works = random.percent(50);
  plan.restores.ballast_bytes = plan.ballast_bytes;
  plan.restores.pause_max =
      one_of<3, Duration>(random, {Duration{5s}, Duration{20s}, Duration{60s}});
  plan.flood = one_of<3, std::size_t>(random, {30, 100, 400});
  // A large state is written more rarely: the campaign is about moments, not about bytes.
  if (plan.ballast_bytes > 10'000)
    plan.cluster.config.snapshot_interval =
        one_of<3, Duration>(random, {Duration{200ms}, Duration{1s}, Duration{2s}});
  return plan;
}

}  // namespace proa::sim
