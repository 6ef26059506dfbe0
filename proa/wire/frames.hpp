#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "proa/model/entry.hpp"

namespace proa::wire {

/// The model's RPCs; the number is the first byte of a request (reference §6.1).
enum class RpcKind : std::uint8_t {
  append_entries = 0,
  request_vote = 1,
  install_snapshot = 2,
  timeout_now = 3,
  request_pre_vote = 4,
};

/// A string or byte string of the wire, which tells an absent one (nil) from an empty one.
using Text = std::optional<std::string>;

/// Three fields of every request and reply; on the wire they are siblings of the others.
struct RpcHeader {
  std::int64_t protocol_version = 0;
  Text id = {};
  Text addr = {};
  friend bool operator==(const RpcHeader&, const RpcHeader&) = default;
};

/// The Entries of an AppendEntries: absent in heartbeats.
struct EntryList {
  bool is_present = false;
  EntryView entries = {};
  friend bool operator==(const EntryList&, const EntryList&) = default;
};

// The structs of the wire, field for field (reference §6.6), with what the messages of proa/model
// leave out. `visit` shows the fields in the order in which they are written, which is that of the
// names' bytes; `kDeclared` is the order in which they stand when a struct comes as an array.

struct AppendEntriesRequestFrame {
  static constexpr RpcKind kKind = RpcKind::append_entries;
  static constexpr std::array<std::string_view, 9> kDeclared{
      "ProtocolVersion",  "ID", "Addr", "Term", "Leader", "PrevLogEntry", "PrevLogTerm", "Entries",
      "LeaderCommitIndex"};

  RpcHeader header = {};
  std::uint64_t term = 0;
  Text leader = {};  ///< deprecated: the sender's address
  std::uint64_t prev_log_entry = 0;
  std::uint64_t prev_log_term = 0;
  EntryList entries = {};
  std::uint64_t leader_commit_index = 0;

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("Entries", frame.entries);
    visit_field("ID", frame.header.id);
    visit_field("Leader", frame.leader);
    visit_field("LeaderCommitIndex", frame.leader_commit_index);
    visit_field("PrevLogEntry", frame.prev_log_entry);
    visit_field("PrevLogTerm", frame.prev_log_term);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const AppendEntriesRequestFrame&,
                         const AppendEntriesRequestFrame&) = default;
};

struct AppendEntriesReplyFrame {
  static constexpr RpcKind kKind = RpcKind::append_entries;
  static constexpr std::array<std::string_view, 7> kDeclared{
      "ProtocolVersion", "ID", "Addr", "Term", "LastLog", "Success", "NoRetryBackoff"};

  RpcHeader header = {};
  std::uint64_t term = 0;
  std::uint64_t last_log = 0;
  bool success = false;
  bool no_retry_backoff = false;

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("ID", frame.header.id);
    visit_field("LastLog", frame.last_log);
    visit_field("NoRetryBackoff", frame.no_retry_backoff);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Success", frame.success);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const AppendEntriesReplyFrame&, const AppendEntriesReplyFrame&) = default;
};

struct RequestVoteRequestFrame {
  static constexpr RpcKind kKind = RpcKind::request_vote;
  static constexpr std::array<std::string_view, 8> kDeclared{
      "ProtocolVersion", "ID",           "Addr",        "Term",
      "Candidate",       "LastLogIndex", "LastLogTerm", "LeadershipTransfer"};

  RpcHeader header = {};
  std::uint64_t term = 0;
  Text candidate = {};  ///< deprecated: the sender's address
  std::uint64_t last_log_index = 0;
  std::uint64_t last_log_term = 0;
  bool leadership_transfer = false;

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("Candidate", frame.candidate);
    visit_field("ID", frame.header.id);
    visit_field("LastLogIndex", frame.last_log_index);
    visit_field("LastLogTerm", frame.last_log_term);
    visit_field("LeadershipTransfer", frame.leadership_transfer);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const RequestVoteRequestFrame&, const RequestVoteRequestFrame&) = default;
};

struct RequestVoteReplyFrame {
  static constexpr RpcKind kKind = RpcKind::request_vote;
  static constexpr std::array<std::string_view, 6> kDeclared{
      "ProtocolVersion", "ID", "Addr", "Term", "Peers", "Granted"};

  RpcHeader header = {};
  std::uint64_t term = 0;
  Text peers = {};  ///< deprecated
  bool granted = false;

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("Granted", frame.granted);
    visit_field("ID", frame.header.id);
    visit_field("Peers", frame.peers);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const RequestVoteReplyFrame&, const RequestVoteReplyFrame&) = default;
};

struct RequestPreVoteRequestFrame {
  static constexpr RpcKind kKind = RpcKind::request_pre_vote;
  static constexpr std::array<std::string_view, 6> kDeclared{
      "ProtocolVersion", "ID", "Addr", "Term", "LastLogIndex", "LastLogTerm"};

  RpcHeader header = {};
  std::uint64_t term = 0;
  std::uint64_t last_log_index = 0;
  std::uint64_t last_log_term = 0;

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("ID", frame.header.id);
    visit_field("LastLogIndex", frame.last_log_index);
    visit_field("LastLogTerm", frame.last_log_term);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const RequestPreVoteRequestFrame&,
                         const RequestPreVoteRequestFrame&) = default;
};

struct RequestPreVoteReplyFrame {
  static constexpr RpcKind kKind = RpcKind::request_pre_vote;
  static constexpr std::array<std::string_view, 5> kDeclared{"ProtocolVersion", "ID", "Addr",
                                                             "Term", "Granted"};

  RpcHeader header = {};
  std::uint64_t term = 0;
  bool granted = false;

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("Granted", frame.granted);
    visit_field("ID", frame.header.id);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const RequestPreVoteReplyFrame&,
                         const RequestPreVoteReplyFrame&) = default;
};

struct InstallSnapshotRequestFrame {
  static constexpr RpcKind kKind = RpcKind::install_snapshot;
  static constexpr std::array<std::string_view, 12> kDeclared{"ProtocolVersion",
                                                              "ID",
                                                              "Addr",
                                                              "SnapshotVersion",
                                                              "Term",
                                                              "Leader",
                                                              "LastLogIndex",
                                                              "LastLogTerm",
                                                              "Peers",
                                                              "Configuration",
                                                              "ConfigurationIndex",
                                                              "Size"};

  RpcHeader header = {};
  std::int64_t snapshot_version = 0;
  std::uint64_t term = 0;
  Text leader = {};  ///< deprecated: the sender's address
  std::uint64_t last_log_index = 0;
  std::uint64_t last_log_term = 0;
  Text peers = {};  ///< deprecated: the voters' addresses
  Text configuration = {};
  std::uint64_t configuration_index = 0;
  std::int64_t size = 0;  ///< raw bytes that follow the frame

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("Configuration", frame.configuration);
    visit_field("ConfigurationIndex", frame.configuration_index);
    visit_field("ID", frame.header.id);
    visit_field("LastLogIndex", frame.last_log_index);
    visit_field("LastLogTerm", frame.last_log_term);
    visit_field("Leader", frame.leader);
    visit_field("Peers", frame.peers);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Size", frame.size);
    visit_field("SnapshotVersion", frame.snapshot_version);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const InstallSnapshotRequestFrame&,
                         const InstallSnapshotRequestFrame&) = default;
};

struct InstallSnapshotReplyFrame {
  static constexpr RpcKind kKind = RpcKind::install_snapshot;
  static constexpr std::array<std::string_view, 5> kDeclared{"ProtocolVersion", "ID", "Addr",
                                                             "Term", "Success"};

  RpcHeader header = {};  ///< the model leaves it empty
  std::uint64_t term = 0;
  bool success = false;

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("ID", frame.header.id);
    visit_field("ProtocolVersion", frame.header.protocol_version);
    visit_field("Success", frame.success);
    visit_field("Term", frame.term);
  }
  friend bool operator==(const InstallSnapshotReplyFrame&,
                         const InstallSnapshotReplyFrame&) = default;
};

struct TimeoutNowRequestFrame {
  static constexpr RpcKind kKind = RpcKind::timeout_now;
  static constexpr std::array<std::string_view, 3> kDeclared{"ProtocolVersion", "ID", "Addr"};

  RpcHeader header = {};

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("ID", frame.header.id);
    visit_field("ProtocolVersion", frame.header.protocol_version);
  }
  friend bool operator==(const TimeoutNowRequestFrame&, const TimeoutNowRequestFrame&) = default;
};

struct TimeoutNowReplyFrame {
  static constexpr RpcKind kKind = RpcKind::timeout_now;
  static constexpr std::array<std::string_view, 3> kDeclared{"ProtocolVersion", "ID", "Addr"};

  RpcHeader header = {};  ///< the model leaves it empty

  template <class Frame, class Visit>
  static void visit(Frame& frame, Visit&& visit_field) {
    visit_field("Addr", frame.header.addr);
    visit_field("ID", frame.header.id);
    visit_field("ProtocolVersion", frame.header.protocol_version);
  }
  friend bool operator==(const TimeoutNowReplyFrame&, const TimeoutNowReplyFrame&) = default;
};

using RequestFrame =
    std::variant<AppendEntriesRequestFrame, RequestVoteRequestFrame, InstallSnapshotRequestFrame,
                 TimeoutNowRequestFrame, RequestPreVoteRequestFrame>;
using ReplyFrame =
    std::variant<AppendEntriesReplyFrame, RequestVoteReplyFrame, InstallSnapshotReplyFrame,
                 TimeoutNowReplyFrame, RequestPreVoteReplyFrame>;

}  // namespace proa::wire
