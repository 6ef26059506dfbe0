#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proa/testing/disk_faults.hpp"
#include "proa/testing/fault_machine.hpp"
#include "proa/testing/sim_cluster.hpp"

namespace proa::testing {

/// What the nemesis can do. Each seed draws a subset (swarm testing) and how often it strikes.
enum class Move : std::uint8_t {
  heal,                ///< all links; the calmest, so it is the first
  crash_any,           ///< a server, now
  crash_leader,        ///< with writes in flight
  crash_at_operation,  ///< a server, at one of its next changes of the disk
  crash_around_sync,   ///< a server, right before or right after its next sync
  crash_all,           ///< the whole cluster
  leave_behind,        ///< a server stays down until the others have compacted their logs
  isolate_leader,      ///< it cannot send, or not receive, or neither
  ambush_next_leader,  ///< cut off whoever is elected next, before its no-op spreads
  ambush_then_crash,   ///< the same, and crash it after its own sync
  strand_leader,       ///< cut it off with many writes, until the others have compacted theirs
  strike_install,      ///< stall who stores a leader's snapshot, and crash that leader
  split,               ///< two groups
  cut_one_link,        ///< A and B do not hear each other, both hear C
  cut_one_way,         ///< A hears B, B does not hear A
  pause,               ///< a process stands still, its memory and sockets stay
  stall_disk,          ///< a sync takes up to three seconds
  slow_disk,           ///< everything on a disk takes a multiple
  lossy_network,       ///< messages get lost, repeated, late
  replace,             ///< a machine is lost; another one takes its place under a new identity
  recover,             ///< all are lost but one, which goes on alone, by force
};
inline constexpr std::size_t kMoves = 21;
const char* name_of(Move move);

struct NemesisOptions {
  std::array<std::uint64_t, kMoves> weights = {};  ///< by Move; 0: never
  Duration pause_max = std::chrono::seconds{4};    ///< between two moves
  Duration downtime_max = std::chrono::seconds{3};
  Duration cut_max = std::chrono::seconds{4};
  std::uint64_t power_percent = 50;              ///< of the crashes cut the power
  std::uint64_t crash_in_recovery_percent = 10;  ///< of the restarts
  DiskFaultOptions disks = {};
};

/// Breaks things, from its own seed, at drawn times, and puts them together again. Threads: one.
class Nemesis {
 public:
  Nemesis(SimCluster& cluster, NemesisOptions options, Choices choices);

  void start();
  /// Heals everything, starts what is down, and leaves it alone from now on.
  void stop();
  /// Until end_truce it breaks nothing, and takes back what it has planned.
  void begin_truce(Duration most);
  void end_truce();
  void server_crashed(std::size_t server);
  void server_leads(std::size_t server);
  void server_installs(std::size_t server);
  /// They start, stop and keep truce with it.
  void accompany(FaultMachine& others) { others_ = &others; }
  /// How a server is given many writes at once.
  void flood_with(std::function<void(std::size_t server)> flood) { flood_ = std::move(flood); }
  const DiskFaultCounters& disk_faults() const { return disk_faults_.counters(); }
  std::uint64_t moves_made(Move move) const { return made_[static_cast<std::size_t>(move)]; }

 private:
  void strike_later();
  void strike();
  void make(Move move);
  void crash(std::optional<std::size_t> server);
  void cut_power_in_write(std::size_t server);
  void crash_at_operation();
  void crash_around_sync();
  void isolate(std::size_t server);
  void strand(std::size_t server);
  void heal_once_behind(std::size_t server, Instant at_the_latest);
  bool lacks_entries(std::size_t server, LogIndex last) const;
  void ambush(std::size_t server);
  void split();
  void cut_one(bool both_ways);
  void cut(std::size_t from, std::size_t to, CutMode mode);
  void heal_later();
  void disturb_network();
  void restart(std::size_t server);
  void restart_once_behind(std::size_t server, Instant at_the_latest);
  Duration up_to(Duration most) { return random_.up_to(most); }
  std::size_t any_server();
  Crash draw_kind(Choices& random);
  CutMode draw_mode() { return static_cast<CutMode>(random_.below(3)); }
  std::size_t up() const;
  bool is_truce() const { return cluster_.scheduler().now() < truce_until_; }
  void calm_disks();
  void replace();
  void answer_rot(std::size_t server);
  void give_another_machine(std::size_t server);
  void recover();
  std::optional<RecoveryCrash> draw_recovery_crash();
  LogPosition last_position(std::size_t server) const;
  bool is_dispensable(std::size_t server) const;

  SimCluster& cluster_;
  NemesisOptions options_;
  Choices random_;
  Choices restarts_;
  Choices recoveries_;
  DiskFaults disk_faults_;
  SimNetworkOptions calm_network_;
  std::optional<Move> ambush_;              ///< waits for the next leader
  std::optional<std::size_t> left_behind_;  ///< stays down longer
  bool strikes_install_ = false;            ///< the next one
  FaultMachine* others_ = nullptr;
  std::function<void(std::size_t)> flood_;
  std::array<std::uint64_t, kMoves> made_ = {};
  Instant truce_until_ = {};
  bool stopped_ = false;
};

}  // namespace proa::testing
