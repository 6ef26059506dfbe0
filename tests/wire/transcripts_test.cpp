#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <map>

#include "tests/wire/golden.hpp"

// Goal: the decoders follow real connections from the first byte to the last. Method: each stream
// of each transcript, in both directions, in the pieces in which it was recorded; every message is
// encoded anew from its fields and compared with the bytes it came from.

namespace proa::wire::golden {
namespace {

const char* name_of(RpcKind kind) {
  switch (kind) {
    case RpcKind::append_entries:
      return "AppendEntries";
    case RpcKind::request_vote:
      return "RequestVote";
    case RpcKind::install_snapshot:
      return "InstallSnapshot";
    case RpcKind::timeout_now:
      return "TimeoutNow";
    case RpcKind::request_pre_vote:
      return "RequestPreVote";
  }
  return "?";
}

/// What the first line of a transcript counts, by its names.
using Counts = std::map<std::string, int>;

/// One connection, seen from outside.
class Connection {
 public:
  explicit Connection(Counts& counts) : counts_(counts) {}

  void sent(const std::string& bytes) {
    if (is_broken_) return;
    to_peer_ += bytes;
    while (!is_broken_ && !to_peer_.empty() && (body_left_ > 0 ? take_body() : take_request())) {
    }
  }

  void received(const std::string& bytes) {
    from_peer_ += bytes;
    while (!from_peer_.empty() && take_reply()) {
    }
  }

  /// At the end of the recording: nothing is half read but what was half recorded.
  void finish() {
    EXPECT_TRUE(from_peer_.empty());
    if (!is_broken_ && !to_peer_.empty()) ++counts_["request cut off or undecodable"];
    if (!asked_.empty()) counts_["requests without reply"] += static_cast<int>(asked_.size());
  }

 private:
  bool take_body() {
    const std::size_t size = std::min(body_left_, to_peer_.size());
    to_peer_.erase(0, size);
    body_left_ -= size;
    return true;
  }

  bool take_request() {
    const SharedBytes unread = SharedBytes::copy_of(to_peer_);
    const auto decoded = requests_.next(unread);
    if (!decoded) {
      is_broken_ = true;
      const bool unknown = decoded.error().detail.find("unknown rpc type") != std::string::npos;
      ++counts_[unknown ? "unknown type" : "request cut off or undecodable"];
      return false;
    }
    if (!decoded->has_value()) return false;
    const DecodedRequest& request = **decoded;
    EXPECT_EQ(to_hex(bytes_of(encode_frame(rebuilt(request.frame)))),
              to_hex(to_peer_.substr(0, request.bytes)));
    to_peer_.erase(0, request.bytes);
    const RpcKind kind = std::visit([]<class F>(const F&) { return F::kKind; }, request.frame);
    ++counts_[name_of(kind)];
    asked_.push_back(kind);
    if (const auto* install = std::get_if<InstallSnapshotRequestFrame>(&request.frame)) {
      body_left_ = static_cast<std::size_t>(install->size);
    }
    return true;
  }

  bool take_reply() {
    PROA_ASSERT(!asked_.empty());
    const auto decoded = replies_.next(asked_.front(), SharedBytes::copy_of(from_peer_));
    EXPECT_TRUE(decoded);
    if (!decoded || !decoded->has_value()) return false;
    const DecodedReply& reply = **decoded;
    EXPECT_EQ(to_hex(bytes_of(encode_reply_frame(reply.error, reply.frame))),
              to_hex(from_peer_.substr(0, reply.bytes)));
    from_peer_.erase(0, reply.bytes);
    asked_.pop_front();
    if (!reply.error.empty()) ++counts_["error replies"];
    return true;
  }

  Counts& counts_;
  RequestFrameDecoder requests_;
  ReplyFrameDecoder replies_;
  std::string to_peer_;
  std::string from_peer_;
  std::size_t body_left_ = 0;
  std::deque<RpcKind> asked_;
  bool is_broken_ = false;  ///< the peer closed it: it did not understand
};

class Transcript : public testing::TestWithParam<const char*> {};

TEST_P(Transcript, IsDecodedWholeInBothDirections) {
  const auto events = lines(std::string{"transcripts/"} + GetParam() + ".jsonl");
  Counts counts;
  std::map<std::string, Connection> connections;
  std::size_t bytes = 0;
  for (std::size_t i = 1; i < events.size(); ++i) {
    const std::string name = string_of(events[i].at("conn"));
    SCOPED_TRACE(name + " line " + std::to_string(i + 1));
    Connection& connection = connections.try_emplace(name, counts).first->second;
    const std::string direction = string_of(events[i].at("dir"));
    const std::string piece = from_hex(string_of(events[i].at("hex")));
    bytes += piece.size();
    if (direction == ">") connection.sent(piece);
    if (direction == "<") connection.received(piece);
  }
  for (auto& [name, connection] : connections)
    connection.finish();

  Counts expected;
  for (const auto& [what, count] : events[0].at("messages").as_object()) {
    expected[std::string{what}] = count.to_number<int>();
  }
  std::printf("%s: %zu connections, %zu bytes", GetParam(), connections.size(), bytes);
  for (const auto& [what, count] : counts)
    std::printf(", %d %s", count, what.c_str());
  std::printf("\n");
  EXPECT_EQ(counts, expected);
}

INSTANTIATE_TEST_SUITE_P(Golden, Transcript,
                         testing::Values("election", "errors", "install_loop",
                                         "leadership_transfer", "log_repair", "membership",
                                         "pipeline", "snapshot_install", "votes_refused"),
                         [](const auto& of) { return std::string{of.param}; });

}  // namespace
}  // namespace proa::wire::golden
