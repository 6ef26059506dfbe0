#include <algorithm>
#include <utility>

#include "proa/testing/invariants.hpp"

namespace proa::testing {

// A snapshot covers committed entries only (paper §7), whoever has made it.
bool Invariants::covers_committed(const ServerShadow& at, LogPosition last, const char* how) {
  const EntryFacts* entry = committed(last.index);
  if (entry != nullptr && entry->term == last.term) return true;
  violated("snapshots hold what is committed: " + at.id.value + " " + how + " " + to_string(last) +
           (entry == nullptr ? ", which nobody calls committed"
                             : ", committed there is term " + to_string(entry->term)));
  return false;
}

void Invariants::snapshot_write_ends(std::size_t server, const SnapshotMeta& meta) {
  ServerShadow& at = shadows_[server];
  if (covers_committed(at, meta.last, "stores a snapshot up to")) check_configuration_of(at, meta);
}

// A snapshot takes the place of the entry that its configuration came from (paper §7).
void Invariants::check_configuration_of(const ServerShadow& at, const SnapshotMeta& meta) {
  const auto behind = std::upper_bound(committed_configurations_.begin(),
                                       committed_configurations_.end(), meta.last.index);
  if (behind == committed_configurations_.begin()) return;
  const LogIndex in_force = *std::prev(behind);
  const auto known = configurations_.find({.term = committed(in_force)->term, .index = in_force});
  if (meta.configuration.index == in_force && known != configurations_.end() &&
      meta.configuration.configuration == known->second) {
    return;
  }
  violated("snapshots: " + at.id.value + " stores one up to " + to_string(meta.last) +
           " with the configuration of " + to_string(meta.configuration.index) + " " +
           to_string(meta.configuration.configuration) + ", in force there is that of " +
           to_string(in_force));
}

void Invariants::snapshot_stored(std::size_t server, const SnapshotMeta& meta,
                                 std::uint64_t state) {
  ServerShadow& at = shadows_[server];
  if (is_users_restore(server, meta)) {
    if (meta.last.index <= last_committed()) {
      covers_committed(at, meta.last, "restores a state up to");
    } else {
      put_in_force(at, meta.last);
    }
  }
  if (at.snapshot < meta.last) at.snapshot = meta.last;
  if (state != 0) compare_state(at, meta.last.index, state);
}

// Replicas are equal: the same commands, the same state.
void Invariants::compare_state(const ServerShadow& at, LogIndex last, std::uint64_t state) {
  const auto [known, is_new] = snapshots_.try_emplace(last, state);
  if (is_new) return;
  ++counters_.snapshots_compared;
  if (known->second == state) return;
  violated("replicas differ: the snapshot of " + at.id.value + " up to " + to_string(last) +
           " holds other bytes than another server's");
}

bool Invariants::is_users_restore(std::size_t server, const SnapshotMeta& meta) const {
  const ServerShadow& at = shadows_[server];
  return at.restore_asked && at.leading && meta.last.term == at.led &&
         at.log.last() < meta.last.index;
}

/// The configuration it is given comes from no entry.
void Invariants::recovers(std::size_t server) {
  recovering_ = server;
  committed_configurations_.clear();
  configurations_.clear();
}

/// Its log was opened, so it is known what of the last write was there.
void Invariants::commit_everything(ServerShadow& at) {
  for (LogIndex i = next(last_committed()); i <= at.log.last(); i = next(i)) {
    if (i < at.log.first()) return violated("recovery: " + at.id.value + " lacks " + to_string(i));
    committed_.push_back(*at.log.find(i));
    committed_in_.push_back(at.log.find(i)->term);
  }
  at.commit = last_committed();
}

/// The history ends; what comes is another one, which begins behind an index that nobody had.
void Invariants::put_in_force(ServerShadow& at, LogPosition last) {
  ++counters_.restores;
  at.restore_asked = false;
  restoring_ = last;
  restored_.insert(last.index);
  const EntryFacts nothing{.term = last.term, .kind = EntryKind::noop};
  committed_.resize(last.index.value, nothing);
  committed_in_.resize(last.index.value, last.term);
}

// What was durable is still there, or something newer: a crash may have come between the last step
// that made a snapshot durable and the moment when the store could say so.
void Invariants::snapshots_listed(std::size_t server, const std::vector<SnapshotMeta>& metas) {
  ServerShadow& at = shadows_[server];
  const LogPosition newest = metas.empty() ? LogPosition{} : metas.front().last;
  if (at.snapshot <= newest) {
    at.snapshot = newest;
    return;
  }
  // One that has rotted does not count; what is missed then, the server has to say.
  if (at.rotten) {
    if (!at.runs) at.unreadable = std::max(at.unreadable, std::exchange(at.snapshot, newest));
    return;
  }
  violated("durability: the newest snapshot of " + at.id.value + " ends at " + to_string(newest) +
           ", confirmed durable was one up to " + to_string(at.snapshot));
}

void Invariants::disk_restored(std::size_t server) {
  ServerShadow& at = shadows_[server];
  at.found_rot = false;
  at.snapshot = std::max(at.snapshot, std::exchange(at.unreadable, {}));
}

void Invariants::snapshot_opened(std::size_t server, const SnapshotMeta& meta) {
  shadows_[server].opened = meta.last;
}

// The state machine never moves back, and goes on behind what the snapshot holds.
void Invariants::restores(std::size_t server) {
  ServerShadow& at = shadows_[server];
  const LogPosition last = at.opened;
  ++(at.runs ? counters_.snapshots_installed : counters_.snapshots_restored_at_start);
  count_restore(at);
  if (!covers_committed(at, last, "restores a snapshot up to")) return;
  if (last.index < at.applied) {
    violated("the state machine only goes on: " + at.id.value + " restores a snapshot up to " +
             to_string(last) + " after it has applied " + to_string(at.applied));
  }
  at.applied = last.index;
  at.run = last.index;
}

// What goes from the log must be in a durable snapshot.
void Invariants::check_compaction(const ServerShadow& at, LogIndex last_removed) {
  if (last_removed <= at.snapshot.index || last_removed < at.log.first()) return;
  violated("compaction: " + at.id.value + " removes its log up to " + to_string(last_removed) +
           ", its newest snapshot ends at " + to_string(at.snapshot));
}

// An installed snapshot takes the place of a log that does not contain its last entry; what lies
// behind that in such a log is not committed (paper Figure 13).
void Invariants::check_restart(const ServerShadow& at, const LogBatch& batch) {
  const LogPosition last = *batch.restart_after;
  const std::string where = at.id.value + " restarts its log after " + to_string(last);
  if (!covers_committed(at, last, "restarts its log after")) return;
  check_compaction(at, last.index);
  if (last.index < at.acknowledged && at.acknowledged_in == at.hard_state.term) {
    violated("acknowledged entries: " + where + ", it has confirmed " + to_string(at.acknowledged) +
             " in term " + to_string(at.acknowledged_in));
  }
  for (LogIndex i = next(last.index); i <= at.log.last() && i <= last_committed(); i = next(i)) {
    if (at.log.find(i) == nullptr || *at.log.find(i) != *committed(i)) break;
    violated("committed entries: " + where + " and loses " + to_string(i));
  }
}

}  // namespace proa::testing
