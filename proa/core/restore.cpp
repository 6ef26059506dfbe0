#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/core/consensus.hpp"
#include "proa/core/limits.hpp"

namespace proa::core {
namespace {

LogPosition last_of(const std::optional<SnapshotMeta>& snapshot) {
  return snapshot ? snapshot->last : LogPosition{};
}

/// The log has the entry that the snapshot ends with, or goes on right after it.
bool goes_on_after(const TermIndex& log, LogPosition snapshot) {
  return log.first_index() == next(snapshot.index) || log.term_at(snapshot.index) == snapshot.term;
}

}  // namespace

Result<void> check(const Restored& restored) {
  const TermIndex log{restored.log.log};
  const LogPosition snapshot = last_of(restored.snapshot);
  if (next(snapshot.index) < log.first_index()) {
    return fail(Errc::corrupt, "the log begins at index " + to_string(log.first_index()) +
                                   " but the newest snapshot ends at " + to_string(snapshot.index) +
                                   ": the entries between them are lost. Restore a snapshot that "
                                   "reaches further, or remove this server and add a new one");
  }
  const bool was_written = !log.empty() || LogIndex{1} < log.first_index();
  if (was_written && restored.hard_state.term == Term{}) {
    return fail(Errc::corrupt,
                "there is a log but no stored term: the stable store is missing, and with it the "
                "votes given. Bring it back, or remove this server and add it as a new one");
  }
  if (!log.empty() && restored.hard_state.term < log.last().term) {
    return fail(Errc::corrupt, "the log ends in term " + to_string(log.last().term) +
                                   " but the stored term is " +
                                   to_string(restored.hard_state.term) +
                                   ": the stable store is older than the log, and votes given "
                                   "since may be forgotten. Remove this server and add a new one");
  }
  if (kTermMax <= restored.hard_state.term || kIndexMax <= log.last_index() ||
      kIndexMax <= snapshot.index || kTermMax <= snapshot.term) {
    return fail(Errc::corrupt, "a stored term or index is out of range: term " +
                                   to_string(restored.hard_state.term) + ", log up to " +
                                   to_string(log.last_index()) + ", snapshot " +
                                   to_string(snapshot));
  }
  return {};
}

void Consensus::restore(const Restored& restored) {
  snapshot_ = last_of(restored.snapshot);
  for (const ConfigurationAt& at : restored.log.log.configurations) {
    if (configurations_.latest().index < at.index) configurations_.append(at);
  }
  if (log_.first_index() == next(snapshot_.index)) {
    log_.learn_term_before(snapshot_.term);
  } else if (!goes_on_after(log_, snapshot_)) {
    // The crash came between an installed snapshot and the write that restarts the log after it.
    restart_log(*restored.snapshot);
  }
  commit_index_ = std::max(std::min(restored.log.commit_hint, last_index()), snapshot_.index);
  configurations_.commit(commit_index_);
  handed_out_ = snapshot_.index;

  // An installed snapshot may be on disk before the term it came in. We gave no vote in a term that
  // was never saved, so going on from there is safe.
  if (term() < snapshot_.term) enter_term(snapshot_.term, std::nullopt);
  if (restored.log.rot_cut && hard_state_.repair_floor < restored.log.rot_cut) {
    hard_state_.repair_floor = restored.log.rot_cut;
    tickets_.save_hard_state();
  }
  lift_repair_floor();
}

/// The log has lost entries that we acknowledged. Once it reaches as far again, what a leader has
/// filled in holds every committed one of them (paper §5.4), if it is durable.
void Consensus::lift_repair_floor() {
  if (!repairing()) return;
  const std::optional<Term> durable_term = log_.term_at(durable_index());
  if (!durable_term) return;
  if (LogPosition{.term = *durable_term, .index = durable_index()} < hard_state_.repair_floor) {
    return;
  }
  hard_state_.repair_floor.reset();
  tickets_.save_hard_state();
}

}  // namespace proa::core
