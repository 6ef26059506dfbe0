#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proa/core/input.hpp"

namespace proa::core {

/// A leader's own entries: proposals, its no-op, a configuration. The driver makes them.
struct OwnEntries {
  LogIndex first = {};
  std::uint32_t count = 1;
  Term term = {};
  EntryKind kind = EntryKind::command;
  ProposalId first_proposal = {};  ///< 0 for the no-op: nobody waits
  std::shared_ptr<const Configuration> configuration = {};
  friend bool operator==(const OwnEntries&, const OwnEntries&) = default;
};

/// The part of a received AppendEntries that is new here. The driver has the payloads.
struct ReceivedEntries {
  RequestId request = {};
  IndexRange entries = {};
  friend bool operator==(const ReceivedEntries&, const ReceivedEntries&) = default;
};

/// A snapshot has replaced the log, which goes on after this position.
struct LogRestarted {
  LogPosition after = {};
  friend bool operator==(const LogRestarted&, const LogRestarted&) = default;
};

/// What happens to the end of the log, in order. Entries that begin at or before the present end
/// first cut the log there.
using Appended = std::variant<OwnEntries, ReceivedEntries, LogRestarted>;

/// A request without entries. AppendEntries goes here only as a heartbeat.
struct SendRequest {
  PeerId to = {};
  Request message = {};
  Sent what = {};  ///< the driver sets sent_at
  friend bool operator==(const SendRequest&, const SendRequest&) = default;
};

struct Answer {
  RequestId to = {};
  Reply reply = {};
  friend bool operator==(const Answer&, const Answer&) = default;
};

using Send = std::variant<SendRequest, Answer>;

/// The leader's entries for one peer, which may be one that the latest configuration has no more:
/// it hears of its removal until that is committed. An empty range is an idle append. `entries` is
/// an upper bound: the driver sends a prefix that fits its byte limits and steps EntriesSent. It
/// stamps `term`, never the current one.
struct SendEntries {
  PeerId to = {};
  Term term = {};
  LogPosition prev = {};
  IndexRange entries = {};
  LogIndex commit = {};
  Generation generation = {};
  ReadRound round = {};
  friend bool operator==(const SendEntries&, const SendEntries&) = default;
};

/// The newest stored snapshot goes to a peer that needs entries we no longer have. Its Sent names
/// the snapshot's end as `last`.
struct SendSnapshot {
  PeerId to = {};
  Term term = {};
  Generation generation = {};
  LogIndex end_min = {};  ///< the log goes on behind this: one that ends earlier is of no use
  friend bool operator==(const SendSnapshot&, const SendSnapshot&) = default;
};

/// A state from outside is to be stored as a snapshot of our own with this end. Meanwhile nothing
/// is appended.
struct RestoreOrder {
  ProposalId id = {};
  LogPosition last = {};
  ConfigurationAt configuration = {};
  friend bool operator==(const RestoreOrder&, const RestoreOrder&) = default;
};

/// Carried out whole, in order of ticket; the next one starts after this one is synced.
struct Write {
  Ticket ticket = {};
  std::optional<HardState> hard_state = {};  ///< first, and synced first
  std::optional<LogIndex> truncate_from = {};
  std::optional<LogPosition> restart_after = {};  ///< a snapshot replaces the log
  IndexRange append = {};                         ///< the driver fills in the entries
  LogIndex commit_hint = {};
  friend bool operator==(const Write&, const Write&) = default;
};

/// A proposal, change, read or transfer has ended without an entry to wait for: refused, or, for a
/// confirmed read, with the index that must be applied before it is answered.
struct Completion {
  ProposalId first = {};
  std::uint32_t count = 1;
  std::optional<Error> error = {};
  LogIndex index = {};
  friend bool operator==(const Completion&, const Completion&) = default;
};

/// Something that must not happen in a healthy cluster and that an operator should hear of. The
/// protocol has dealt with it.
struct Incident {
  enum class Kind : std::uint8_t {
    peer_lost_log,       ///< a follower acknowledged entries that it no longer has
    second_leader,       ///< refused: two servers claim to lead in one term
    malformed_request,   ///< refused: its parts contradict each other
    commit_contradicted  ///< refused: a leader wants committed entries replaced
  };
  Kind kind = {};
  PeerId peer = {};
  std::string detail = {};
  friend bool operator==(const Incident&, const Incident&) = default;
};

/// What the step wants done. Carried out from top to bottom.
struct Effects {
  std::vector<Appended> appended = {};  ///< for the tail and the book of proposals
  std::vector<Send> send_now = {};      ///< needs nothing that is still on its way to our disk
  std::vector<SendEntries> entries_now = {};  ///< the leader sends before its own sync
  std::vector<SendSnapshot> snapshots_now = {};
  std::optional<Write> write = {};
  std::optional<RequestId> install = {};  ///< store this snapshot and restore it
  std::optional<RestoreOrder> restore = {};
  std::optional<IndexRange> apply = {};  ///< newly committed and durable; each index once
  std::optional<LogIndex> compact = {};  ///< remove the log up to here
  /// Leadership ended: proposals of ours that are not yet committed have an unknown outcome.
  bool lost_leadership = false;
  bool removed = false;  ///< committed: we are no voter any more (shutdown_on_remove)
  std::vector<Completion> complete = {};
  std::vector<Incident> incidents = {};
};

}  // namespace proa::core
