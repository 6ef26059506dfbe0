#include <algorithm>
#include <utility>

#include "proa/driver/hard_state.hpp"
#include "proa/node/detail/create.hpp"
#include "proa/node/detail/inner.hpp"
#include "proa/node/detail/restore_newest.hpp"

namespace proa {
namespace {

Result<void> check_parts(const RaftParts& parts) {
  const auto missing = [](const char* what) {
    return fail(Errc::invalid_config, std::string{what} + " must not be null");
  };
  if (parts.fsm == nullptr) return missing("fsm");
  if (parts.logs == nullptr) return missing("logs");
  if (parts.stable == nullptr) return missing("stable");
  if (parts.snapshots == nullptr) return missing("snapshots");
  if (parts.transport == nullptr) return missing("transport");
  return {};
}

/// The snapshot that the state machine begins with.
Result<std::optional<SnapshotMeta>> snapshot_of(const RaftParts& parts) {
  if (!parts.config.no_snapshot_restore_on_start) {
    return restore_newest(*parts.fsm, *parts.snapshots);
  }
  PROA_TRY(std::vector<SnapshotMeta> stored, parts.snapshots->list());
  if (stored.empty()) return std::optional<SnapshotMeta>{};
  return std::optional{std::move(stored.front())};
}

/// Steps 2 to 5 of the model's seven: what is on disk, and the snapshot in the state machine.
Result<core::Restored> recover(const RaftParts& parts) {
  PROA_TRY(parts.stable->open());
  PROA_TRY(driver::check_server_id(*parts.stable, parts.config.local_id));
  core::Restored restored;
  PROA_TRY(restored.hard_state, driver::load_hard_state(*parts.stable));
  PROA_TRY(restored.log, parts.logs->open());
  PROA_TRY(driver::check_log(*parts.stable, restored.log));
  PROA_TRY(parts.snapshots->open());
  PROA_TRY(restored.snapshot, snapshot_of(parts));
  PROA_TRY(core::check(restored));
  PROA_TRY(driver::save_server_id(*parts.stable, parts.config.local_id));
  if (!driver::is_untouched(restored.log)) PROA_TRY(driver::note_log(*parts.stable));
  return restored;
}

/// With restore_committed_logs, everything known to be committed is applied before create returns.
Result<LogIndex> replay(const RaftParts& parts, const core::Restored& restored) {
  const LogIndex applied = restored.snapshot ? restored.snapshot->last.index : LogIndex{};
  if (!parts.config.restore_committed_logs) return applied;
  const LogIndex until = std::min(restored.log.commit_hint, restored.log.log.entries.last);
  PROA_TRY(replay(*parts.fsm, *parts.logs, applied, until));
  return std::max(applied, until);
}

driver::InboxLimits limits_of(const Config& config) {
  return {.proposals = config.inbox_requests_max,
          .proposal_bytes = config.inbox_bytes_max,
          .waiting_calls = config.inbox_requests_max};
}

}  // namespace

Result<std::unique_ptr<Raft>> create_raft(RaftParts parts, std::shared_ptr<driver::Probe> probe) {
  PROA_TRY(validate(parts.config));
  PROA_TRY(check_parts(parts));
  PROA_TRY(core::Restored restored, recover(parts));
  PROA_TRY(const LogIndex applied, replay(parts, restored));

  auto inner = std::make_unique<Raft::Inner>();
  inner->transport = parts.transport;
  inner->runtime = parts.transport->runtime();
  inner->inbox = std::make_shared<driver::Inbox>(limits_of(parts.config));
  inner->publisher = std::make_shared<Publisher>(inner->runtime, parts.config.logger);
  inner->config = parts.config;
  Result<void> started;
  Fn<void()> start = [&] {
    inner->driver = std::make_shared<driver::Driver>(
        driver::DriverParts{.config = std::move(parts.config),
                            .runtime = inner->runtime,
                            .fsm = std::move(parts.fsm),
                            .logs = std::move(parts.logs),
                            .stable = std::move(parts.stable),
                            .snapshots = std::move(parts.snapshots),
                            .transport = std::move(parts.transport),
                            .inbox = inner->inbox,
                            .probe = std::move(probe),
                            .restored = std::move(restored),
                            .applied = applied},
        inner->publisher);
    started = inner->driver->start();
  };
  inner->runtime->run_on_loop(start);
  std::unique_ptr<Raft> raft{new Raft{std::move(inner)}};
  if (!started) return fail(std::move(started).error());
  return raft;
}

}  // namespace proa
