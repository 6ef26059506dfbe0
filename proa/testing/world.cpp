#include <algorithm>
#include <array>

#include "proa/testing/world.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMachinesMax = 8;

template <std::size_t N, class T>
T one_of(Choices& random, const std::array<T, N>& choices) {
  return choices[random.below(N)];
}

/// Below `limit` in so many of 100 cases, else 0.
std::uint64_t sometimes(Choices& random, std::uint64_t percent, std::uint64_t limit) {
  const bool is_so = random.percent(percent);
  const std::uint64_t value = random.below(limit);
  return is_so ? value : 0;
}

Config draw_config(Choices& random) {
  random.begin("config");
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

SimRuntimeOptions draw_runtime(Choices& random) {
  random.begin("runtime");
  SimRuntimeOptions runtime;
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

SimNetworkOptions draw_network(Choices& random) {
  random.begin("network");
  SimNetworkOptions network;
  network.delay_max = one_of<3, Duration>(random, {Duration{100us}, Duration{1ms}, Duration{8ms}});
  network.spike_permille = sometimes(random, 50, 20);
  network.loss_permille = sometimes(random, 40, 5);
  network.duplicate_permille = sometimes(random, 50, 50);
  return network;
}

SimDiskOptions draw_disk(Choices& random) {
  random.begin("disk");
  SimDiskOptions disk;
  disk.sector_bytes = one_of<2, std::size_t>(random, {512, 4096});
  disk.sync_max = one_of<3, Duration>(random, {Duration{100us}, Duration{1ms}, Duration{10ms}});
  return disk;
}

/// Two thirds of the moves are in; the crashes that the counters ask for always are.
NemesisOptions draw_nemesis(Choices& random) {
  random.begin("nemesis");
  NemesisOptions nemesis;
  for (std::size_t move = 0; move < static_cast<std::size_t>(Move::recover); ++move) {
    const bool is_in = random.percent(66);
    nemesis.weights[move] = (1 + random.below(4)) * (is_in ? 1 : 0);
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

/// The moves that came later have spans of their own.
void draw_rare_moves(Choices& random, NemesisOptions& nemesis) {
  random.begin("forced recovery");  // it costs all servers but one
  nemesis.weights[static_cast<std::size_t>(Move::recover)] = random.percent(20) ? 1 : 0;
}

LoadOptions draw_load(Choices& random) {
  random.begin("load");
  LoadOptions load;
  load.clients = 1 + random.below(16);
  load.burst = one_of<3, std::size_t>(random, {1, 4, 16});
  // About a hundred writes in a second, when all goes well.
  load.think_max = Duration{17ms} * static_cast<int>(load.clients * (load.burst + 1) / 2);
  load.read_percent = one_of<3, std::uint64_t>(random, {5, 10, 25});
  load.patience = one_of<3, Duration>(random, {Duration{100ms}, Duration{1s}, Duration{5s}});
  return load;
}

void draw_cluster(Choices& random, SimClusterOptions& cluster) {
  random.begin("servers");
  cluster.founders = random.percent(40) ? 5 : 3;
  const std::size_t spare = random.weighted(std::array<std::uint64_t, 3>{0, 1, 1});
  cluster.servers = cluster.founders == 5 ? 5 : 3 + spare;
  cluster.config = draw_config(random);
  cluster.config.shutdown_on_remove = false;  // nobody would start it again
  cluster.runtime = draw_runtime(random);
  cluster.network = draw_network(random);
  cluster.disk = draw_disk(random);
  random.begin("transport");
  cluster.segment_bytes = std::uint64_t{64 << 10} << random.below(3);
  cluster.wire = random.percent(50) ? Wire::bytes : Wire::structs;
  cluster.short_io_percent = one_of<3, std::uint64_t>(random, {0, 10, 60});
  cluster.window_requests = one_of<3, std::size_t>(random, {1, 4, 16});
  cluster.request_limit =
      one_of<3, Duration>(random, {Duration{500ms}, Duration{2s}, Duration{10s}});
}

OperatorOptions draw_orders(Choices& random) {
  random.begin("orders");
  OperatorOptions orders;
  orders.works = random.percent(99);
  orders.is_careful = !random.percent(50);
  orders.pause_max = one_of<3, Duration>(random, {Duration{1s}, Duration{3s}, Duration{8s}});
  return orders;
}

/// The move belongs to a world of this preset.
bool belongs_to(Preset preset, Move move) {
  switch (move) {
    case Move::isolate_leader:
    case Move::strand_leader:
    case Move::split:
    case Move::cut_one_link:
    case Move::cut_one_way:
    case Move::lossy_network:
    case Move::heal:
      return preset == Preset::flaky_network || preset == Preset::everything;
    case Move::crash_any:
    case Move::crash_leader:
    case Move::crash_at_operation:
    case Move::crash_around_sync:
    case Move::crash_all:
    case Move::leave_behind:
    case Move::strike_install:
    case Move::stall_disk:
    case Move::slow_disk:
      return preset == Preset::dying_disks || preset == Preset::everything;
    case Move::ambush_next_leader:
    case Move::ambush_then_crash:
    case Move::pause:
    case Move::replace:
    case Move::recover:
      return preset == Preset::everything;
  }
  return false;
}

}  // namespace

World draw_world(Choices& random) {
  World world;
  world.cluster.seed = random.fresh_seed();
  draw_cluster(random, world.cluster);
  world.nemesis = draw_nemesis(random);
  draw_rare_moves(random, world.nemesis);
  world.load = draw_load(random);
  world.orders = draw_orders(random);
  world.cluster.config.vote_before_configuration = !world.orders.is_careful;
  random.begin("flood");
  world.flood = one_of<3, std::size_t>(random, {30, 100, 400});
  world.faults = draw_faults(random);
  Choices regrets = random.apart("regrets");
  regrets.begin("regrets");
  world.orders.regret_percent = one_of<3, std::uint64_t>(regrets, {0, 30, 90});
  world.faults.second_orders.is_careful = world.orders.is_careful;
  world.faults.second_orders.regret_percent = world.orders.regret_percent;
  Choices inbox = random.apart("inbox");
  world.cluster.config.inbox_requests_max =
      draw_inbox(inbox, world.cluster.config.inbox_requests_max);
  Choices clocks = random.apart("clocks");
  world.cluster.clocks = draw_clocks(clocks, kMachinesMax);
  world.cluster.snapshots_named_by_time = !world.cluster.clocks.empty();
  Choices apart = random.apart("disk faults");
  world.nemesis.disks = draw_disk_faults(apart);
  world.cluster.disk.keeps_older = goes_stale(world.nemesis.disks);
  return world;
}

void restrict_to(Preset preset, World& world) {
  for (std::size_t move = 0; move < kMoves; ++move) {
    if (!belongs_to(preset, static_cast<Move>(move))) world.nemesis.weights[move] = 0;
  }
  const bool has_bad_network = preset == Preset::flaky_network || preset == Preset::everything;
  if (!has_bad_network) {
    world.cluster.network = {.delay_max = world.cluster.network.delay_max};
    world.cluster.short_io_percent = 0;
  }
  const bool has_bad_disks = preset == Preset::dying_disks || preset == Preset::everything;
  if (!has_bad_disks) {
    world.cluster.disk = {.sync_max = world.cluster.disk.sync_max};
    world.nemesis.disks = {};
  }
  if (preset != Preset::everything) world.orders.works = false;
  restrict_to(preset, world.faults);
  if (preset == Preset::everything) return;
  world.cluster.clocks.clear();
  world.cluster.config.inbox_requests_max = Config{}.inbox_requests_max;
}

}  // namespace proa::testing
