#include "proa/wire/frame_decoder.hpp"

#include <gtest/gtest.h>

#include "proa/wire/entry_codec.hpp"

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

}  // namespace
}  // namespace proa::wire
