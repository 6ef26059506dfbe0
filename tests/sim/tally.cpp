#include "tests/sim/tally.hpp"

namespace proa::sim {
namespace {

constexpr std::uint64_t kSeedsToJudge = 20;
constexpr std::uint64_t kPercentRequired = 95;

}  // namespace

void Tally::count(std::size_t which, const char* name, bool required, std::uint64_t value) {
  if (counters_.size() <= which) counters_.resize(which + 1);
  Counter& counter = counters_[which];
  counter.name = name;
  counter.required = required;
  counter.sum += value;
  if (value > 0) ++counter.seeds;
}

void Tally::add(const SeedReport& report) {
  ++seeds_;
  events_ += report.events;
  simulated_ += report.simulated;
  std::size_t at = 0;
  const auto required = [&](const char* name, std::uint64_t value) {
    count(at++, name, true, value);
  };
  const auto shown = [&](const char* name, std::uint64_t value) {
    count(at++, name, false, value);
  };
  required("leader crashes", report.cluster.leader_crashes);
  required("log truncations", report.checks.truncations);
  required("torn tails", report.cluster.torn_tails);
  required("writes in flight at a crash", report.writes_in_flight_at_crash);
  required("lane tasks inline", report.cluster.inline_tasks);
  required("lane tasks not inline", report.cluster.lane_tasks);
  required("snapshots taken", report.checks.snapshots_taken);
  required("snapshots installed", report.checks.snapshots_installed);
  required("snapshots restored at start", report.checks.snapshots_restored_at_start);
  required("compactions", report.checks.compactions);
  required("reads confirmed after a leader change", report.reads_after_leader_change);
  required("configuration changes", report.orders.changes);
  shown("leadership transfers", report.orders.transfers);
  shown("orders refused", report.orders.refused);
  shown("states restored by a user", report.restores.restored);
  shown("restores refused", report.restores.refused);
  shown("restores of unknown outcome", report.restores.outcome_unknown);
  shown("restores lost with their leader", report.checks.restores_lost);
  shown("forced recoveries", report.cluster.recoveries);
  shown("servers replaced", report.cluster.replacements);
  shown("linearizable reads", report.reads);
  shown("logs restarted by a snapshot", report.checks.logs_restarted);
  shown("acknowledged writes", report.acknowledged);
  shown("refused writes", report.refused);
  shown("writes of unknown outcome", report.outcome_unknown);
  shown("elections", report.checks.elections);
  shown("crashes", report.cluster.crashes);
  shown("power cuts", report.cluster.power_cuts);
  shown("crashes during recovery", report.cluster.crashes_during_recovery);
  shown("log writes in flight at a crash", report.cluster.log_writes_in_flight_at_crash);
  shown("log segments begun", report.cluster.segments_begun);
  shown("messages carried", report.network.carried);
  shown("messages lost", report.network.lost);
  shown("messages repeated", report.network.duplicated);
  shown("messages held by a cut", report.network.held);
  const auto troubles = [&](testing::NetworkTrouble trouble) {
    return report.faults.network.made[static_cast<std::size_t>(trouble)];
  };
  shown("bridges", troubles(testing::NetworkTrouble::bridge));
  shown("flapping links", troubles(testing::NetworkTrouble::flapping));
  shown("times a flapping link went down", report.faults.network.flaps);
  shown("replies lost alone", report.replies_lost);
  shown("times links were clogged", troubles(testing::NetworkTrouble::clog));
  shown("times lines were narrow", troubles(testing::NetworkTrouble::narrow));
  shown("stray connections", report.faults.strays);
  const auto clock_troubles = [&](testing::ClockTrouble trouble) {
    return report.faults.clocks.made[static_cast<std::size_t>(trouble)];
  };
  shown("clocks that run at their own rate", report.drifting_clocks);
  shown("times timers were late", clock_troubles(testing::ClockTrouble::late_timers));
  shown("wall clock steps", clock_troubles(testing::ClockTrouble::wall_step));
  const auto meddlings = [&](testing::Meddling meddling) {
    return report.faults.meddling.made[static_cast<std::size_t>(meddling)];
  };
  shown("changes by a second operator", report.faults.second_orders.changes);
  shown("servers removed and added again",
        report.orders.re_added + report.faults.second_orders.re_added);
  shown("transfers to a lagging server", meddlings(testing::Meddling::transfer_to_lagging));
  shown("transfers to a removed server", meddlings(testing::Meddling::transfer_to_removed));
  shown("transfers to a nonvoter", meddlings(testing::Meddling::transfer_to_nonvoter));
  shown("transfers to a server cut off", meddlings(testing::Meddling::transfer_cut_off));
  shown("snapshots asked for", meddlings(testing::Meddling::snapshot));
  shown("snapshots asked for in an install", meddlings(testing::Meddling::snapshot_while_install));
  shown("forced recoveries interrupted", report.cluster.recoveries_crashed);
  const auto loads = [&](testing::LoadTrouble trouble) {
    return report.faults.load.made[static_cast<std::size_t>(trouble)];
  };
  shown("bursts of writes", loads(testing::LoadTrouble::burst));
  shown("oversized commands refused", report.faults.load.oversized_refused);
  shown("writes refused as busy", report.refused_as_busy);
  shown("times state machines were slow", loads(testing::LoadTrouble::slow_apply));
  shown("times snapshots were slow", loads(testing::LoadTrouble::slow_snapshots));
  shown("messages checked", report.checks.messages_checked);
  shown("commits checked", report.checks.commits_checked);
  shown("applies checked", report.checks.applies_checked);
  for (std::size_t trouble = 1; trouble < testing::kDiskTroubles; ++trouble) {
    shown(name_of(static_cast<testing::DiskTrouble>(trouble)), report.disks.made[trouble]);
  }
  shown("syncs failed", report.disks.syncs_failed);
  shown("writes failed", report.disks.writes_failed);
  shown("reads failed", report.disks.reads_failed);
  shown("writes without room", report.disks.writes_without_room);
  shown("stopped by a failed sync", report.disks.stopped_by_sync);
  shown("stopped by a failed write", report.disks.stopped_by_write);
  shown("stopped by a failed read", report.disks.stopped_by_read);
  shown("stopped by a full disk", report.disks.stopped_by_full_disk);
  shown("starts refused", report.disks.starts_refused);
  shown("rot found at a start", report.disks.rot_found_at_start);
  shown("rot found while running", report.disks.rot_found_running);
  shown("rot mended from the other copy", report.disks.rot_mended_at_start);
  shown("rot written over", report.disks.rot_overwritten);
  shown("machines replaced for rot", report.disks.machines_replaced);
  shown("disks restored after rot", report.disks.disks_restored);
}

void Tally::print(std::FILE* out, Duration wall) const {
  constexpr std::int64_t kMillisecond = 1'000'000;
  const auto wall_ms = static_cast<std::uint64_t>(wall.count() / kMillisecond) + 1;
  const auto simulated_ms = static_cast<std::uint64_t>(simulated_.count() / kMillisecond);
  std::fprintf(out, "%-34s %14s %8s\n", "", "sum", "seeds");
  for (const Counter& counter : counters_) {
    std::fprintf(
        out, "%-34s %14llu %8llu%s\n", counter.name, static_cast<unsigned long long>(counter.sum),
        static_cast<unsigned long long>(counter.seeds), counter.required ? "  required" : "");
  }
  std::fprintf(
      out,
      "%llu seeds, %llu simulated seconds, %llu events in %llu s: %llu simulated seconds "
      "and %llu events per second\n",
      static_cast<unsigned long long>(seeds_), static_cast<unsigned long long>(simulated_ms / 1000),
      static_cast<unsigned long long>(events_), static_cast<unsigned long long>(wall_ms / 1000),
      static_cast<unsigned long long>(simulated_ms / wall_ms),
      static_cast<unsigned long long>(events_ * 1000 / wall_ms));
}

std::vector<std::string> Tally::too_quiet() const {
  std::vector<std::string> names;
  if (seeds_ < kSeedsToJudge) return names;
  for (const Counter& counter : counters_) {
    if (!counter.required || counter.seeds * 100 >= seeds_ * kPercentRequired) continue;
    names.push_back(std::string(counter.name) + " in " + std::to_string(counter.seeds) + " of " +
                    std::to_string(seeds_) + " seeds");
  }
  return names;
}

}  // namespace proa::sim
