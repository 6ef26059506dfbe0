// What is around the processes of a SimCluster: links, lines and clocks.
#include <algorithm>
#include <array>

#include "proa/store/file_snapshot_store.hpp"
#include "proa/testing/link_cuts.hpp"
#include "proa/testing/sim_cluster.hpp"
#include "proa/testing/sim_streams.hpp"

namespace proa::testing {
void SimCluster::set_line(const Line& line) {
  line_ = line;
  network_->set_parcel_gap(line.parcel_gap);
  streams_->options().bytes_per_second = line.bytes_per_second;
}

std::uint64_t SimCluster::replies_lost() const {
  return network_->counters().replies_lost + streams_->replies_lost();
}

void SimCluster::set_timers_late(std::size_t server, Duration most) {
  SimRuntime* process = runtime(server);
  if (process == nullptr) return;
  process->set_timer_late_max(std::max(most, options_.runtime.timer_late_max));
}

void SimCluster::set_lane_slow(std::size_t server, Lane lane, Duration most) {
  SimRuntime* process = runtime(server);
  if (process == nullptr) return;
  const Duration usual = options_.runtime.task_max[static_cast<std::size_t>(lane)];
  process->set_task_max(lane, std::max(most, usual));
}

void SimCluster::step_wall_clock(std::size_t server, Duration by) {
  clocks_[server].wall_ahead += by;
  if (SimRuntime* process = runtime(server)) process->step_wall_clock(by);
}

FileSnapshotOptions SimCluster::snapshot_options(const SimRuntime& runtime) const {
  FileSnapshotOptions options;
  if (!options_.snapshots_named_by_time) return options;
  options.unix_milliseconds = [&runtime] {
    const WallTime now = runtime.wall_clock();
    return now.unix_seconds * 1000 + now.nanoseconds / 1'000'000;
  };
  return options;
}

void SimCluster::cut(std::size_t from, std::size_t to, CutMode mode) {
  static constexpr std::array<const char*, 4> kModes = {"held", "dropped", "reset", "unanswered"};
  tell(Happening::fault, kNobody,
       "from now on what " + servers_[from].id.value + " sends to " + servers_[to].id.value +
           " is " + kModes[static_cast<std::size_t>(mode)]);
  links_->cut(servers_[from].address, servers_[to].address, mode);
}

void SimCluster::heal_links() {
  tell(Happening::fault, kNobody, "all links are healed");
  links_->heal_all();
}
}  // namespace proa::testing
