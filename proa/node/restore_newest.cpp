#include "proa/node/detail/restore_newest.hpp"

#include <string>
#include <utility>

#include "proa/driver/fsm_call.hpp"

namespace proa {
namespace {

constexpr std::size_t kReplayBytes = std::size_t{4} << 20;

}  // namespace

Result<std::optional<SnapshotMeta>> restore_newest(Fsm& fsm, const SnapshotStore& snapshots) {
  PROA_TRY(const std::vector<SnapshotMeta> stored, snapshots.list());
  if (stored.empty()) return std::optional<SnapshotMeta>{};
  std::string failures;
  for (const SnapshotMeta& meta : stored) {
    Result<OpenSnapshot> snapshot = snapshots.open(meta.id);
    Result<void> restored;
    if (!snapshot) {
      restored = fail(snapshot.error());
    } else if (fsm.durable_index() < meta.last.index) {
      restored = fsm.restore(*snapshot->state);
    }
    if (restored) return std::optional{std::move(snapshot->meta)};
    // One that cannot be read now is no damaged one: the log may begin behind its end.
    if (restored.error().code == Errc::io_error) return fail(std::move(restored).error());
    failures += "\n  " + meta.id + ": " + to_string(restored.error());
  }
  return fail(Errc::corrupt, "failed to load any existing snapshots:" + failures);
}

Result<void> replay(Fsm& fsm, const LogStore& logs, LogIndex applied, LogIndex until) {
  while (applied < until) {
    PROA_TRY(const EntryView entries,
             logs.read({.first = next(applied), .last = until}, kReplayBytes));
    driver::FsmAnswers nobody_waits;
    PROA_TRY(driver::run(fsm, entries, nobody_waits));
    applied = entries.last_index();
  }
  return {};
}

}  // namespace proa
