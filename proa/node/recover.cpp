#include "proa/node/recover.hpp"

#include <utility>

#include "proa/driver/hard_state.hpp"
#include "proa/node/detail/restore_newest.hpp"

namespace proa {
namespace {

/// Where log and snapshot end.
LogPosition last_of(const LogSummary& log, const std::optional<SnapshotMeta>& snapshot) {
  const LogPosition in_snapshot = snapshot ? snapshot->last : LogPosition{};
  if (log.log.entries.empty() || log.log.entries.last <= in_snapshot.index) return in_snapshot;
  return {.term = log.log.term_starts.back().term, .index = log.log.entries.last};
}

Result<void> store(Fsm& fsm, SnapshotStore& snapshots, const SnapshotMeta& meta) {
  PROA_TRY(const std::unique_ptr<Fsm::Snapshot> state, fsm.snapshot());
  PROA_TRY(const std::unique_ptr<SnapshotSink> sink, snapshots.create(meta));
  if (Result<void> written = state->write_to(*sink); !written) {
    (void)sink->cancel();  // the first error says more
    return written;
  }
  return sink->close();
}

}  // namespace

Result<void> recover_cluster(const Config& config, Fsm& fsm, Stores stores,
                             const Configuration& configuration) {
  PROA_TRY(validate(config));
  PROA_TRY(validate(configuration));
  PROA_TRY(const bool exists, has_existing_state(stores));
  if (!exists) {
    return fail(Error{.code = Errc::invalid_config,
                      .outcome = Outcome::not_executed,
                      .detail = "refused to recover a cluster with no initial state, this is "
                                "probably a wrong data directory"});
  }
  PROA_TRY(driver::check_server_id(stores.stable, config.local_id));
  PROA_TRY(const LogSummary log, stores.logs.open());
  PROA_TRY(driver::check_log(stores.stable, log));
  PROA_TRY(const std::optional<SnapshotMeta> snapshot, restore_newest(fsm, stores.snapshots));
  const LogIndex covered = snapshot ? snapshot->last.index : LogIndex{};
  const LogPosition last = last_of(log, snapshot);
  PROA_TRY(replay(fsm, stores.logs, covered, last.index));
  // The model gives the configuration index 1: nothing that is left in the log contradicts it.
  PROA_TRY(store(fsm, stores.snapshots,
                 {.last = last, .configuration = {.configuration = configuration, .index = {1}}}));
  return stores.logs.write({.restart_after = last});
}

}  // namespace proa
