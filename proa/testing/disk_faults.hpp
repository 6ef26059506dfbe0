#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "proa/testing/disk_rot.hpp"
#include "proa/testing/striking_machine.hpp"

namespace proa::testing {

/// What a disk does wrong by itself, with the power on.
enum class DiskTrouble : std::uint8_t {
  none,          ///< the calmest, so it is the first
  failed_sync,   ///< the pages are dropped and marked clean
  failed_write,  ///< an operation that changes the disk fails, and changes nothing
  failed_read,
  full,          ///< no file grows until there is room again
  crawl,         ///< up to 1000 times as slow, but no sync takes longer than a second
  rot_log,       ///< what is at rest turns into something else: in a segment,
  rot_stable,    ///< in one of the two copies of term and vote,
  rot_snapshot,  ///< in the newest snapshot
  misdirected,   ///< a block of something takes the place of one of these
  stale_read,    ///< a sector or a block of one of these reads as it did before its last write
};
inline constexpr std::size_t kDiskTroubles = 11;
const char* name_of(DiskTrouble trouble);

struct DiskFaultOptions {
  std::array<std::uint64_t, kDiskTroubles> weights = {};  ///< by DiskTrouble; 0: never
  Duration pause_max = std::chrono::seconds{10};          ///< between two
};

/// Each class is on in about a quarter of all seeds, by itself; in about a third of them none is.
DiskFaultOptions draw_disk_faults(Choices& random);
/// A disk must keep what is written over.
bool goes_stale(const DiskFaultOptions& options);

struct DiskFaultCounters {
  std::array<std::uint64_t, kDiskTroubles> made = {};  ///< by DiskTrouble
  // Operations that failed, and processes that stopped or did not start because of it.
  std::uint64_t syncs_failed = 0;
  std::uint64_t writes_failed = 0;
  std::uint64_t reads_failed = 0;
  std::uint64_t writes_without_room = 0;
  std::uint64_t stopped_by_sync = 0;
  std::uint64_t stopped_by_write = 0;
  std::uint64_t stopped_by_read = 0;
  std::uint64_t stopped_by_full_disk = 0;
  std::uint64_t starts_refused = 0;
  // What became of rot; what nobody has met or written again is in none of them.
  std::uint64_t rot_found_at_start = 0;
  std::uint64_t rot_found_running = 0;
  std::uint64_t rot_mended_at_start = 0;  ///< from the other copy
  std::uint64_t rot_overwritten = 0;      ///< or given up with its file
  std::uint64_t machines_replaced = 0;    ///< because of it
  std::uint64_t disks_restored = 0;       ///< likewise
};

/// Makes disks fail, from its own seed, at drawn times. A node that stops because of it is ended
/// and started again by the nemesis, as by a supervisor; one that stops or does not start for no
/// reason breaks a rule. A server whose disk has rotted counts as lost until the rot is gone, so at
/// most one has; when it finds that, another machine takes its place, or its disk is restored.
/// Threads: one.
class DiskFaults final : public StrikingMachine {
 public:
  DiskFaults(SimCluster& cluster, const DiskFaultOptions& options, Choices choices);

  void heal() override;  ///< takes back what is planned; of what is made, rot stays
  void server_crashed(std::size_t server) override;
  void replaced(std::size_t server);
  void restore_disk(std::size_t server);     ///< what has rotted, as from a backup
  bool is_rotten(std::size_t server) const;  ///< and it may not know yet
  bool is_lost(std::size_t server) const { return rots_[server].found; }
  const DiskFaultCounters& counters() const { return counters_; }

 private:
  void strike_with(std::size_t which, bool may) override;
  void make(DiskTrouble trouble, std::size_t server);
  void make_rot(DiskTrouble trouble, std::size_t server);
  void read_again(std::size_t server);
  bool may_rot(std::size_t server) const;
  std::vector<DiskPlace> at_rest(DiskTrouble trouble, std::size_t server) const;
  void started(std::size_t server);
  void look_for_gone();
  bool is_gone(std::size_t server) const;
  void fill(SimDisk& disk);
  void slow_down(SimDisk& disk);
  void befell(std::size_t server, DiskFault::Kind kind);
  void died(std::size_t server, const Error& why);
  bool refused(std::size_t server, const Error& why);
  bool count_stop(std::size_t server, const Error& why);
  void make_room(std::size_t server);

  DiskFaultCounters counters_;
  std::vector<std::optional<DiskFault::Kind>> befallen_;  ///< by server: what its process met last
  struct Rot {
    bool made = false;
    bool gone = false;                      ///< it was written again
    bool found = false;                     ///< by the server
    std::optional<LogIndex> snapshot = {};  ///< it is in that one; a newer one takes its place
  };
  std::vector<Rot> rots_;  ///< by server
};

}  // namespace proa::testing
