#include "proa/wire/messages_codec.hpp"

#include <gtest/gtest.h>

#include "proa/wire/configuration_codec.hpp"
#include "proa/wire/entry_codec.hpp"
#include "proa/wire/frame_decoder.hpp"
#include "proa/wire/hex.hpp"

namespace proa::wire {
namespace {

const Sender kLocal{.id = {"n2"}, .address = {"10.0.0.2:7000"}};
const RpcHeader kHeader{.protocol_version = 3, .id = "n1", .addr = "10.0.0.1:7000"};

std::string text(const EncodedMessage& message) {
  std::string all;
  for (const ByteView piece : message.pieces)
    all += text_of(piece);
  return all;
}

template <class Message, class Frame>
Message accepted(Frame frame) {
  Result<ArrivedMessage> message = message_of(std::move(frame));
  PROA_ASSERT(message.has_value());
  if constexpr (std::is_same_v<Message, InstallSnapshotRequest>) {
    return std::get<InstallSnapshotRequest>(*message);
  } else {
    return std::get<Message>(std::get<Request>(*message));
  }
}

template <class Frame>
Error refused(Frame frame) {
  Result<ArrivedMessage> message = message_of(std::move(frame));
  PROA_ASSERT(!message.has_value());
  return message.error();
}

EntryList entries_from(std::uint64_t first, std::size_t count) {
  std::vector<NewEntry> entries(count);
  for (std::size_t i = 0; i < count; ++i)
    entries[i].index = LogIndex{first + i};
  return {.is_present = true, .entries = EntryView{encode_block(entries)}};
}

// ---- Who sends: reference §6.7 ----

TEST(SenderIdentity, IsTheHeadersAndElseTheDeprecatedFieldsInAppendsAndVotes) {
  AppendEntriesRequestFrame append{.header = kHeader, .leader = "old:1"};
  EXPECT_EQ(accepted<AppendEntriesRequest>(append).leader, (Sender{{"n1"}, {"10.0.0.1:7000"}}));
  append.header.addr = "";
  EXPECT_EQ(accepted<AppendEntriesRequest>(append).leader, (Sender{{"n1"}, {"old:1"}}));
  append.header = {.protocol_version = 3};
  EXPECT_EQ(accepted<AppendEntriesRequest>(append).leader, (Sender{{""}, {"old:1"}}));

  RequestVoteRequestFrame vote{.header = {.protocol_version = 3}, .candidate = "old:1"};
  EXPECT_EQ(accepted<RequestVoteRequest>(vote).candidate, (Sender{{""}, {"old:1"}}));
  vote.header = kHeader;
  EXPECT_EQ(accepted<RequestVoteRequest>(vote).candidate.address.value, "10.0.0.1:7000");
}

TEST(SenderIdentity, DependsOnTheIdInSnapshotsAndOnTheAddressAloneInPreVotes) {
  InstallSnapshotRequestFrame install{.header = kHeader, .snapshot_version = 1, .leader = "old:1"};
  install.configuration = std::string{text_of(encode_configuration({}))};
  install.header.addr = "";
  EXPECT_EQ(accepted<InstallSnapshotRequest>(install).leader, (Sender{{"n1"}, {""}}));
  install.header.addr = "new:1";
  install.header.id = std::nullopt;
  EXPECT_EQ(accepted<InstallSnapshotRequest>(install).leader, (Sender{{""}, {"old:1"}}));

  const RequestPreVoteRequestFrame pre_vote{.header = {.protocol_version = 3, .id = "n1"}};
  EXPECT_EQ(accepted<RequestPreVoteRequest>(pre_vote).candidate, (Sender{{"n1"}, {""}}));
}

TEST(SenderIdentity, IsSentInAllFieldsThatTellIt) {
  const AppendEntriesRequestFrame append = frame_of(AppendEntriesRequest{.leader = kLocal});
  EXPECT_EQ(append.header.id, "n2");
  EXPECT_EQ(append.header.addr, "10.0.0.2:7000");
  EXPECT_EQ(append.leader, "10.0.0.2:7000");
  EXPECT_EQ(frame_of(RequestVoteRequest{.candidate = kLocal}).candidate, "10.0.0.2:7000");
  EXPECT_EQ(frame_of(InstallSnapshotRequest{.leader = kLocal}).leader, "10.0.0.2:7000");
}

// ---- Protocol versions: reference §7 ----

TEST(ProtocolVersion, IsAnsweredWithTheModelsTextUnlessTwoOrThree) {
  for (const std::int64_t version : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
                                     std::int64_t{4}, INT64_MAX}) {
    const RpcHeader header{.protocol_version = version, .id = "n1", .addr = "a:1"};
    const Error error = refused(RequestVoteRequestFrame{.header = header});
    EXPECT_EQ(error.code, Errc::unsupported_protocol) << version;
    EXPECT_EQ(error.detail, "operation not supported with current protocol version");
    EXPECT_EQ(refused(RequestPreVoteRequestFrame{.header = header}).code,
              Errc::unsupported_protocol);
    EXPECT_EQ(refused(TimeoutNowRequestFrame{.header = header}).code, Errc::unsupported_protocol);
    EXPECT_EQ(refused(InstallSnapshotRequestFrame{.header = header}).code,
              Errc::unsupported_protocol);
    EXPECT_EQ(refused(AppendEntriesRequestFrame{.header = header}).code,
              Errc::unsupported_protocol);
  }
  for (const std::int64_t version : {2, 3}) {
    EXPECT_TRUE(message_of(TimeoutNowRequestFrame{.header = {.protocol_version = version}}));
  }
}

// ---- Heartbeats: reference §6.9 ----

/// What a heartbeat is taken for after a change.
template <class Change>
bool is_heartbeat_after(Change change) {
  AppendEntriesRequestFrame frame{.header = kHeader, .term = 5, .leader = "10.0.0.1:7000"};
  change(frame);
  return accepted<AppendEntriesRequest>(std::move(frame)).heartbeat;
}

TEST(Heartbeat, IsAnAppendOfATermThatSaysNothingButWhoLeads) {
  using Frame = AppendEntriesRequestFrame;
  EXPECT_TRUE(is_heartbeat_after([](Frame&) {}));
  EXPECT_FALSE(is_heartbeat_after([](Frame& frame) { frame.term = 0; }));
  EXPECT_FALSE(is_heartbeat_after([](Frame& frame) { frame.prev_log_entry = 1; }));
  EXPECT_FALSE(is_heartbeat_after([](Frame& frame) { frame.prev_log_term = 1; }));
  EXPECT_FALSE(is_heartbeat_after([](Frame& frame) { frame.leader_commit_index = 1; }));
  EXPECT_FALSE(is_heartbeat_after([](Frame& frame) { frame.entries = entries_from(1, 1); }));
  EXPECT_FALSE(is_heartbeat_after([](Frame& frame) {
    frame.header.addr.reset();
    frame.leader.reset();
  }));
}

TEST(Heartbeat, MayComeWithAnEmptyAddressAndIsNotAskedForItsVersion) {
  AppendEntriesRequestFrame heartbeat{.header = {.protocol_version = 4}, .term = 5, .leader = ""};
  EXPECT_TRUE(accepted<AppendEntriesRequest>(heartbeat).heartbeat);
  heartbeat.entries.is_present = true;  // an empty list is no entry
  EXPECT_TRUE(accepted<AppendEntriesRequest>(heartbeat).heartbeat);
  heartbeat.term = 0;
  EXPECT_EQ(refused(heartbeat).code, Errc::unsupported_protocol);
}

TEST(Heartbeat, LeavesOutTheLogAndTheCommitIndex) {
  const AppendEntriesRequestFrame frame =
      frame_of(AppendEntriesRequest{.term = Term{5},
                                    .leader = kLocal,
                                    .prev_log = {Term{5}, LogIndex{9}},
                                    .leader_commit = LogIndex{8},
                                    .heartbeat = true});
  EXPECT_FALSE(frame.entries.is_present);
  EXPECT_EQ(frame.prev_log_entry, 0U);
  EXPECT_EQ(frame.prev_log_term, 0U);
  EXPECT_EQ(frame.leader_commit_index, 0U);
}

// ---- Entries ----

// What comes later counts on it.
TEST(AppendEntries, IsRefusedUnlessItsEntriesFollowThePreviousOne) {
  AppendEntriesRequestFrame frame{.header = kHeader, .term = 5, .prev_log_entry = 10};
  frame.entries = entries_from(11, 3);
  EXPECT_EQ(accepted<AppendEntriesRequest>(frame).entries.size(), 3U);
  frame.entries = entries_from(12, 1);
  EXPECT_EQ(refused(frame).code, Errc::protocol_error);
  frame.prev_log_entry = UINT64_MAX;
  frame.entries = entries_from(0, 1);
  EXPECT_EQ(refused(frame).code, Errc::protocol_error);
}

// ---- Snapshots: reference §8.16 ----

TEST(InstallSnapshot, OfVersionZeroTakesItsConfigurationFromThePeers) {
  const Configuration voters{{{Suffrage::voter, {"a:1"}, {"a:1"}}}};
  InstallSnapshotRequestFrame frame{
      .header = kHeader, .last_log_index = 7, .configuration_index = 3};
  frame.peers = std::string{text_of(encode_peers(voters))};
  EXPECT_EQ(accepted<InstallSnapshotRequest>(frame).snapshot.configuration,
            (ConfigurationAt{voters, LogIndex{7}}));
  frame.snapshot_version = 1;
  const Configuration named{{{Suffrage::nonvoter, {"a"}, {"a:1"}}}};
  frame.configuration = std::string{text_of(encode_configuration(named))};
  EXPECT_EQ(accepted<InstallSnapshotRequest>(frame).snapshot.configuration,
            (ConfigurationAt{named, LogIndex{3}}));
}

TEST(InstallSnapshot, IsAnsweredWithWhatIsWrongWithIt) {
  InstallSnapshotRequestFrame frame{.header = kHeader, .snapshot_version = 2};
  EXPECT_EQ(refused(frame).detail, "unsupported snapshot version 2");
  frame.snapshot_version = 0;
  frame.peers = "\x05";
  EXPECT_TRUE(refused(frame).detail.starts_with("failed to decode peers: "));
  frame.snapshot_version = 1;
  EXPECT_TRUE(refused(frame).detail.starts_with("failed to decode configuration: "));
}

// ---- Replies ----

// Reference §6.5, V12.
TEST(ErrorReply, IsTheTextAndNil) {
  const std::string unsupported = text(
      encode_reply(RpcKind::request_vote, fail(Errc::unsupported_protocol, "version 9"), kLocal));
  EXPECT_EQ(to_hex(unsupported), "da0035" + to_hex(kUnsupportedProtocolText) + "c0");
  EXPECT_EQ(unsupported.size(), 57U);
  EXPECT_EQ(to_hex(text(encode_reply(RpcKind::append_entries, fail(Errc::io_error, "no"), kLocal))),
            "a26e6fc0");
  // Without a text it would be success.
  EXPECT_EQ(text(encode_reply(RpcKind::append_entries, fail(Errc::busy, ""), kLocal))[1], 'b');
}

// Reference §6.6: the header is filled but for InstallSnapshot and TimeoutNow.
TEST(Reply, NamesWhoAnswersWhereTheModelDoes) {
  EXPECT_EQ(frame_of(AppendEntriesReply{}, kLocal).header.addr, "10.0.0.2:7000");
  EXPECT_EQ(frame_of(RequestVoteReply{}, kLocal).header.id, "n2");
  EXPECT_EQ(frame_of(RequestPreVoteReply{}, kLocal).header.protocol_version, 3);
  EXPECT_EQ(frame_of(InstallSnapshotReply{}, kLocal).header, RpcHeader{});
  EXPECT_EQ(frame_of(TimeoutNowReply{}, kLocal).header, RpcHeader{});
}

Result<Reply> round_trip(RpcKind kind, const Result<Reply>& reply) {
  ReplyDecoder decoder;
  const std::string bytes = text(encode_reply(kind, reply, kLocal));
  const auto arrived = decoder.next(kind, SharedBytes::copy_of(bytes));
  PROA_ASSERT(arrived.has_value());
  EXPECT_EQ((*arrived)->bytes, bytes.size());
  return (*arrived)->reply;
}

TEST(Reply, ArrivesAsItWasSent) {
  const Reply append = AppendEntriesReply{
      .term = Term{5}, .last_log = LogIndex{300}, .success = true, .no_retry_backoff = true};
  EXPECT_EQ(*round_trip(RpcKind::append_entries, append), append);
  const Reply vote = RequestVoteReply{.term = Term{6}, .granted = true};
  EXPECT_EQ(*round_trip(RpcKind::request_vote, vote), vote);
  const Reply pre_vote = RequestPreVoteReply{.term = Term{6}, .granted = true};
  EXPECT_EQ(*round_trip(RpcKind::request_pre_vote, pre_vote), pre_vote);
  const Reply install = InstallSnapshotReply{.term = Term{7}, .success = true};
  EXPECT_EQ(*round_trip(RpcKind::install_snapshot, install), install);
  EXPECT_EQ(*round_trip(RpcKind::timeout_now, Reply{TimeoutNowReply{}}), Reply{TimeoutNowReply{}});

  const auto refused = round_trip(RpcKind::request_vote, fail(Errc::unsupported_protocol, ""));
  EXPECT_EQ(refused.error().code, Errc::unsupported_protocol);
  const auto failed = round_trip(RpcKind::append_entries, fail(Errc::io_error, "disk is full"));
  EXPECT_EQ(failed.error().code, Errc::protocol_error);
  EXPECT_NE(failed.error().detail.find("disk is full"), std::string::npos);
}

// Reference §6.12: a server whose transport knows pre-votes and whose Raft does not.
TEST(Reply, OfAServerThatKnowsNoPreVotesIsAGrant) {
  const auto unknown = fail(Errc::protocol_error, "unexpected command");
  EXPECT_EQ(*round_trip(RpcKind::request_pre_vote, unknown),
            Reply{RequestPreVoteReply{.granted = true}});
  EXPECT_FALSE(round_trip(RpcKind::request_vote, unknown));
}

TEST(Reply, MayBeNilWhichIsAllZero) {
  ReplyDecoder decoder;
  const auto arrived =
      decoder.next(RpcKind::append_entries, SharedBytes::copy_of(bytes_from_hex("a0 c0")));
  ASSERT_TRUE(arrived && arrived->has_value());
  EXPECT_EQ(*(*arrived)->reply, Reply{AppendEntriesReply{}});
}

}  // namespace
}  // namespace proa::wire
