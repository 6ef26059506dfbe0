#include "proa/wire/messages_codec.hpp"

#include "proa/wire/configuration_codec.hpp"

namespace proa::wire {
namespace {

// ---- Who sends (reference §6.7) ----

Text text_of_bytes(const SharedBytes& bytes) { return std::string{text_of(bytes)}; }

const Text& given(const Text& text, const Text& deprecated) {
  return text.value_or("").empty() ? deprecated : text;
}

Sender sender(const RpcHeader& header, const Text& address) {
  return {.id = {header.id.value_or("")}, .address = {address.value_or("")}};
}

RpcHeader header_of(const Sender& sender) {
  return {
      .protocol_version = kProtocolVersion, .id = sender.id.value, .addr = sender.address.value};
}

Result<void> check_version(const RpcHeader& header) {
  const std::int64_t version = header.protocol_version;
  if (version >= kProtocolVersionMin && version <= kProtocolVersion) return {};
  return fail(Errc::unsupported_protocol, std::string{kUnsupportedProtocolText});
}

// ---- AppendEntries ----

/// The model's fast path (reference §6.9). An address that is present and empty is one.
bool is_heartbeat(const AppendEntriesRequestFrame& frame) {
  return frame.term != 0 && given(frame.header.addr, frame.leader).has_value() &&
         frame.prev_log_entry == 0 && frame.prev_log_term == 0 && frame.entries.entries.empty() &&
         frame.leader_commit_index == 0;
}

/// What follows relies on it: entry by entry one index further, from the previous entry on.
Result<void> check_indexes(const AppendEntriesRequestFrame& frame) {
  LogIndex before{frame.prev_log_entry};
  for (const EntryRun& run : frame.entries.entries.runs()) {
    for (const Entry& entry : run.entries()) {
      const bool follows = entry.index == next(before) && entry.index > before;
      if (!follows) {
        return fail(Errc::protocol_error, "entries are not consecutive: index " +
                                              to_string(entry.index) + " follows index " +
                                              to_string(before));
      }
      before = entry.index;
    }
  }
  return {};
}

}  // namespace

Result<ArrivedMessage> message_of(AppendEntriesRequestFrame&& frame) {
  const bool heartbeat = is_heartbeat(frame);
  if (!heartbeat) PROA_TRY(check_version(frame.header));
  PROA_TRY(check_indexes(frame));
  return ArrivedMessage{
      AppendEntriesRequest{.term = Term{frame.term},
                           .leader = sender(frame.header, given(frame.header.addr, frame.leader)),
                           .prev_log = {Term{frame.prev_log_term}, LogIndex{frame.prev_log_entry}},
                           .entries = std::move(frame.entries.entries),
                           .leader_commit = LogIndex{frame.leader_commit_index},
                           .heartbeat = heartbeat}};
}

AppendEntriesRequestFrame frame_of(const AppendEntriesRequest& request) {
  AppendEntriesRequestFrame frame{.header = header_of(request.leader),
                                  .term = request.term.value,
                                  .leader = request.leader.address.value};
  if (request.heartbeat) return frame;
  frame.prev_log_entry = request.prev_log.index.value;
  frame.prev_log_term = request.prev_log.term.value;
  frame.entries = {.is_present = true, .entries = request.entries};
  frame.leader_commit_index = request.leader_commit.value;
  return frame;
}

Reply message_of(const AppendEntriesReplyFrame& frame) {
  return AppendEntriesReply{.term = Term{frame.term},
                            .last_log = LogIndex{frame.last_log},
                            .success = frame.success,
                            .no_retry_backoff = frame.no_retry_backoff};
}

AppendEntriesReplyFrame frame_of(const AppendEntriesReply& reply, const Sender& local) {
  return {.header = header_of(local),
          .term = reply.term.value,
          .last_log = reply.last_log.value,
          .success = reply.success,
          .no_retry_backoff = reply.no_retry_backoff};
}

// ---- Votes ----

Result<ArrivedMessage> message_of(RequestVoteRequestFrame&& frame) {
  PROA_TRY(check_version(frame.header));
  return ArrivedMessage{RequestVoteRequest{
      .term = Term{frame.term},
      .candidate = sender(frame.header, given(frame.header.addr, frame.candidate)),
      .last_log = {Term{frame.last_log_term}, LogIndex{frame.last_log_index}},
      .leadership_transfer = frame.leadership_transfer}};
}

RequestVoteRequestFrame frame_of(const RequestVoteRequest& request) {
  return {.header = header_of(request.candidate),
          .term = request.term.value,
          .candidate = request.candidate.address.value,
          .last_log_index = request.last_log.index.value,
          .last_log_term = request.last_log.term.value,
          .leadership_transfer = request.leadership_transfer};
}

Reply message_of(const RequestVoteReplyFrame& frame) {
  return RequestVoteReply{.term = Term{frame.term}, .granted = frame.granted};
}

RequestVoteReplyFrame frame_of(const RequestVoteReply& reply, const Sender& local) {
  return {.header = header_of(local), .term = reply.term.value, .granted = reply.granted};
}

Result<ArrivedMessage> message_of(RequestPreVoteRequestFrame&& frame) {
  PROA_TRY(check_version(frame.header));
  return ArrivedMessage{RequestPreVoteRequest{
      .term = Term{frame.term},
      .candidate = sender(frame.header, frame.header.addr),
      .last_log = {Term{frame.last_log_term}, LogIndex{frame.last_log_index}}}};
}

RequestPreVoteRequestFrame frame_of(const RequestPreVoteRequest& request) {
  return {.header = header_of(request.candidate),
          .term = request.term.value,
          .last_log_index = request.last_log.index.value,
          .last_log_term = request.last_log.term.value};
}

Reply message_of(const RequestPreVoteReplyFrame& frame) {
  return RequestPreVoteReply{.term = Term{frame.term}, .granted = frame.granted};
}

RequestPreVoteReplyFrame frame_of(const RequestPreVoteReply& reply, const Sender& local) {
  return {.header = header_of(local), .term = reply.term.value, .granted = reply.granted};
}

// ---- InstallSnapshot ----

namespace {

/// The configuration a snapshot holds (reference §8.16, point 4).
Result<ConfigurationAt> configuration_of(const InstallSnapshotRequestFrame& frame) {
  if (frame.snapshot_version == 0) {
    auto peers = decode_peers(view_of(frame.peers.value_or("")));
    if (!peers)
      return fail(Errc::protocol_error, "failed to decode peers: " + peers.error().detail);
    return ConfigurationAt{std::move(*peers), LogIndex{frame.last_log_index}};
  }
  auto configuration = decode_configuration(view_of(frame.configuration.value_or("")));
  if (!configuration) {
    return fail(Errc::protocol_error,
                "failed to decode configuration: " + configuration.error().detail);
  }
  return ConfigurationAt{std::move(*configuration), LogIndex{frame.configuration_index}};
}

}  // namespace

Result<ArrivedMessage> message_of(InstallSnapshotRequestFrame&& frame) {
  PROA_TRY(check_version(frame.header));
  if (frame.snapshot_version < 0 || frame.snapshot_version > SnapshotMeta::kVersion) {
    return fail(Errc::protocol_error,
                "unsupported snapshot version " + std::to_string(frame.snapshot_version));
  }
  if (frame.size < 0) return fail(Errc::protocol_error, "a snapshot of a negative size");
  PROA_TRY(ConfigurationAt configuration, configuration_of(frame));
  const bool names_itself = !frame.header.id.value_or("").empty();
  return ArrivedMessage{InstallSnapshotRequest{
      .term = Term{frame.term},
      .leader = sender(frame.header, names_itself ? frame.header.addr : frame.leader),
      .snapshot = {.version = frame.snapshot_version,
                   .last = {Term{frame.last_log_term}, LogIndex{frame.last_log_index}},
                   .configuration = std::move(configuration),
                   .size = static_cast<std::uint64_t>(frame.size)}}};
}

InstallSnapshotRequestFrame frame_of(const InstallSnapshotRequest& request) {
  const SnapshotMeta& snapshot = request.snapshot;
  const Configuration& configuration = snapshot.configuration.configuration;
  PROA_ASSERT(snapshot.size <= static_cast<std::uint64_t>(INT64_MAX));
  return {.header = header_of(request.leader),
          .snapshot_version = SnapshotMeta::kVersion,
          .term = request.term.value,
          .leader = request.leader.address.value,
          .last_log_index = snapshot.last.index.value,
          .last_log_term = snapshot.last.term.value,
          .peers = text_of_bytes(encode_peers(configuration)),
          .configuration = text_of_bytes(encode_configuration(configuration)),
          .configuration_index = snapshot.configuration.index.value,
          .size = static_cast<std::int64_t>(snapshot.size)};
}

Reply message_of(const InstallSnapshotReplyFrame& frame) {
  return InstallSnapshotReply{.term = Term{frame.term}, .success = frame.success};
}

InstallSnapshotReplyFrame frame_of(const InstallSnapshotReply& reply, const Sender&) {
  return {.term = reply.term.value, .success = reply.success};
}

// ---- TimeoutNow ----

Result<ArrivedMessage> message_of(TimeoutNowRequestFrame&& frame) {
  PROA_TRY(check_version(frame.header));
  return ArrivedMessage{TimeoutNowRequest{.leader = sender(frame.header, frame.header.addr)}};
}

TimeoutNowRequestFrame frame_of(const TimeoutNowRequest& request) {
  return {.header = header_of(request.leader)};
}

Reply message_of(const TimeoutNowReplyFrame&) { return TimeoutNowReply{}; }

TimeoutNowReplyFrame frame_of(const TimeoutNowReply&, const Sender&) { return {}; }

// ---- Whole messages ----

namespace {

template <class Message>
constexpr RpcKind kKindOf = decltype(frame_of(std::declval<Message>()))::kKind;
template <class Message>
constexpr RpcKind kKindOfReply =
    decltype(frame_of(std::declval<Message>(), std::declval<Sender>()))::kKind;

/// The text of an error. Never empty, or the other side would take it for success.
std::string text_of_error(const Error& error) {
  if (error.code == Errc::unsupported_protocol) return std::string{kUnsupportedProtocolText};
  return error.detail.empty() ? std::string{to_string(error.code)} : error.detail;
}

}  // namespace

RpcKind kind_of(const Request& request) {
  return std::visit([]<class Message>(const Message&) { return kKindOf<Message>; }, request);
}

EncodedMessage encode(const Request& request) {
  return std::visit([](const auto& message) { return encode_frame(frame_of(message)); }, request);
}

EncodedMessage encode(const InstallSnapshotRequest& request) {
  return encode_frame(frame_of(request));
}

EncodedMessage encode_reply(RpcKind kind, const Result<Reply>& reply, const Sender& local) {
  if (!reply) return encode_reply_frame(text_of_error(reply.error()), std::nullopt);
  return std::visit(
      [&]<class Message>(const Message& message) {
        PROA_ASSERT(kKindOfReply<Message> == kind);
        return encode_reply_frame("", frame_of(message, local));
      },
      *reply);
}

}  // namespace proa::wire
