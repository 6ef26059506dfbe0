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
constexpr std::uint64_t kGoesStalePercent = 25;  ///< of the seeds

}  // namespace

const char* name_of(DiskTrouble trouble) {
  static constexpr auto kNames = std::to_array<const char*>(
      {"no trouble", "failed sync", "failed write", "failed read", "full disk", "crawling disk",
       "rot of a log", "rot of term and vote", "rot of a snapshot", "misdirected write",
       "stale read"});
  static_assert(kNames.size() == kDiskTroubles);
  return kNames[static_cast<std::size_t>(trouble)];
}

DiskFaultOptions draw_disk_faults(Choices& random) {
  random.begin("classes");
  DiskFaultOptions options;
  const std::span<std::uint64_t> weights{options.weights};
  constexpr auto kStale = static_cast<std::size_t>(DiskTrouble::stale_read);
  draw_weights(random, weights.first(kStale), 60, 40);
  Choices stale = random.apart("stale reads");
  stale.begin("classes");
  const bool goes_stale = stale.percent(kGoesStalePercent);
  weights[kStale] = (1 + stale.below(4)) * (goes_stale ? 1 : 0);
  return options;
}

bool goes_stale(const DiskFaultOptions& options) {
  return options.weights[static_cast<std::size_t>(DiskTrouble::stale_read)] > 0;
}

DiskFaults::DiskFaults(SimCluster& cluster, const DiskFaultOptions& options, Choices choices)
    : StrikingMachine(
          cluster,
          {.weights = options.weights, .pause_max = options.pause_max, .tag = kDiskFaultsTag},
          std::move(choices)),
      befallen_(cluster.size()),
      rots_(cluster.size()) {
  cluster_.on_start([this](std::size_t server) { started(server); });
  cluster_.on_disk_fault(
      [this](std::size_t server, DiskFault::Kind kind) { befell(server, kind); });
  cluster_.on_death([this](std::size_t server, const Error& why) { died(server, why); });
  cluster_.on_refusal(
      [this](std::size_t server, const Error& why) { return refused(server, why); });
}

void DiskFaults::strike_with(std::size_t which, bool may) {
  look_for_gone();
  const auto trouble = static_cast<DiskTrouble>(which);
  const std::size_t server = any_server();
  const bool at_leader = random_.percent(30);
  const std::size_t at = at_leader ? cluster_.leader().value_or(server) : server;
  if (!may) return;
  announce(at, name_of(trouble));
  make(trouble, at);
}

void DiskFaults::make(DiskTrouble trouble, std::size_t server) {
  if (trouble >= DiskTrouble::rot_log) return make_rot(trouble, server);
  ++counters_.made[static_cast<std::size_t>(trouble)];
  SimDisk& disk = cluster_.disk(server);
  switch (trouble) {
    case DiskTrouble::none:
    case DiskTrouble::rot_log:
    case DiskTrouble::rot_stable:
    case DiskTrouble::rot_snapshot:
    case DiskTrouble::misdirected:
    case DiskTrouble::stale_read:
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

/// Of everything that is to be found on it again a quorum has other copies.
bool DiskFaults::may_rot(std::size_t server) const {
  const auto leader = cluster_.leader();
  const bool is_up = cluster_.runs(server, cluster_.incarnation(server));
  if (!leader || !is_up || rots_[server].found) return false;
  const ServerShadow& leads = cluster_.invariants().shadow(*leader);
  if (leads.latest != leads.committed || !leads.leading) return false;
  for (const Server& member : leads.latest.servers) {
    if (!cluster_.number_of(member.id)) return false;  // lost, and not yet removed
  }
  std::size_t intact = 0;
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (is_rotten(other)) return false;
    if (other != server && leads.latest.has_vote(cluster_.server(other).id)) ++intact;
  }
  return intact >= leads.latest.quorum();
}

std::vector<DiskPlace> DiskFaults::at_rest(DiskTrouble trouble, std::size_t server) const {
  const SimDisk& disk = cluster_.disk(server);
  if (trouble == DiskTrouble::rot_log) return log_at_rest(disk, kLogDirectory);
  if (trouble == DiskTrouble::rot_stable) return stable_at_rest(disk, kStableFile);
  return snapshot_at_rest(disk, kSnapshotDirectory, cluster_.invariants().shadow(server).snapshot);
}

void DiskFaults::make_rot(DiskTrouble trouble, std::size_t server) {
  static constexpr std::array kKinds = {DiskTrouble::rot_log, DiskTrouble::rot_stable,
                                        DiskTrouble::rot_snapshot};
  const DiskTrouble other_kind = kKinds[random_.below(kKinds.size())];
  const DiskTrouble from_kind = kKinds[random_.below(kKinds.size())];
  const std::uint64_t onto_number = random_.below(UINT32_MAX);
  const std::uint64_t from_number = random_.below(UINT32_MAX);
  if (!may_rot(server)) return;
  const bool is_astray = trouble == DiskTrouble::misdirected;
  const bool is_stale = trouble == DiskTrouble::stale_read;
  const DiskTrouble kind = is_astray || is_stale ? other_kind : trouble;
  const std::vector<DiskPlace> onto = at_rest(kind, server);
  const std::vector<DiskPlace> from = at_rest(from_kind, server);
  if (onto.empty() || (is_astray && from.empty())) return;
  SimDisk& disk = cluster_.disk(server);
  disk.forget_damage();  // of a snapshot that a newer one has replaced
  const DiskPlace& place = onto[onto_number % onto.size()];
  const bool is_made = is_astray  ? misdirect(disk, place, from[from_number % from.size()], random_)
                       : is_stale ? go_stale(disk, place, random_)
                                  : rot(disk, place, random_);
  if (!is_made) return;
  ++counters_.made[static_cast<std::size_t>(trouble)];
  cluster_.tell(Happening::fault, server, "of " + place.path);
  cluster_.invariants().rots(server);
  rots_[server] = {.made = true};
  if (kind == DiskTrouble::rot_snapshot) {
    rots_[server].snapshot = cluster_.invariants().shadow(server).snapshot.index;
  }
  if (is_stale) cluster_.invariants().coverage().happened(Sometimes::sector_went_stale);
  if (is_stale && kind == DiskTrouble::rot_stable) read_again(server);
}

/// Term and vote are read at a start only. An old copy that no start has mended, beside one that a
/// power cut tears, would be two faults in one file, which nobody could tell from an older vote.
void DiskFaults::read_again(std::size_t server) {
  const Crash kind = random_.percent(50) ? Crash::power : Crash::process;
  cluster_.crash(server, kind);
}

bool DiskFaults::is_rotten(std::size_t server) const {
  const Rot& rot = rots_[server];
  return rot.found || (rot.made && !rot.gone);
}

bool DiskFaults::is_gone(std::size_t server) const {
  const Rot& rot = rots_[server];
  return !cluster_.disk(server).is_damaged() ||
         (rot.snapshot && *rot.snapshot < cluster_.invariants().shadow(server).snapshot.index);
}

void DiskFaults::look_for_gone() {
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    Rot& rot = rots_[server];
    if (!rot.made || rot.gone || rot.found || !is_gone(server)) continue;
    rot.gone = true;
    ++counters_.rot_overwritten;
  }
}

void DiskFaults::started(std::size_t server) {
  Rot& rot = rots_[server];
  if (!rot.made || rot.gone || cluster_.disk(server).is_damaged()) return;
  rot.gone = true;
  ++counters_.rot_mended_at_start;
}

void DiskFaults::replaced(std::size_t server) {
  if (rots_[server].found) ++counters_.machines_replaced;
  rots_[server] = {};
}

void DiskFaults::restore_disk(std::size_t server) {
  cluster_.disk(server).undo_damage();
  cluster_.invariants().disk_restored(server);
  ++counters_.disks_restored;
  rots_[server] = {};
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
  if (why.code == Errc::corrupt && rots_[server].made) {
    rots_[server].found = true;
    cluster_.invariants().finds_rot(server);
    return true;
  }
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
  if (why.code == Errc::corrupt) ++counters_.rot_found_running;
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
  if (why.code == Errc::corrupt) ++counters_.rot_found_at_start;
  return count_stop(server, why);
}

void DiskFaults::server_crashed(std::size_t server) {
  look_for_gone();
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

}  // namespace proa::testing
