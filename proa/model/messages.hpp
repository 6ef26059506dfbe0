#pragma once

#include <cstdint>
#include <variant>

#include "proa/base/ids.hpp"
#include "proa/model/entry.hpp"
#include "proa/model/hard_state.hpp"
#include "proa/model/snapshot_meta.hpp"

namespace proa {

/// AppendEntries, arguments (paper Figure 2, §5.3). The sender is the leader.
struct AppendEntriesRequest {
  Term term = {};
  Sender leader = {};
  LogPosition prev_log = {};  ///< the entry right before the new ones
  EntryView entries = {};     ///< empty in heartbeats and idle appends
  LogIndex leader_commit = {};
  bool heartbeat = false;  ///< nothing but "I lead": no consistency check, no commit index
  friend bool operator==(const AppendEntriesRequest&, const AppendEntriesRequest&) = default;
};

/// AppendEntries, results (paper Figure 2; the last two are the model's).
struct AppendEntriesReply {
  Term term = {};                 ///< for the leader to update itself
  LogIndex last_log = {};         ///< the receiver's last index when the request arrived
  bool success = false;           ///< the entry at prev_log was there
  bool no_retry_backoff = false;  ///< the check of prev_log failed: try an earlier one at once
  friend bool operator==(const AppendEntriesReply&, const AppendEntriesReply&) = default;
};

/// RequestVote, arguments (paper Figure 2, §5.2).
struct RequestVoteRequest {
  Term term = {};                    ///< the term the candidate campaigns in
  Candidate candidate = {};          ///< who asks: id, and the address that the model compares
  LogPosition last_log = {};         ///< end of the candidate's log, for the check of §5.4.1
  bool leadership_transfer = false;  ///< the leader asked for this election (thesis §3.10)
  friend bool operator==(const RequestVoteRequest&, const RequestVoteRequest&) = default;
};

/// RequestVote, results (paper Figure 2).
struct RequestVoteReply {
  Term term = {};
  bool granted = false;
  friend bool operator==(const RequestVoteReply&, const RequestVoteReply&) = default;
};

/// Would you vote for me? (thesis §9.6). `term` is the one the candidate would campaign in.
struct RequestPreVoteRequest {
  Term term = {};
  Candidate candidate = {};
  LogPosition last_log = {};
  friend bool operator==(const RequestPreVoteRequest&, const RequestPreVoteRequest&) = default;
};

struct RequestPreVoteReply {
  Term term = {};
  bool granted = false;
  friend bool operator==(const RequestPreVoteReply&, const RequestPreVoteReply&) = default;
};

/// Start an election at once (thesis §3.10). Carries no term, as the model's.
struct TimeoutNowRequest {
  Sender leader = {};
  friend bool operator==(const TimeoutNowRequest&, const TimeoutNowRequest&) = default;
};

struct TimeoutNowReply {
  friend bool operator==(const TimeoutNowReply&, const TimeoutNowReply&) = default;
};

/// InstallSnapshot, arguments (paper Figure 13), in one request: the state follows as a stream of
/// exactly `snapshot.size` bytes.
struct InstallSnapshotRequest {
  Term term = {};
  Sender leader = {};
  SnapshotMeta snapshot = {};
  friend bool operator==(const InstallSnapshotRequest&, const InstallSnapshotRequest&) = default;
};

struct InstallSnapshotReply {
  Term term = {};
  bool success = false;
  friend bool operator==(const InstallSnapshotReply&, const InstallSnapshotReply&) = default;
};

/// What goes through Peer::send; InstallSnapshot has a way of its own because of its stream.
using Request = std::variant<AppendEntriesRequest, RequestVoteRequest, RequestPreVoteRequest,
                             TimeoutNowRequest>;
using Reply = std::variant<AppendEntriesReply, RequestVoteReply, RequestPreVoteReply,
                           TimeoutNowReply, InstallSnapshotReply>;

}  // namespace proa
