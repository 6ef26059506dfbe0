#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "proa/base/result.hpp"
#include "proa/model/messages.hpp"
#include "proa/wire/frames.hpp"
#include "proa/wire/message_encoder.hpp"

namespace proa::wire {

/// The protocol version that we speak, and the oldest we still understand (reference §7).
inline constexpr std::int64_t kProtocolVersion = 3;
inline constexpr std::int64_t kProtocolVersionMin = 2;

/// What a server of the model answers to a request of another version.
inline constexpr std::string_view kUnsupportedProtocolText =
    "operation not supported with current protocol version";

RpcKind kind_of(const Request& request);

EncodedMessage encode(const Request& request);
/// Without the state, which follows as raw bytes.
EncodedMessage encode(const InstallSnapshotRequest& request);
/// An error goes as its text. `local` is who answers. `reply` must be of the kind that was asked
/// for.
EncodedMessage encode_reply(RpcKind kind, const Result<Reply>& reply, const Sender& local);

using ArrivedMessage = std::variant<Request, InstallSnapshotRequest>;

// From the wire. Errors are what the sender is to be told: unsupported_protocol with the model's
// text, or protocol_error for what decodes but cannot be meant.
Result<ArrivedMessage> message_of(AppendEntriesRequestFrame&& frame);
Result<ArrivedMessage> message_of(RequestVoteRequestFrame&& frame);
Result<ArrivedMessage> message_of(RequestPreVoteRequestFrame&& frame);
Result<ArrivedMessage> message_of(InstallSnapshotRequestFrame&& frame);
Result<ArrivedMessage> message_of(TimeoutNowRequestFrame&& frame);

// From the wire. The header of a reply is never examined.
Reply message_of(const AppendEntriesReplyFrame& frame);
Reply message_of(const RequestVoteReplyFrame& frame);
Reply message_of(const RequestPreVoteReplyFrame& frame);
Reply message_of(const InstallSnapshotReplyFrame& frame);
Reply message_of(const TimeoutNowReplyFrame& frame);

// To the wire, as a server of protocol version 3 fills them.
AppendEntriesRequestFrame frame_of(const AppendEntriesRequest& request);
RequestVoteRequestFrame frame_of(const RequestVoteRequest& request);
RequestPreVoteRequestFrame frame_of(const RequestPreVoteRequest& request);
InstallSnapshotRequestFrame frame_of(const InstallSnapshotRequest& request);
TimeoutNowRequestFrame frame_of(const TimeoutNowRequest& request);
AppendEntriesReplyFrame frame_of(const AppendEntriesReply& reply, const Sender& local);
RequestVoteReplyFrame frame_of(const RequestVoteReply& reply, const Sender& local);
RequestPreVoteReplyFrame frame_of(const RequestPreVoteReply& reply, const Sender& local);
InstallSnapshotReplyFrame frame_of(const InstallSnapshotReply& reply, const Sender& local);
TimeoutNowReplyFrame frame_of(const TimeoutNowReply& reply, const Sender& local);

}  // namespace proa::wire
