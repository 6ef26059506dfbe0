#include "proa/wire/frame_decoder.hpp"

#include <algorithm>

#include "proa/wire/frame_codec.hpp"

namespace proa::wire {
namespace {

constexpr std::size_t kTypeBytes = 1;

Failure undecodable(const char* what, const std::string& why) {
  return fail(Errc::protocol_error, std::string{what} + " does not decode: " + why);
}

/// An error if a message that has, or will have, `bytes` bytes is too large.
Result<void> check_limit(std::size_t bytes, const MessageLimit& limit) {
  if (bytes <= limit.bytes) return {};
  return fail(Errc::protocol_error, "a message of more than " + std::to_string(limit.bytes) +
                                        " bytes; if its sender is to be trusted, raise " +
                                        limit.setting);
}

/// Says that a message must wait for more bytes. So that these are not looked at again and again, a
/// scanner follows them to the end of the message.
Result<bool> is_all_there(std::optional<ValueScanner>& scanner, const SharedBytes& unread,
                          const MessageLimit& limit) {
  if (!scanner) return true;
  if (scanner->scan(unread) == ValueScanner::Outcome::incomplete) {
    PROA_TRY(check_limit(std::max(scanner->position(), unread.size()), limit));
    return false;
  }
  scanner.reset();  // what is malformed is found, and told, by decoding it
  return true;
}

}  // namespace

template <class Frame>
RequestFrameDecoder::Outcome RequestFrameDecoder::whole(const SharedBytes& unread) {
  PROA_TRY(const bool all_there, is_all_there(scanner_, unread, limit_));
  if (!all_there) return std::optional<DecodedRequest>{};
  MsgpackReader in{unread};
  in.advance(kTypeBytes);
  Frame frame;
  if (read_frame(in, frame)) {
    PROA_TRY(check_limit(in.position(), limit_));
    return std::optional{DecodedRequest{.bytes = in.position(), .frame = std::move(frame)}};
  }
  if (!in.incomplete()) return undecodable("a request", in.error());
  scanner_.emplace(ValueScanner::Start{.offset = kTypeBytes});
  PROA_TRY(is_all_there(scanner_, unread, limit_));
  return std::optional<DecodedRequest>{};
}

RequestFrameDecoder::Outcome RequestFrameDecoder::append(const SharedBytes& unread) {
  if (!append_) append_.emplace(kTypeBytes);
  const AppendDecoder::Outcome outcome = append_->read(unread);
  if (outcome == AppendDecoder::Outcome::malformed) {
    return undecodable("a request", append_->error());
  }
  if (outcome == AppendDecoder::Outcome::incomplete) {
    PROA_TRY(check_limit(std::max(append_->position(), unread.size()), limit_));
    return std::optional<DecodedRequest>{};
  }
  PROA_TRY(check_limit(append_->position(), limit_));
  DecodedRequest request{.bytes = append_->position(), .frame = append_->take_frame()};
  append_.reset();
  return std::optional{std::move(request)};
}

RequestFrameDecoder::Outcome RequestFrameDecoder::next(const SharedBytes& unread) {
  if (unread.empty()) return std::optional<DecodedRequest>{};
  const auto type = static_cast<std::uint8_t>(unread.data()[0]);
  switch (static_cast<RpcKind>(type)) {
    case RpcKind::append_entries:
      return append(unread);
    case RpcKind::request_vote:
      return whole<RequestVoteRequestFrame>(unread);
    case RpcKind::install_snapshot:
      return whole<InstallSnapshotRequestFrame>(unread);
    case RpcKind::timeout_now:
      return whole<TimeoutNowRequestFrame>(unread);
    case RpcKind::request_pre_vote:
      return whole<RequestPreVoteRequestFrame>(unread);
  }
  return undecodable("a request", "unknown rpc type " + std::to_string(type));
}

Result<std::optional<ArrivedRequest>> RequestDecoder::next(const SharedBytes& unread) {
  PROA_TRY(std::optional<DecodedRequest> decoded, frames_.next(unread));
  if (!decoded) return std::optional<ArrivedRequest>{};
  ArrivedRequest arrived{.bytes = decoded->bytes, .message = fail(Error{})};
  if (const auto* append = std::get_if<AppendEntriesRequestFrame>(&decoded->frame)) {
    arrived.keeps_bytes = !append->entries.entries.empty();
  }
  if (const auto* install = std::get_if<InstallSnapshotRequestFrame>(&decoded->frame)) {
    if (install->size < 0) {
      return undecodable("a request", "a snapshot of " + std::to_string(install->size) + " bytes");
    }
    arrived.body_bytes = static_cast<std::uint64_t>(install->size);
  }
  std::visit(
      [&]<class Frame>(Frame& frame) {
        arrived.kind = Frame::kKind;
        arrived.message = message_of(std::move(frame));
      },
      decoded->frame);
  return std::optional{std::move(arrived)};
}

namespace {

/// Nil where a reply's struct belongs is no reply.
template <class Frame>
bool read_reply(MsgpackReader& in, std::optional<ReplyFrame>& reply) {
  if (!in.rest().empty() && in.rest()[0] == std::byte{0xc0}) {
    in.advance(1);
    return true;
  }
  Frame frame;
  if (!read_frame(in, frame)) return false;
  reply = frame;
  return true;
}

bool read_reply(MsgpackReader& in, RpcKind kind, std::optional<ReplyFrame>& reply) {
  switch (kind) {
    case RpcKind::append_entries:
      return read_reply<AppendEntriesReplyFrame>(in, reply);
    case RpcKind::request_vote:
      return read_reply<RequestVoteReplyFrame>(in, reply);
    case RpcKind::install_snapshot:
      return read_reply<InstallSnapshotReplyFrame>(in, reply);
    case RpcKind::timeout_now:
      return read_reply<TimeoutNowReplyFrame>(in, reply);
    case RpcKind::request_pre_vote:
      return read_reply<RequestPreVoteReplyFrame>(in, reply);
  }
  return in.malformed("a reply to no known request");
}

/// What a nil reply stands for: every field has its zero value.
Reply empty_reply(RpcKind kind) {
  switch (kind) {
    case RpcKind::append_entries:
      return AppendEntriesReply{};
    case RpcKind::request_vote:
      return RequestVoteReply{};
    case RpcKind::install_snapshot:
      return InstallSnapshotReply{};
    case RpcKind::timeout_now:
      return TimeoutNowReply{};
    case RpcKind::request_pre_vote:
      return RequestPreVoteReply{};
  }
  return TimeoutNowReply{};
}

/// A server that does not know pre-votes must not keep others from campaigning (reference §6.12).
bool knows_no_pre_votes(RpcKind kind, const std::string& error) {
  return kind == RpcKind::request_pre_vote && error.find("unexpected command") != std::string::npos;
}

Result<Reply> reply_of(RpcKind kind, const DecodedReply& decoded) {
  if (decoded.error == kUnsupportedProtocolText) {
    return fail(Errc::unsupported_protocol, "the peer answered: " + decoded.error);
  }
  if (knows_no_pre_votes(kind, decoded.error)) return Reply{RequestPreVoteReply{.granted = true}};
  if (!decoded.error.empty()) {
    return fail(Errc::protocol_error, "the peer answered: " + decoded.error);
  }
  if (!decoded.frame) return empty_reply(kind);
  return std::visit([](const auto& frame) { return message_of(frame); }, *decoded.frame);
}

}  // namespace

Result<std::optional<DecodedReply>> ReplyFrameDecoder::next(RpcKind kind,
                                                            const SharedBytes& unread) {
  PROA_TRY(const bool all_there, is_all_there(scanner_, unread, limit_));
  if (!all_there) return std::optional<DecodedReply>{};
  MsgpackReader in{unread};
  DecodedReply reply;
  ByteView error;
  if (in.text(error) && read_reply(in, kind, reply.frame)) {
    PROA_TRY(check_limit(in.position(), limit_));
    reply.error = text_of(error);
    reply.bytes = in.position();
    return std::optional{std::move(reply)};
  }
  if (!in.incomplete()) return undecodable("a reply", in.error());
  scanner_.emplace(ValueScanner::Start{.values = 2});
  PROA_TRY(is_all_there(scanner_, unread, limit_));
  return std::optional<DecodedReply>{};
}

Result<std::optional<ArrivedReply>> ReplyDecoder::next(RpcKind kind, const SharedBytes& unread) {
  PROA_TRY(std::optional<DecodedReply> decoded, frames_.next(kind, unread));
  if (!decoded) return std::optional<ArrivedReply>{};
  return std::optional{ArrivedReply{.bytes = decoded->bytes, .reply = reply_of(kind, *decoded)}};
}

}  // namespace proa::wire
