#include "proa/testing/invariants.hpp"

#include <algorithm>
#include <utility>

#include "proa/wire/configuration_codec.hpp"

namespace proa::testing {
namespace {

std::string text_of(const std::optional<Candidate>& vote) {
  return vote ? vote->id.value : std::string("nobody");
}

std::string text_of(const HardState& state) {
  return "term " + to_string(state.term) + ", vote for " + text_of(state.vote);
}

std::string text_of(LogIndex index, const EntryFacts& facts) {
  return to_string(LogPosition{.term = facts.term, .index = index}) + " (" + to_string(facts.kind) +
         ", hash " + std::to_string(facts.hash) + ")";
}

}  // namespace

Invariants::Invariants(std::vector<Server> servers) : seen_(1) {
  const Configuration all{.servers = std::move(servers)};
  for (const Server& server : all.servers) {
    shadows_.push_back(
        {.id = server.id, .address = server.address, .latest = all, .committed = all});
  }
}

void Invariants::violated(std::string what) {
  if (violation_ || has_lost_a_restore()) return;
  if (journal_ != nullptr) journal_->add(Happening::violation, kNobody, what);
  violation_ = std::move(what);
}

std::optional<std::size_t> Invariants::newest_leader() const {
  if (leaders_.empty()) return std::nullopt;
  const Leader& newest = leaders_.rbegin()->second;
  if (shadows_[newest.server].id != newest.id) return std::nullopt;  // replaced since
  return newest.server;
}

std::optional<std::size_t> Invariants::number_of(const ServerId& id) const {
  for (std::size_t server = 0; server < shadows_.size(); ++server) {
    if (shadows_[server].id == id) return server;
  }
  return std::nullopt;
}

const EntryFacts* Invariants::committed(LogIndex index) const {
  if (index.value == 0 || index.value > committed_.size()) return nullptr;
  return &committed_[index.value - 1];
}

void Invariants::process_ended(std::size_t server) {
  count_end(shadows_[server]);
  shadows_[server].runs = false;
  shadows_[server].leading = false;
  shadows_[server].candidate = false;
  shadows_[server].asked_for_votes_in = {};
  shadows_[server].changing = false;
  shadows_[server].adopted = {};
  shadows_[server].commit = {};
  shadows_[server].applied = {};
  shadows_[server].run = {};
  shadows_[server].restore_asked = false;
}

void Invariants::replaced(std::size_t server, const Server& by) {
  lost_.push_back(std::move(shadows_[server]));
  shadows_[server] = {.id = by.id, .address = by.address};
}

// Log matching (paper §5.3): one entry for an index and a term, and one history before it.
void Invariants::entry_seen(const ServerShadow& at, LogIndex index, Term prev_term,
                            const EntryFacts& facts) {
  if (seen_.size() <= index.value) seen_.resize(index.value + 1);
  std::vector<Seen>& known = seen_[index.value];
  for (const Seen& seen : known) {
    if (seen.facts.term != facts.term) continue;
    if (seen.facts != facts) {
      violated("log matching: " + at.id.value + " holds " + text_of(index, facts) +
               ", elsewhere it is " + text_of(index, seen.facts));
    }
    if (seen.prev_term != prev_term) {
      violated("log matching: before " + text_of(index, facts) + " " + at.id.value +
               " holds an entry of term " + to_string(prev_term) + ", elsewhere it is of term " +
               to_string(seen.prev_term));
    }
    return;
  }
  known.push_back({.facts = facts, .prev_term = prev_term});
}

void Invariants::entries_seen(ServerShadow& at, const EntryView& entries, Term prev_term) {
  entries.for_each([&](const Entry& entry) {
    entry_seen(at, entry.index, prev_term, facts_of(entry));
    prev_term = entry.term;
    if (entry.kind == EntryKind::configuration) configuration_seen(entry);
  });
}

void Invariants::configuration_seen(const Entry& entry) {
  const auto [known, is_new] =
      configurations_.try_emplace(LogPosition{.term = entry.term, .index = entry.index});
  if (!is_new) return;
  Result<Configuration> decoded = wire::decode_configuration(entry.data);
  if (!decoded) return violated("configurations: " + decoded.error().detail);
  known->second = *std::move(decoded);
}

// What was durable is still there, whatever crashed; a write in flight is there whole or not at
// all.
void Invariants::log_opened(std::size_t server, IndexRange range, const ShadowLog& end) {
  ServerShadow& at = shadows_[server];
  const auto came_back_as = [&](const ShadowLog& expected) {
    if (range.last != expected.last() || range.first > expected.first()) return false;
    for (LogIndex i = std::max(end.first(), expected.first()); i <= range.last; i = next(i)) {
      if (*end.find(i) != *expected.find(i)) return false;
    }
    return true;
  };
  if (came_back_as(at.log)) {
    if (at.log_in_flight) {
      ++counters_.writes_lost;
      coverage_.happened(Sometimes::write_lost_in_crash);
    }
  } else {
    if (at.log_in_flight) coverage_.happened(Sometimes::write_kept_in_crash);
    ShadowLog with_write = at.log;
    if (at.log_in_flight) with_write.write(*at.log_in_flight);
    if (at.prefix_in_flight) with_write.truncate_prefix(*at.prefix_in_flight);
    if (!came_back_as(with_write)) {
      violated("durability: the log of " + at.id.value + " came back as " + to_string(range.first) +
               ".." + to_string(range.last) + ", confirmed durable was " +
               to_string(at.log.first()) + ".." + to_string(at.log.last()) +
               ", with what was in flight up to " + to_string(with_write.last()));
    }
    at.log = std::move(with_write);
  }
  at.log_in_flight.reset();
  at.prefix_in_flight.reset();
  if (recovering_ == server) commit_everything(at);
  recovering_.reset();
}

void Invariants::log_read(std::size_t server, const EntryView& entries) {
  const ServerShadow& at = shadows_[server];
  entries.for_each([&](const Entry& entry) {
    const EntryFacts* written = at.log.find(entry.index);
    const EntryFacts read = facts_of(entry);
    if (written == nullptr || *written == read) return;
    violated("corruption is never silent: the log of " + at.id.value + " gives " +
             text_of(entry.index, read) + ", written was " + text_of(entry.index, *written));
  });
}

void Invariants::log_write_begins(std::size_t server, const LogBatch& batch) {
  ServerShadow& at = shadows_[server];
  if (!at.prefix_in_flight) at.log_in_flight = batch;  // else that has failed, and this is refused
  check_truncation(at, batch);
  if (batch.restart_after) check_restart(at, batch);
  // A leader may die in this very write; what it called committed is committed.
  commit_advances(at, batch.commit_hint, "saves");
  if (batch.entries.empty()) return;
  const LogIndex prev = previous(batch.entries.first_index());
  const auto prev_term = batch.restart_after && batch.restart_after->index == prev
                             ? std::optional{batch.restart_after->term}
                             : at.log.term_at(prev);
  if (!prev_term) return violated("a gap: " + at.id.value + " appends behind " + to_string(prev));
  entries_seen(at, batch.entries, *prev_term);
  if (writes_as_leader(at)) {
    batch.entries.for_each([&](const Entry& entry) {
      if (entry.term == at.led) return;
      violated("a leader stamps its own term: " + at.id.value + " leads in " + to_string(at.led) +
               " and appends " + text_of(entry.index, facts_of(entry)));
    });
  }
  if (at.hard_state.term < batch.entries.back().term) {
    violated("the term before its entries: " + at.id.value + " writes an entry of term " +
             to_string(batch.entries.back().term) + ", durable is " + text_of(at.hard_state));
  }
}

void Invariants::check_truncation(const ServerShadow& at, const LogBatch& batch) {
  if (!batch.truncate_from || *batch.truncate_from > at.log.last()) return;
  const LogIndex from = *batch.truncate_from;
  const std::string where = at.id.value + " truncates its log from " + to_string(from);
  if (writes_as_leader(at)) {
    violated("leader append-only: " + where + " while it leads in term " + to_string(at.led));
  }
  if (from <= at.acknowledged && at.acknowledged_in == at.hard_state.term) {
    violated("acknowledged entries: " + where + ", it has confirmed " + to_string(at.acknowledged) +
             " in term " + to_string(at.acknowledged_in));
  }
  check_truncated(at, batch, where);
}

// What a leader of an earlier term cut before it heard of the commit is no loss: the quorum that
// committed stands without this server (paper §5.4.3). Whoever ordered the cut leads in the term of
// the last entry that takes its place, or in a later one.
void Invariants::check_truncated(const ServerShadow& at, const LogBatch& batch,
                                 const std::string& where) {
  const LogIndex binding =
      batch.entries.empty() ? last_committed() : committed_before(next(batch.entries.back().term));
  for (LogIndex i = *batch.truncate_from; i <= at.log.last() && i <= binding; i = next(i)) {
    if (*at.log.find(i) != *committed(i)) break;
    violated("committed entries: " + where + ", but " + text_of(i, *committed(i)) +
             " is committed since term " + to_string(committed_in_[i.value - 1]));
  }
}

void Invariants::log_written(std::size_t server, const LogBatch& batch) {
  ServerShadow& at = shadows_[server];
  if (batch.truncate_from && *batch.truncate_from <= at.log.last()) ++counters_.truncations;
  if (batch.restart_after) ++counters_.logs_restarted;
  count_log_change(at, batch);
  at.log.write(batch);
  at.log_in_flight.reset();
  if (at.acknowledged > at.log.last()) at.acknowledged = at.log.last();
  bool changes = false;
  batch.entries.for_each(
      [&](const Entry& entry) { changes = changes || entry.kind == EntryKind::configuration; });
  if (changes) check_who_could_lead();
}

void Invariants::prefix_truncation_begins(std::size_t server, LogIndex last_removed) {
  ServerShadow& at = shadows_[server];
  check_compaction(at, last_removed);
  if (!at.log_in_flight) at.prefix_in_flight = last_removed;  // else that has failed
}

void Invariants::prefix_truncated(std::size_t server, LogIndex last_removed) {
  ++counters_.compactions;
  shadows_[server].log.truncate_prefix(last_removed);
  shadows_[server].prefix_in_flight.reset();
}

void Invariants::hard_state_opened(std::size_t server, const HardState& found) {
  ServerShadow& at = shadows_[server];
  if (found != at.hard_state && found != at.hard_state_in_flight) {
    violated("durability: " + at.id.value + " came back with " + text_of(found) +
             ", confirmed durable was " + text_of(at.hard_state));
  }
  if (at.hard_state_in_flight && at.hard_state_in_flight != at.hard_state) {
    coverage_.happened(found == at.hard_state ? Sometimes::vote_lost_in_crash
                                              : Sometimes::vote_kept_in_crash);
  }
  at.hard_state = found;
  at.hard_state_in_flight.reset();
}

void Invariants::hard_state_write_begins(std::size_t server, const HardState& hard_state) {
  ServerShadow& at = shadows_[server];
  at.hard_state_in_flight = hard_state;
  if (hard_state.term < at.hard_state.term) {
    violated("the term only grows: " + at.id.value + " saves " + text_of(hard_state) + " after " +
             text_of(at.hard_state));
  }
  if (hard_state.term == at.hard_state.term && at.hard_state.vote &&
      hard_state.vote != at.hard_state.vote) {
    violated("one vote in a term: " + at.id.value + " saves " + text_of(hard_state) + " after " +
             text_of(at.hard_state));
  }
}

void Invariants::hard_state_written(std::size_t server, const HardState& hard_state) {
  shadows_[server].hard_state = hard_state;
  shadows_[server].hard_state_in_flight.reset();
}

}  // namespace proa::testing
