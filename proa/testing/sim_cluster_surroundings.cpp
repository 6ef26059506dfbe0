// What is around the processes of a SimCluster: links, lines and clocks.
#include <algorithm>
#include <array>
#include <utility>

#include "proa/store/file_snapshot_store.hpp"
#include "proa/testing/detail/sim_machine.hpp"
#include "proa/testing/link_cuts.hpp"
#include "proa/testing/sim_cluster.hpp"
#include "proa/testing/sim_streams.hpp"

namespace proa::testing {
namespace {

constexpr Duration kAfterAPause = std::chrono::seconds{1};

}  // namespace

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
  machines_[server]->process->has_late_timers = most > options_.runtime.timer_late_max;
  process->set_timer_late_max(std::max(most, options_.runtime.timer_late_max));
}

void SimCluster::set_lane_slow(std::size_t server, Lane lane, Duration most) {
  SimRuntime* process = runtime(server);
  if (process == nullptr) return;
  const Duration usual = options_.runtime.task_max[static_cast<std::size_t>(lane)];
  machines_[server]->process->is_slow[static_cast<std::size_t>(lane)] = most > usual;
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

/// The first one that is so is the last one in the order of `Struck`.
Struck SimCluster::struck(std::size_t server) {
  const Machine& machine = *machines_[server];
  const ServerShadow& shadow = invariants_->shadow(server);
  const SimDisk& disk = *machine.disk;
  if (machine.process == nullptr) return Struck::no_fault;
  if (shadow.rotten) return Struck::rotten_disk;
  if (disk.has_fault_due() || disk.options().capacity_bytes < options_.disk.capacity_bytes) {
    return Struck::failing_disk;
  }
  if (shadow.commit < shadow.catches_up_to) return Struck::after_a_start;
  const Instant paused_until = machine.process->runtime->paused_until();
  const bool has_paused = paused_until > Instant{};
  if (has_paused && scheduler_.now() < paused_until + kAfterAPause) return Struck::after_a_pause;
  if (disk.stalls() || disk.options().slow_factor > options_.disk.slow_factor) {
    return Struck::slow_disk;
  }
  if (has_cut_links(server)) return Struck::cut_links;
  const auto& slow = machine.process->is_slow;
  if (std::find(slow.begin(), slow.end(), true) != slow.end()) return Struck::slow_work;
  if (machine.process->has_late_timers) return Struck::late_timers;
  if (shadow.changing) return Struck::new_members;
  if (line_.bytes_per_second > 0) return Struck::narrow_lines;
  const SimNetworkOptions& network = network_->options();
  const bool is_rough = network.loss_permille > options_.network.loss_permille ||
                        network.delay_max > options_.network.delay_max;
  return is_rough ? Struck::rough_network : Struck::no_fault;
}

bool SimCluster::has_cut_links(std::size_t server) {
  if (std::exchange(cuts_known_, links_->changes()) != links_->changes()) {
    for (std::size_t number = 0; number < size(); ++number) {
      machines_[number]->has_cut_links = links_->touches(servers_[number].address);
    }
  }
  return machines_[server]->has_cut_links;
}
}  // namespace proa::testing
