#include "proa/wire/frame_decoder.hpp"

#include <gtest/gtest.h>

#include "proa/wire/entry_codec.hpp"
#include "proa/wire/hex.hpp"

namespace proa::wire {
namespace {

const Sender kLeader{.id = {"n1"}, .address = {"10.0.0.1:7000"}};

std::string text(const EncodedMessage& message) {
  std::string all;
  for (const ByteView piece : message.pieces)
    all += text_of(piece);
  EXPECT_EQ(all.size(), message.bytes);
  return all;
}

AppendEntriesRequest append_request(std::size_t entries, std::size_t bytes) {
  std::vector<NewEntry> commands(entries);
  for (std::size_t i = 0; i < entries; ++i) {
    commands[i] = {.index = LogIndex{i + 11},
                   .term = Term{5},
                   .appended_at = {.unix_seconds = 1735689600},
                   .data = SharedBytes::take(std::string(bytes + i, 'x'))};
  }
  return {.term = Term{5},
          .leader = kLeader,
          .prev_log = {Term{5}, LogIndex{10}},
          .entries = EntryView{encode_block(commands)},
          .leader_commit = LogIndex{9}};
}

std::vector<Request> requests() {
  return {append_request(3, 10),
          append_request(40, 2030),
          append_request(0, 0),
          AppendEntriesRequest{.term = Term{5}, .leader = kLeader, .heartbeat = true},
          RequestVoteRequest{.term = Term{6},
                             .candidate = kLeader,
                             .last_log = {Term{5}, LogIndex{300}},
                             .leadership_transfer = true},
          RequestPreVoteRequest{
              .term = Term{6}, .candidate = kLeader, .last_log = {Term{5}, LogIndex{11}}},
          TimeoutNowRequest{.leader = kLeader}};
}

TEST(RequestDecoder, ReadsBackWhatWasEncoded) {
  std::string stream;
  for (const Request& request : requests())
    stream += text(encode(request));
  RequestDecoder decoder;
  SharedBytes unread = SharedBytes::take(stream);
  for (const Request& request : requests()) {
    const auto arrived = decoder.next(unread);
    ASSERT_TRUE(arrived) << to_string(arrived.error());
    ASSERT_TRUE(arrived->has_value());
    ASSERT_TRUE((*arrived)->message) << to_string((*arrived)->message.error());
    EXPECT_EQ((*arrived)->kind, kind_of(request));
    EXPECT_EQ(std::get<Request>(*(*arrived)->message), request);
    unread = unread.slice((*arrived)->bytes, unread.size() - (*arrived)->bytes);
  }
  EXPECT_TRUE(unread.empty());
}

// Every byte may arrive alone, and each time the request lies somewhere else in memory.
TEST(RequestDecoder, ReadsRequestsThatArriveByteByByte) {
  for (const Request& request : requests()) {
    const std::string bytes = text(encode(request));
    RequestDecoder decoder;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto unfinished = decoder.next(SharedBytes::copy_of(bytes.substr(0, size)));
      ASSERT_TRUE(unfinished) << to_string(unfinished.error());
      ASSERT_FALSE(unfinished->has_value()) << size << " of " << bytes.size();
      if (size > 3000) size += 997;
    }
    const auto arrived = decoder.next(SharedBytes::copy_of(bytes + "next"));
    ASSERT_TRUE(arrived && arrived->has_value());
    EXPECT_EQ((*arrived)->bytes, bytes.size());
    EXPECT_EQ(std::get<Request>(*(*arrived)->message), request);
  }
}

SharedBytes from_hex(std::string_view hex) { return SharedBytes::take(bytes_from_hex(hex)); }

TEST(RequestDecoder, RefusesARequestThatNobodyKnows) {
  for (const char* type : {"05", "80", "f0", "ff"}) {
    RequestDecoder decoder;
    const auto decoded = decoder.next(from_hex(type));
    ASSERT_FALSE(decoded) << type;
    EXPECT_EQ(decoded.error().code, Errc::protocol_error);
    EXPECT_NE(decoded.error().detail.find("unknown rpc type"), std::string::npos);
  }
}

// Reference §6.1: the state of a snapshot is not part of the request.
TEST(RequestDecoder, LeavesTheStateOfASnapshotWhereItIs) {
  InstallSnapshotRequest request{.term = Term{5}, .leader = kLeader};
  request.snapshot.size = 200;
  const std::string bytes = text(encode(request));
  RequestDecoder decoder;
  const auto arrived = decoder.next(SharedBytes::copy_of(bytes + std::string(200, 'z')));
  ASSERT_TRUE(arrived && arrived->has_value());
  EXPECT_EQ((*arrived)->bytes, bytes.size());
  EXPECT_EQ((*arrived)->body_bytes, 200U);
  EXPECT_FALSE((*arrived)->keeps_bytes);
  EXPECT_EQ(std::get<InstallSnapshotRequest>(*(*arrived)->message), request);
}

// However wrong the version: how many bytes follow must be known to go on behind them.
TEST(RequestDecoder, KnowsTheSizeOfTheStateOfARefusedSnapshot) {
  RequestDecoder decoder;
  const auto arrived = decoder.next(from_hex("02 81 a453697a65 cd0100"));
  ASSERT_TRUE(arrived && arrived->has_value());
  EXPECT_EQ((*arrived)->message.error().code, Errc::unsupported_protocol);
  EXPECT_EQ((*arrived)->body_bytes, 256U);
  EXPECT_FALSE(decoder.next(from_hex("02 81 a453697a65 ff"))) << "a size below zero";
}

TEST(RequestDecoder, KeepsEntriesWhereTheyArrived) {
  const SharedBytes bytes = SharedBytes::copy_of(text(encode(append_request(2, 10))));
  RequestDecoder decoder;
  const auto arrived = decoder.next(bytes);
  ASSERT_TRUE(arrived && arrived->has_value());
  EXPECT_TRUE((*arrived)->keeps_bytes);
  const auto& request = std::get<AppendEntriesRequest>(std::get<Request>(*(*arrived)->message));
  const Entry& first = request.entries.front();
  EXPECT_GE(first.data.data(), bytes.data());
  EXPECT_LE(first.data.data() + first.data.size(), bytes.data() + bytes.size());
}

// What was announced is refused before it has arrived.
TEST(RequestDecoder, RefusesALargeRequestAndNamesTheSettingToRaise) {
  for (const char* announced :
       {"00 81 a7456e7472696573 91 81 a444617461 db7fffffff 61",  // a payload of 2 GiB
        "00 81 a14e db7fffffff 61",                               // a field that nobody knows
        "01 81 a441646472 db7fffffff 61"}) {
    RequestDecoder decoder;
    const auto decoded = decoder.next(from_hex(announced));
    ASSERT_FALSE(decoded) << announced;
    EXPECT_NE(decoded.error().detail.find("536870912"), std::string::npos);
    EXPECT_NE(decoded.error().detail.find("request_bytes_max"), std::string::npos);
  }
  RequestDecoder small{{.bytes = 100, .setting = "some_setting"}};
  const auto decoded = small.next(SharedBytes::copy_of(text(encode(append_request(3, 50)))));
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().detail.find("some_setting"), std::string::npos);
}

// Memory follows what arrived, not what was announced.
TEST(RequestDecoder, WaitsForManyAnnouncedEntriesWithoutMakingRoomForThem) {
  RequestDecoder decoder;
  const auto decoded = decoder.next(from_hex("00 81 a7456e7472696573 ddffffffff 80"));
  ASSERT_TRUE(decoded) << to_string(decoded.error());
  EXPECT_FALSE(decoded->has_value());
}

// Each byte is looked at once: a peer that sends a field of 200,000 small values byte by byte, in a
// tree that never announces much, does not keep us busy for 20,000,000,000 steps.
TEST(RequestDecoder, DoesNotStartAnewWithEveryByte) {
  std::string value;
  for (int i = 0; i < 1000; ++i)
    value += bytes_from_hex("dc00c8") + std::string(199, '\x05');
  value += '\x05';
  for (const char* opening : {"00 81 a14e", "00 81 a7456e7472696573 91 81 a14e", "01 81 a14e"}) {
    const std::string bytes = bytes_from_hex(opening) + value;
    const SharedBytes all = SharedBytes::copy_of(bytes);
    RequestDecoder decoder;
    for (std::size_t size = 1; size < all.size(); ++size) {
      const auto decoded = decoder.next(all.slice(0, size));
      ASSERT_TRUE(decoded) << size;
      ASSERT_FALSE(decoded->has_value()) << size << " of " << all.size();
    }
    EXPECT_TRUE(decoder.next(all)->has_value());
  }
}

TEST(ReplyDecoder, ReadsRepliesThatArriveByteByByteAndLeavesWhatFollows) {
  const Reply reply = AppendEntriesReply{.term = Term{5}, .last_log = LogIndex{300}};
  const std::string bytes = text(encode_reply(RpcKind::append_entries, reply, kLeader));
  ReplyDecoder decoder;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part =
        decoder.next(RpcKind::append_entries, SharedBytes::copy_of(bytes.substr(0, size)));
    ASSERT_TRUE(part);
    ASSERT_FALSE(part->has_value()) << size;
  }
  const auto arrived = decoder.next(RpcKind::append_entries, SharedBytes::copy_of(bytes + bytes));
  ASSERT_TRUE(arrived && arrived->has_value());
  EXPECT_EQ((*arrived)->bytes, bytes.size());
  EXPECT_EQ(*(*arrived)->reply, reply);
}

TEST(ReplyDecoder, RefusesWhatIsNoReply) {
  for (const char* wrong :
       {"05", "81", "a0 05", "a0 a0", "a0 81 a454 65726d ff", "c1", "db7fffffff"}) {
    ReplyDecoder decoder;
    const auto decoded = decoder.next(RpcKind::append_entries, from_hex(wrong));
    ASSERT_FALSE(decoded) << wrong;
    EXPECT_EQ(decoded.error().code, Errc::protocol_error);
  }
}

// Entries that were encoded together go out in one piece, a large payload in one of its own.
TEST(EncodedMessage, ConsistsOfFewPieces) {
  EXPECT_EQ(encode(append_request(100, 10)).pieces.size(), 3U);
  EXPECT_EQ(encode(append_request(1, kDataApartMin)).pieces.size(), 5U);
  EXPECT_EQ(encode(append_request(0, 0)).pieces.size(), 1U);
}

}  // namespace
}  // namespace proa::wire
