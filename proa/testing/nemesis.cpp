#include "proa/testing/nemesis.hpp"

#include <utility>

#include "proa/testing/sim_file_system.hpp"

namespace proa::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kNemesisTag = 0x4000000;
constexpr std::uint64_t kOperationsAheadMax = 24;
constexpr std::uint64_t kOperationsOfRecoveryMax = 12;
constexpr std::uint64_t kOperationsOfForcedRecoveryMax = 24;
constexpr Duration kStallMax = 3s;
constexpr Duration kPauseMax = 3s;
constexpr Duration kAwayMax = 25s;
constexpr Duration kLookAgain = 500ms;
constexpr Duration kLookOften = 20ms;
constexpr Duration kNextWriteMax = 50ms;
constexpr Duration kFullForce = 90s;  ///< from then on the pauses grow

}  // namespace

const char* name_of(Move move) {
  static constexpr auto kNames = std::to_array<const char*>({"heal",
                                                             "crash any",
                                                             "crash leader",
                                                             "crash at operation",
                                                             "crash around sync",
                                                             "crash all",
                                                             "leave behind",
                                                             "isolate leader",
                                                             "ambush next leader",
                                                             "ambush then crash",
                                                             "strand leader",
                                                             "strike install",
                                                             "split",
                                                             "cut one link",
                                                             "cut one way",
                                                             "pause",
                                                             "stall disk",
                                                             "slow disk",
                                                             "lossy network",
                                                             "replace",
                                                             "recover"});
  static_assert(kNames.size() == kMoves);
  return kNames[static_cast<std::size_t>(move)];
}

Nemesis::Nemesis(SimCluster& cluster, NemesisOptions options, Choices choices)
    : cluster_(cluster),
      options_(options),
      random_(std::move(choices)),
      restarts_(random_.part("restarts")),
      recoveries_(random_.apart("recoveries")),
      disk_faults_(cluster, options.disks, random_.apart("disk faults")),
      calm_network_(cluster.network_options()) {}

void Nemesis::start() {
  strike_later();
  if (others_ != nullptr) others_->start();
  disk_faults_.start();
}

Crash Nemesis::draw_kind(Choices& random) {
  return random.percent(options_.power_percent) ? Crash::power : Crash::process;
}

/// Mostly one that is in the cluster: what happens to others hurts nobody.
std::size_t Nemesis::any_server() {
  std::size_t server = random_.below(cluster_.size());
  const auto leader = cluster_.leader();
  if (!leader) return server;
  const Configuration& in_force = cluster_.invariants().shadow(*leader).latest;
  for (int again = 0; again < 3 && !in_force.has_vote(cluster_.server(server).id); ++again)
    server = random_.below(cluster_.size());
  return server;
}

std::size_t Nemesis::up() const {
  std::size_t count = 0;
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    if (cluster_.raft(server) != nullptr) ++count;
  }
  return count;
}

// Servers that die faster than they elect owe nobody progress. A drawn plan can be that hard, so
// the longer a run waits for its writes, the rarer the strikes become.
void Nemesis::strike_later() {
  const auto rarer = 1 + cluster_.scheduler().now().since_start / kFullForce;
  random_.begin("strike");
  const Duration pause = random_.down_from(options_.pause_max * rarer);
  cluster_.scheduler().after(pause, kNemesisTag, [this] { strike(); });
}

void Nemesis::strike() {
  if (stopped_) return;
  random_.resume("strike");
  if (is_truce()) return strike_later();
  const auto move = static_cast<Move>(random_.weighted(options_.weights));
  random_.note(name_of(move));
  cluster_.tell(Happening::fault, kNobody, name_of(move));
  ++made_[static_cast<std::size_t>(move)];
  make(move);
  strike_later();
}

void Nemesis::make(Move move) {
  const auto leader = cluster_.leader();
  switch (move) {
    case Move::crash_any:
      return crash(any_server());
    case Move::crash_leader:
      return crash(leader);
    case Move::crash_at_operation:
      return crash_at_operation();
    case Move::crash_around_sync:
      return crash_around_sync();
    case Move::crash_all:
      for (std::size_t server = 0; server < cluster_.size(); ++server)
        crash(server);
      return;
    case Move::leave_behind:
      left_behind_ = any_server();
      return crash(left_behind_);
    case Move::isolate_leader:
      if (leader) isolate(*leader);
      return;
    case Move::ambush_next_leader:
    case Move::ambush_then_crash:
      ambush_ = move;
      return crash(leader);  // so that there is a next one
    case Move::strand_leader:
      if (leader) strand(*leader);
      return;
    case Move::strike_install:
      strikes_install_ = true;
      return;
    case Move::split:
      return split();
    case Move::cut_one_link:
      return cut_one(true);
    case Move::cut_one_way:
      return cut_one(false);
    case Move::pause:
      if (auto* runtime = cluster_.runtime(any_server())) {
        runtime->pause_until(cluster_.scheduler().now() + up_to(kPauseMax));
      }
      return;
    case Move::stall_disk:
      return cluster_.disk(any_server()).stall_next_sync(up_to(kStallMax));
    case Move::slow_disk:
      cluster_.disk(any_server()).options().slow_factor = 1 + random_.below(100);
      return heal_later();
    case Move::lossy_network:
      return disturb_network();
    case Move::heal:
      return cluster_.heal_links();
    case Move::recover:
      return recover();
    case Move::replace:
      return replace();
  }
}

void Nemesis::crash(std::optional<std::size_t> server) {
  if (!server || cluster_.raft(*server) == nullptr) return;
  const Crash kind = draw_kind(random_);
  if (kind == Crash::power) return cut_power_in_write(*server);
  cluster_.crash(*server, kind);
}

/// A busy disk spends most of its time between a write and the end of its sync, so that is where a
/// power cut finds it. An idle one is hit a little later.
void Nemesis::cut_power_in_write(std::size_t server) {
  cluster_.crash_at_sync(server, false, Crash::power);
  cluster_.scheduler().after(kNextWriteMax, kNemesisTag,
                             [this, server, process = cluster_.incarnation(server)] {
                               if (cluster_.runs(server, process) && !is_truce()) {
                                 cluster_.crash(server, Crash::power);
                               }
                             });
}

void Nemesis::crash_at_operation() {
  const std::size_t server = any_server();
  const std::uint64_t operations = 1 + random_.below(kOperationsAheadMax);
  cluster_.crash_after(server, operations, draw_kind(random_));
}

/// Before it, the write is in the page cache and the power takes what it likes of it.
void Nemesis::crash_around_sync() {
  const auto leader = cluster_.leader();
  const std::size_t server = leader && random_.percent(50) ? *leader : any_server();
  const bool after = random_.percent(35);
  cluster_.crash_at_sync(server, after, after ? draw_kind(random_) : Crash::power);
}

void Nemesis::cut(std::size_t from, std::size_t to, CutMode mode) { cluster_.cut(from, to, mode); }

void Nemesis::isolate(std::size_t server) {
  const CutMode mode = draw_mode();
  const bool deaf = random_.percent(60);
  const bool mute = !deaf || random_.percent(60);
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other == server) continue;
    if (mute) cut(server, other, mode);
    if (deaf) cut(other, server, mode);
  }
  heal_later();
}

/// What it takes up now reaches nobody, and stands in its log where the others have other entries.
void Nemesis::strand(std::size_t server) {
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other == server) continue;
    cut(server, other, CutMode::drop);
    cut(other, server, CutMode::drop);
  }
  flood_(server);
  heal_once_behind(server, cluster_.scheduler().now() + kAwayMax);
}

void Nemesis::heal_once_behind(std::size_t server, Instant at_the_latest) {
  const LogIndex commit = cluster_.invariants().shadow(server).commit;
  if (stopped_ || lacks_entries(server, commit) || cluster_.scheduler().now() >= at_the_latest) {
    return cluster_.heal_links();
  }
  cluster_.scheduler().after(kLookOften, kNemesisTag, [this, server, at_the_latest] {
    heal_once_behind(server, at_the_latest);
  });
}

/// The leader has no more what follows `last`.
bool Nemesis::lacks_entries(std::size_t server, LogIndex last) const {
  const auto leader = cluster_.leader();
  return leader && *leader != server &&
         next(last) < cluster_.invariants().shadow(*leader).log.first();
}

/// It has just won: what it sends now is lost, or reaches one follower only.
void Nemesis::ambush(std::size_t server) {
  const std::size_t spared = random_.percent(50) ? any_server() : server;
  const CutMode mode = random_.percent(50) ? CutMode::drop : CutMode::reset;
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other != server && other != spared) cut(server, other, mode);
  }
  heal_later();
}

void Nemesis::split() {
  std::vector<bool> left;
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    left.push_back(random_.percent(50));
  }
  const CutMode mode = draw_mode();
  for (std::size_t a = 0; a < cluster_.size(); ++a) {
    for (std::size_t b = 0; b < cluster_.size(); ++b) {
      if (left[a] != left[b]) cut(a, b, mode);
    }
  }
  heal_later();
}

void Nemesis::cut_one(bool both_ways) {
  const std::size_t a = any_server();
  const std::size_t b = (a + 1 + random_.below(cluster_.size() - 1)) % cluster_.size();
  const CutMode mode = draw_mode();
  cut(a, b, mode);
  if (both_ways) cut(b, a, mode);
  heal_later();
}

void Nemesis::heal_later() {
  cluster_.scheduler().after(up_to(options_.cut_max), kNemesisTag, [this] {
    if (stopped_) return;
    cluster_.heal_links();
    for (std::size_t server = 0; server < cluster_.size(); ++server) {
      cluster_.disk(server).options().slow_factor = 1;
    }
  });
}

void Nemesis::disturb_network() {
  SimNetworkOptions network = calm_network_;
  network.loss_permille = random_.below(50);
  network.duplicate_permille = random_.below(100);
  network.duplicate_late_max = random_.percent(20) ? Duration{120s} : Duration{1s};
  network.spike_permille = random_.below(100);
  network.delay_max = calm_network_.delay_max * static_cast<std::int64_t>(1 + random_.below(40));
  cluster_.set_network(network);
  cluster_.scheduler().after(up_to(options_.cut_max), kNemesisTag, [this] {
    if (!is_truce()) cluster_.set_network(calm_network_);
  });
}

/// Its disk is gone, so it comes back as somebody else. The others must do without it from now on,
/// until an operator has removed it.
void Nemesis::replace() {
  const std::size_t server = any_server();
  if (!is_dispensable(server)) return;
  cluster_.crash(server, Crash::power);
  give_another_machine(server);
}

/// The others may have come to need it since its disk has rotted: voters that lag do not know who
/// is a voter now, and elect nobody whom they do not know. Then its disk is restored.
void Nemesis::answer_rot(std::size_t server) {
  is_dispensable(server) ? give_another_machine(server) : disk_faults_.restore_disk(server);
}

void Nemesis::give_another_machine(std::size_t server) {
  cluster_.replace(server);
  disk_faults_.replaced(server);
}

/// The quorum is lost for good. Whoever has most of the log has all that was ever acknowledged, so
/// an operator who finds that one loses nothing. One that knows of no newer term would lead in one
/// that had a leader: it is left alone.
void Nemesis::recover() {
  std::size_t best = 0;
  Term led{};
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    if (last_position(best) < last_position(server)) best = server;
    led = std::max(led, cluster_.invariants().shadow(server).led);
  }
  if (cluster_.invariants().shadow(best).hard_state.term < led) return;
  if (disk_faults_.is_rotten(best)) return;
  left_behind_.reset();  // or it would come back as soon as it is down
  for (std::size_t server = 0; server < cluster_.size(); ++server)
    cluster_.crash(server, Crash::process);
  disk_faults_.heal();
  cluster_.recover(best, draw_recovery_crash());
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other != best) disk_faults_.replaced(other);
  }
}

/// Whoever is interrupted does it again.
std::optional<RecoveryCrash> Nemesis::draw_recovery_crash() {
  recoveries_.begin("crash");
  const bool crashes = recoveries_.percent(50);
  const std::uint64_t operations = 1 + recoveries_.below(kOperationsOfForcedRecoveryMax);
  const Crash kind = draw_kind(recoveries_);
  if (!crashes) return std::nullopt;
  return RecoveryCrash{.operations = operations, .kind = kind};
}

LogPosition Nemesis::last_position(std::size_t server) const {
  const ServerShadow& shadow = cluster_.invariants().shadow(server);
  const LogIndex last = shadow.log.last();
  if (last <= shadow.snapshot.index) return shadow.snapshot;
  return {.term = shadow.log.find(last)->term, .index = last};
}

/// What a quorum has promised is still promised by a quorum of those who stay.
bool Nemesis::is_dispensable(std::size_t server) const {
  const auto leader = cluster_.leader();
  if (!leader || *leader == server || left_behind_ == server) return false;
  const ServerShadow& leads = cluster_.invariants().shadow(*leader);
  if (leads.latest != leads.committed || !leads.leading) return false;
  std::size_t stay = 0;
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    const ServerShadow& shadow = cluster_.invariants().shadow(other);
    if (other == server || !leads.latest.has_vote(shadow.id)) continue;
    if (disk_faults_.is_rotten(other)) continue;
    if (shadow.log.last() >= leads.commit && shadow.latest == leads.latest) ++stay;
  }
  return stay >= leads.latest.quorum();
}

void Nemesis::begin_truce(Duration most) {
  truce_until_ = cluster_.scheduler().now() + most;
  if (others_ != nullptr) others_->truce_until(truce_until_);
  disk_faults_.truce_until(truce_until_);
  ambush_.reset();
  strikes_install_ = false;
  SimNetworkOptions network = calm_network_;
  network.loss_permille = network.spike_permille = 0;
  cluster_.set_network(network);
  calm_disks();
}

void Nemesis::calm_disks() {
  for (std::size_t server = 0; server < cluster_.size(); ++server) {
    cluster_.disk(server).options().slow_factor = 1;
    cluster_.disk(server).end_stall();
    cluster_.calm(server);
  }
}

void Nemesis::end_truce() {
  truce_until_ = {};
  if (others_ != nullptr) others_->truce_until({});
  disk_faults_.truce_until({});
  cluster_.set_network(calm_network_);
}

void Nemesis::server_crashed(std::size_t server) {
  if (others_ != nullptr) others_->server_crashed(server);
  disk_faults_.server_crashed(server);
  if (disk_faults_.is_lost(server)) answer_rot(server);
  restarts_.begin("downtime");
  const bool stays_away = left_behind_ == server && !stopped_;
  if (stays_away) return restart_once_behind(server, cluster_.scheduler().now() + kAwayMax);
  cluster_.scheduler().after(restarts_.up_to(options_.downtime_max), kNemesisTag,
                             [this, server] { restart(server); });
}

void Nemesis::restart_once_behind(std::size_t server, Instant at_the_latest) {
  const LogIndex last = cluster_.invariants().shadow(server).log.last();
  if (lacks_entries(server, last) || stopped_ || cluster_.scheduler().now() >= at_the_latest) {
    left_behind_.reset();
    return restart(server);
  }
  cluster_.scheduler().after(kLookAgain, kNemesisTag, [this, server, at_the_latest] {
    restart_once_behind(server, at_the_latest);
  });
}

void Nemesis::restart(std::size_t server) {
  restarts_.begin("crash in recovery");
  if (stopped_ || is_truce() || !restarts_.percent(options_.crash_in_recovery_percent)) {
    return cluster_.start(server);
  }
  const std::uint64_t operations = 1 + restarts_.below(kOperationsOfRecoveryMax);
  cluster_.start_and_crash_after(server, operations, draw_kind(restarts_));
}

void Nemesis::server_leads(std::size_t server) {
  if (stopped_ || !ambush_) return;
  random_.begin("ambush");
  const Move move = *std::exchange(ambush_, std::nullopt);
  ambush(server);
  if (move == Move::ambush_then_crash) cluster_.crash_at_sync(server, true, draw_kind(random_));
}

/// While it stores the snapshot of the old leader, a new one sends it entries behind that.
void Nemesis::server_installs(std::size_t server) {
  if (others_ != nullptr) others_->server_installs(server);
  if (stopped_ || !std::exchange(strikes_install_, false)) return;
  random_.begin("strike install");
  cluster_.disk(server).stall_next_sync(kStallMax / 2 + up_to(kStallMax / 2));
  cluster_.scheduler().after(up_to(kNextWriteMax), kNemesisTag, [this] {
    if (stopped_) return;
    random_.begin("crash of the installer's leader");
    crash(cluster_.leader());
  });
}

void Nemesis::stop() {
  stopped_ = true;
  if (others_ != nullptr) others_->stop();
  disk_faults_.stop();
  cluster_.set_network(calm_network_);
  cluster_.heal_links();
  calm_disks();
  for (std::size_t server = 0; server < cluster_.size(); ++server)
    cluster_.start(server);
}

}  // namespace proa::testing
