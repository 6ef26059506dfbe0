#include "proa/testing/disk_faults.hpp"

#include <algorithm>
#include <numeric>

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kDiskFaultsTag = 0x7000000;
constexpr std::uint64_t kSyncsAheadMax = 6;
constexpr std::uint64_t kWritesAheadMax = 24;
constexpr std::uint64_t kReadsAheadMax = 8;
constexpr Duration kSlowSyncMax = 1s;
constexpr std::uint64_t kSlowerMax = 1000;
constexpr Duration kSlowMax = 5s;
constexpr Duration kFullMax = 15s;
constexpr std::uint64_t kRoomLeftMax = 256 << 10;
constexpr Duration kGoesOnMax = 50ms;            ///< of the process around a node that has stopped
constexpr std::uint64_t kMakesRoomPercent = 60;  ///< before the next start

}  // namespace

const char* name_of(DiskTrouble trouble) {
  static constexpr auto kNames = std::to_array<const char*>(
      {"no trouble", "failed sync", "failed write", "failed read", "full disk", "crawling disk"});
  static_assert(kNames.size() == kDiskTroubles);
  return kNames[static_cast<std::size_t>(trouble)];
}

bool DiskFaultOptions::any() const {
  return std::any_of(weights.begin(), weights.end(),
                     [](std::uint64_t weight) { return weight > 0; });
}

DiskFaultOptions draw_disk_faults(Choices& random) {
  random.begin("classes");
  DiskFaultOptions options;
  const bool is_on = random.percent(60);
  for (std::size_t trouble = 1; trouble < kDiskTroubles; ++trouble) {
    const bool is_in = random.percent(40);
    options.weights[trouble] = (1 + random.below(4)) * (is_on && is_in ? 1 : 0);
  }
  return options;
}

DiskFaults::DiskFaults(SimCluster& cluster, DiskFaultOptions options, Choices choices)
    : cluster_(cluster), options_(options), random_(std::move(choices)), befallen_(cluster.size()) {
  cluster_.on_disk_fault(
      [this](std::size_t server, DiskFault::Kind kind) { befell(server, kind); });
  cluster_.on_death([this](std::size_t server, const Error& why) { died(server, why); });
  cluster_.on_refusal(
      [this](std::size_t server, const Error& why) { return refused(server, why); });
}

void DiskFaults::start() {
  if (options_.any()) strike_later();
}

void DiskFaults::strike_later() {
  random_.begin("strike");
  const Duration pause = random_.down_from(options_.pause_max);
  cluster_.scheduler().after(pause, kDiskFaultsTag, [this] { strike(); });
}

void DiskFaults::strike() {
  if (stopped_) return;
  random_.resume("strike");
  const auto trouble = static_cast<DiskTrouble>(random_.weighted(options_.weights));
  const std::size_t server = random_.below(cluster_.size());
  const bool at_leader = random_.percent(30);
  const std::size_t at = at_leader ? cluster_.leader().value_or(server) : server;
  if (cluster_.scheduler().now() >= paused_until_ && trouble != DiskTrouble::none) {
    random_.note(name_of(trouble));
    cluster_.tell(Happening::fault, at, name_of(trouble));
    ++counters_.made[static_cast<std::size_t>(trouble)];
    make(trouble, cluster_.disk(at));
  }
  strike_later();
}

void DiskFaults::make(DiskTrouble trouble, SimDisk& disk) {
  switch (trouble) {
    case DiskTrouble::none:
      return;
    case DiskTrouble::failed_sync:
      return disk.fail_after(1 + random_.below(kSyncsAheadMax), DiskFault::Kind::sync_error);
    case DiskTrouble::failed_write:
      return disk.fail_after(1 + random_.below(kWritesAheadMax), DiskFault::Kind::io_error);
    case DiskTrouble::failed_read:
      return disk.fail_after(1 + random_.below(kReadsAheadMax), DiskFault::Kind::read_error);
    case DiskTrouble::full:
      return fill(disk);
    case DiskTrouble::crawl:
      return slow_down(disk);
  }
}

void DiskFaults::fill(SimDisk& disk) {
  disk.options().capacity_bytes = disk.bytes_used() + random_.below(kRoomLeftMax);
  cluster_.scheduler().after(random_.up_to(kFullMax), kDiskFaultsTag, [this] {
    for (std::size_t server = 0; server < cluster_.size(); ++server)
      make_room(server);
  });
}

void DiskFaults::make_room(std::size_t server) {
  cluster_.disk(server).options().capacity_bytes = UINT64_MAX;
}

void DiskFaults::slow_down(SimDisk& disk) {
  const auto bearable = static_cast<std::uint64_t>(kSlowSyncMax / disk.options().sync_max);
  disk.options().slow_factor =
      1 + random_.below(std::clamp<std::uint64_t>(bearable, 1, kSlowerMax));
  cluster_.scheduler().after(random_.up_to(kSlowMax), kDiskFaultsTag, [this] {
    for (std::size_t server = 0; server < cluster_.size(); ++server)
      cluster_.disk(server).options().slow_factor = 1;
  });
}

void DiskFaults::befell(std::size_t server, DiskFault::Kind kind) {
  befallen_[server] = kind;
  switch (kind) {
    case DiskFault::Kind::sync_error:
      ++counters_.syncs_failed;
      break;
    case DiskFault::Kind::io_error:
      ++counters_.writes_failed;
      break;
    case DiskFault::Kind::read_error:
      ++counters_.reads_failed;
      break;
    case DiskFault::Kind::no_space:
      ++counters_.writes_without_room;
      break;
  }
}

/// What stops it is what its process met last: a node goes on after nothing else but a snapshot.
bool DiskFaults::count_stop(std::size_t server, const Error& why) {
  if (why.code != Errc::io_error || !befallen_[server]) return false;
  switch (*befallen_[server]) {
    case DiskFault::Kind::sync_error:
      ++counters_.stopped_by_sync;
      break;
    case DiskFault::Kind::io_error:
      ++counters_.stopped_by_write;
      break;
    case DiskFault::Kind::read_error:
      ++counters_.stopped_by_read;
      break;
    case DiskFault::Kind::no_space:
      ++counters_.stopped_by_full_disk;
      break;
  }
  return true;
}

/// The process around it notices, and ends, on a page cache that it may leave to the next one.
void DiskFaults::died(std::size_t server, const Error& why) {
  if (!count_stop(server, why)) {
    cluster_.invariants().violated(
        "a node stops for a reason: " + cluster_.server(server).id.value +
        " stops by itself: " + to_string(why));
  }
  random_.begin("death");
  const Duration goes_on = random_.up_to(kGoesOnMax);
  const Crash kind = random_.percent(30) ? Crash::power : Crash::process;
  const std::uint64_t process = cluster_.incarnation(server);
  cluster_.scheduler().after(goes_on, kDiskFaultsTag, [this, server, kind, process] {
    if (cluster_.runs(server, process)) cluster_.crash(server, kind);
  });
}

bool DiskFaults::refused(std::size_t server, const Error& why) {
  ++counters_.starts_refused;
  return count_stop(server, why);
}

void DiskFaults::process_ended(std::size_t server) {
  if (befallen_[server] == DiskFault::Kind::no_space) {
    random_.begin("room");
    if (random_.percent(kMakesRoomPercent)) make_room(server);
  }
  befallen_[server].reset();
}

void DiskFaults::heal() {
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    cluster_.disk(server).forget_fault();
    cluster_.disk(server).options().slow_factor = 1;
    make_room(server);
  }
}

void DiskFaults::pause_until(Instant until) { paused_until_ = until; }

void DiskFaults::stop() {
  stopped_ = true;
  heal();
}

}  // namespace proa::testing
