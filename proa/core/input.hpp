#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "proa/base/error.hpp"
#include "proa/base/ids.hpp"
#include "proa/base/time.hpp"
#include "proa/model/configuration.hpp"
#include "proa/model/log_summary.hpp"
#include "proa/model/messages.hpp"

namespace proa::core {

using PeerId = ServerId;

/// Names what a caller waits for: a command, a read, a change. Chosen by the driver, strictly
/// increasing, never used twice. 0: nobody waits.
struct ProposalId {
  std::uint64_t value = 0;
  friend auto operator<=>(const ProposalId&, const ProposalId&) = default;
};

/// Names a request of another server that waits for its answer. Chosen by the driver.
struct RequestId {
  std::uint64_t value = 0;
  friend auto operator<=>(const RequestId&, const RequestId&) = default;
};

/// Orders the writes to disk; strictly increasing in this process.
struct Ticket {
  std::uint64_t value = 0;
  friend auto operator<=>(const Ticket&, const Ticket&) = default;
};

/// Counts how often replication to a peer has started over. Replies to what was sent in an older
/// generation are ignored.
struct Generation {
  std::uint64_t value = 0;
  friend auto operator<=>(const Generation&, const Generation&) = default;
};

/// Counts the rounds that confirm leadership for reads (thesis §6.4). 0: none.
struct ReadRound {
  std::uint64_t value = 0;
  friend auto operator<=>(const ReadRound&, const ReadRound&) = default;
};

/// `append` is whatever belongs to a generation: entries, idle appends, snapshots.
enum class SentKind : std::uint8_t { append, heartbeat, vote, timeout_now };

/// What the driver remembers of a request until its reply comes, and gives back with it.
struct Sent {
  Term term = {};
  LogPosition prev = {};
  LogIndex last = {};  ///< last entry sent; prev.index if there was none; the snapshot's last
  Generation generation = {};
  ReadRound round = {};  ///< the newest read round registered when it left
  Instant sent_at = {};
  SentKind kind = SentKind::append;
  friend bool operator==(const Sent&, const Sent&) = default;
};

/// AppendEntries as the core sees it: the entries' summary instead of their payloads.
struct AppendEntriesInfo {
  Term term = {};
  Sender leader = {};
  LogPosition prev_log = {};
  EntriesSummary entries = {};
  LogIndex leader_commit = {};
  bool heartbeat = false;
  friend bool operator==(const AppendEntriesInfo&, const AppendEntriesInfo&) = default;
};

/// The point of time in Consensus::deadline() has come, or may have.
struct DeadlineReached {};

/// `count` proposals with consecutive ids, all of one kind: command or barrier.
struct Proposed {
  ProposalId first = {};
  std::uint32_t count = 1;
  EntryKind kind = EntryKind::command;
};

enum class ChangeKind : std::uint8_t { add_voter, add_nonvoter, demote_voter, remove_server };

/// A change of the configuration is wanted (reference §8.13).
struct ChangeRequested {
  ProposalId id = {};
  ChangeKind kind = {};
  Server server = {};      ///< suffrage is ignored; address too where only the id matters
  LogIndex based_on = {};  ///< 0: whichever configuration is the latest
};

/// A linearizable read (thesis §6.4), or, with `verify_only`, the question whether we still lead.
/// With `unconfirmed` it is enough that we believe so.
struct ReadRequested {
  ProposalId id = {};
  bool verify_only = false;
  bool unconfirmed = false;
};

/// Leadership is to go to `to`, or to the best follower (thesis §3.10).
struct TransferRequested {
  ProposalId id = {};
  std::optional<ServerId> to = {};
};

/// Every write up to this ticket is on disk. Cumulative.
struct Persisted {
  Ticket up_to = {};
};

/// The state machine has run everything up to here.
struct AppliedUpTo {
  LogIndex index = {};
};

/// A SendEntries was carried out up to `last`; it alone moves next_index.
struct EntriesSent {
  PeerId to = {};
  Generation generation = {};
  LogIndex last = {};
};

/// A send that found the window full may be tried again.
struct PeerWritable {
  PeerId to = {};
  Generation generation = {};
};

/// The entries a SendEntries named are in the log no more: the peer needs a snapshot.
struct EntriesUnavailable {
  PeerId to = {};
  Generation generation = {};
};

/// No reply will come to what was sent.
struct RequestFailed {
  PeerId to = {};
  Sent what = {};
};

/// A request of another server, to be answered with an Answer to `id`.
template <class M>
struct Received {
  RequestId id = {};
  M message = {};
};

/// The reply to what we sent.
template <class M>
struct Replied {
  PeerId from = {};
  Sent what = {};
  M message = {};
};

/// A snapshot of our own state machine is stored.
struct SnapshotTaken {
  SnapshotMeta snapshot = {};
};

/// What became of an Effects::install: stored and restored into the state machine, or not.
struct SnapshotInstalled {
  RequestId id = {};
  std::optional<Error> error = {};
};

/// The state of the whole cluster is to become that of a snapshot from outside, which ends at this
/// index of another history (reference §8.16).
struct RestoreRequested {
  ProposalId id = {};
  LogIndex snapshot_last = {};
};

/// What became of an Effects::restore: stored, and durable, or not.
struct RestoreStored {
  ProposalId id = {};
  std::optional<Error> error = {};
};

/// Everything that can happen to the protocol. There is no other way in.
using Input =
    std::variant<DeadlineReached, Proposed, ChangeRequested, ReadRequested, TransferRequested,
                 Persisted, AppliedUpTo, EntriesSent, PeerWritable, EntriesUnavailable,
                 RequestFailed, Received<RequestVoteRequest>, Received<RequestPreVoteRequest>,
                 Received<AppendEntriesInfo>, Received<TimeoutNowRequest>,
                 Received<InstallSnapshotRequest>, Replied<RequestVoteReply>,
                 Replied<RequestPreVoteReply>, Replied<AppendEntriesReply>,
                 Replied<TimeoutNowReply>, Replied<InstallSnapshotReply>, SnapshotTaken,
                 SnapshotInstalled, RestoreRequested, RestoreStored>;

}  // namespace proa::core
