#include "proa/testing/detail/resources.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "proa/driver/calls.hpp"
#include "proa/driver/inbox.hpp"
#include "proa/driver/peer_link.hpp"
#include "proa/driver/queries.hpp"
#include "proa/store/detail/wal_format.hpp"
#include "proa/store/detail/wal_spares.hpp"
#include "proa/testing/sim_cluster.hpp"

namespace proa::testing {
namespace {

constexpr std::size_t kChannels = 3;
/// A write of term and vote has no entries; one for each election that the disk has slept through.
constexpr std::size_t kWritesWithoutEntriesMax = 64;
/// A view for a snapshot, a restore, an install, and what waits for the log to be read.
constexpr std::size_t kInterludesMax = 4;
/// A connection that is lost leaves the requests on it unanswered here, and another one follows.
constexpr std::size_t kConnectionsMax = 4;
/// One that is taken, one that a leader sends, one that a user restores.
constexpr std::size_t kUnfinishedSnapshotsMax = 3;
/// Of the log a copy of its tail and the note of a failed sync; the stable file's successor; the
/// probe of the snapshots' directory.
constexpr std::size_t kPassingFilesMax = 2;

struct Limited {
  const char* what = "";
  std::size_t held = 0;
  std::size_t most = 0;
};

std::optional<std::string> first_beyond(std::span<const Limited> all) {
  const auto found =
      std::find_if(all.begin(), all.end(), [](const Limited& at) { return at.held > at.most; });
  if (found == all.end()) return std::nullopt;
  return std::to_string(found->held) + " " + found->what + ", at most " +
         std::to_string(found->most);
}

/// Of all kinds together.
std::size_t calls_max(const Config& config) {
  const driver::InboxLimits limits{.waiting_calls = config.inbox_requests_max};
  return 4 * limits.waiting_calls + limits.verify_calls + 2 * limits.change_calls +
         limits.transfer_calls + limits.snapshot_calls + limits.restore_calls;
}

/// Below the limit one round more was taken up.
std::size_t with_a_round(std::size_t limit) { return 2 * limit; }

/// The memory that entries take beside their bytes.
std::size_t entry_bytes_max(const Config& config) {
  constexpr std::size_t kPerEntry = 512;
  return with_a_round(config.inbox_bytes_max) + with_a_round(config.inbox_requests_max) * kPerEntry;
}

}  // namespace

std::optional<std::string> beyond_limits(const driver::Holdings& held, const Config& config,
                                         const ResourceBasis& basis) {
  const std::size_t durable_bytes = held.tail_bytes - held.undurable_bytes;
  // Durable entries may be in memory only as far as the cache has room beside the others.
  const std::size_t tail_max = durable_bytes == 0 ? SIZE_MAX : config.tail_cache_bytes_max;
  const std::size_t on_a_link =
      basis.window_requests ? kChannels * *basis.window_requests : SIZE_MAX;
  const std::size_t from_others =
      basis.window_requests ? kConnectionsMax * basis.servers * on_a_link : SIZE_MAX;
  return first_beyond(std::array{
      Limited{"proposals in the inbox", held.inbox_proposals, config.inbox_requests_max},
      Limited{"bytes of proposals in the inbox", held.inbox_bytes, config.inbox_bytes_max},
      Limited{"calls in the inbox", held.inbox_calls, calls_max(config)},
      Limited{"entries that are taken up and not answered", held.open_waiters,
              with_a_round(config.inbox_requests_max) + driver::kChangesInLogMax},
      Limited{"rounds that are not committed", held.open_rounds, 1},
      Limited{"open calls", held.open_calls, driver::kOpenCallsMax + 1},
      Limited{"queries with the state machine", held.running_queries, driver::Queries::kBatchMax},
      Limited{"callers that wait for an index", held.applied_waits, 2 * driver::kOpenCallsMax},
      Limited{"callers that wait for a leader", held.leader_waits, driver::kOpenCallsMax},
      Limited{"bytes in the tail, durable ones among them", held.tail_bytes, tail_max},
      Limited{"bytes of entries that are not durable", held.undurable_bytes,
              entry_bytes_max(config)},
      Limited{"writes that wait for the log", held.waiting_writes,
              held.undurable_entries + kWritesWithoutEntriesMax},
      Limited{"tasks that wait for the state machine", held.interludes, kInterludesMax},
      Limited{"open requests of other servers", held.open_requests, from_others},
      Limited{"links to other servers", held.links, 2 * basis.servers},
      Limited{"unanswered requests on a link", held.requests_on_a_link, on_a_link},
  });
}

KeptFiles kept_on(const SimDisk& disk) {
  KeptFiles kept;
  const std::string log = std::string(kLogDirectory) + "/";
  const std::string snapshots = std::string(kSnapshotDirectory) + "/snapshots/";
  disk.for_each_file([&](const std::string& path, const SimInode&) {
    if (path.starts_with(snapshots)) {
      // Each directory has this file from its beginning to its end.
      if (path.ends_with(".tmp/meta.json")) return void(++kept.unfinished_snapshots);
      if (path.ends_with("/meta.json")) return void(++kept.snapshots);
      if (path.find('/', snapshots.size()) == std::string::npos) ++kept.passing_files;
    } else if (path.starts_with(log)) {
      const std::string name = path.substr(log.size());
      if (name.ends_with(".spare")) return void(++kept.spare_segments);
      if (!store::parse_segment_name(name)) ++kept.passing_files;
    } else if (path != kStableFile) {
      ++kept.passing_files;
    }
  });
  return kept;
}

std::optional<std::string> DiskLimits::look(const KeptFiles& kept, const ResourceBasis& basis) {
  // One segment is made beside those that are ready.
  const std::size_t spares_max = store::SpareSegments::kReadyMax + 1;
  const auto beyond = [&](std::size_t excused) {
    return first_beyond(std::array{
        Limited{"snapshots on disk", snapshots_excused_ ? 0 : kept.snapshots,
                basis.snapshots_retained + excused},
        Limited{"unfinished snapshots on disk", kept.unfinished_snapshots,
                kUnfinishedSnapshotsMax + excused},
        Limited{"spare segments on disk", kept.spare_segments, spares_max + excused},
        Limited{"passing files on disk", kept.passing_files, kPassingFilesMax + excused},
    });
  };
  if (!beyond(0)) excused_ = 0;
  return beyond(excused_);
}

}  // namespace proa::testing
