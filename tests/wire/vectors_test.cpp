#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "proa/wire/configuration_codec.hpp"
#include "tests/wire/golden.hpp"

// Goal: every byte vector of the real library decodes to its fields, and its fields encode to its
// bytes. Method: all of vectors.jsonl; what is left out is counted and named with its reason.

namespace proa::wire::golden {
namespace {

struct Tally {
  int decoded = 0;
  int encoded = 0;
  std::map<std::string, int> left_out = {};  ///< by reason

  void print(const char* what) const {
    std::printf("%s: %d decoded, %d encoded to the same bytes\n", what, decoded, encoded);
    for (const auto& [reason, count] : left_out) {
      std::printf("  left out %d: %s\n", count, reason.c_str());
    }
  }
};

struct Vector {
  std::string name;
  std::string kind;
  boost::json::object json;

  const boost::json::object& fields() const { return json.at("fields").as_object(); }
  bool has_bytes() const { return json.contains("hex"); }
  bool has_new_time() const { return json.contains("new_time"); }

  /// Says that `bytes` are the vector's.
  void expect_bytes(const std::string& bytes) const {
    EXPECT_EQ(static_cast<std::int64_t>(bytes.size()), json.at("size").as_int64()) << name;
    if (has_bytes()) {
      EXPECT_EQ(to_hex(bytes), string_of(json.at("hex"))) << name;
    } else {
      EXPECT_EQ(sha256(bytes), string_of(json.at("sha256"))) << name;
    }
  }
};

std::vector<Vector> vectors(std::string_view kind) {
  std::vector<Vector> chosen;
  for (boost::json::object& line : lines("vectors.jsonl")) {
    Vector vector{.name = string_of(line.at("name")),
                  .kind = string_of(line.at("kind")),
                  .json = std::move(line)};
    if (vector.kind.ends_with(kind)) chosen.push_back(std::move(vector));
  }
  return chosen;
}

constexpr const char* kNewTime = "encoding of the new time format, which we read and never write";

TEST(Vectors, RequestsDecodeAndEncode) {
  Tally tally;
  for (const Vector& vector : vectors("Request")) {
    SCOPED_TRACE(vector.name);
    RequestFrame expected = request_of(vector.kind, vector.fields());
    std::string body;
    if (vector.json.contains("body")) body = text_value(vector.json.at("body")).value();
    std::string bytes = bytes_of(encode_frame(expected)) + body;
    if (vector.has_new_time()) {
      auto& append = std::get<AppendEntriesRequestFrame>(expected);
      append.entries = in_utc(append.entries);
      bytes = from_hex(string_of(vector.json.at("hex")));
      ++tally.left_out[kNewTime];
    } else {
      vector.expect_bytes(bytes);
      ++tally.encoded;
    }

    RequestFrameDecoder decoder;
    const auto decoded = decoder.next(SharedBytes::copy_of(bytes));
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    ASSERT_TRUE(decoded->has_value());
    EXPECT_EQ((*decoded)->bytes, bytes.size() - body.size());
    EXPECT_EQ(show((*decoded)->frame), show(expected));
    EXPECT_EQ(bytes_of(encode_frame((*decoded)->frame)) + body, bytes);
    ++tally.decoded;
  }
  tally.print("requests");
  EXPECT_EQ(tally.decoded, 172);
  EXPECT_EQ(tally.encoded, 159);
}

TEST(Vectors, RepliesDecodeAndEncode) {
  Tally tally;
  for (const Vector& vector : vectors("Response")) {
    SCOPED_TRACE(vector.name);
    const std::string error = text_value(vector.fields().at("Error")).value();
    std::optional<ReplyFrame> expected;
    if (const auto& body = vector.fields().at("Body"); !body.is_null()) {
      expected = reply_of(vector.kind, body.as_object());
    }
    const std::string bytes = bytes_of(encode_reply_frame(error, expected));
    vector.expect_bytes(bytes);
    ++tally.encoded;

    ReplyFrameDecoder decoder;
    const auto decoded = decoder.next(rpc_of(vector.kind), SharedBytes::copy_of(bytes));
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    ASSERT_TRUE(decoded->has_value());
    EXPECT_EQ((*decoded)->bytes, bytes.size());
    EXPECT_EQ((*decoded)->error, error);
    EXPECT_EQ(show((*decoded)->frame), show(expected));
    ++tally.decoded;
  }
  tally.print("replies");
  EXPECT_EQ(tally.decoded, 44);
  EXPECT_EQ(tally.encoded, 44);
}

TEST(Vectors, EntriesDecodeAndEncode) {
  Tally tally;
  for (const Vector& vector : vectors("LogBolt")) {
    SCOPED_TRACE(vector.name);
    NewEntry entry = entry_of(vector.fields());
    std::string bytes = bytes_of(encode_block({&entry, 1})->entries[0]);
    if (vector.has_new_time()) {
      entry.appended_at.zone_seconds = WallTime::kExplicitUtc;
      bytes = from_hex(string_of(vector.json.at("hex")));
      ++tally.left_out[kNewTime];
    } else {
      vector.expect_bytes(bytes);
      ++tally.encoded;
    }

    const auto decoded = decode_block(SharedBytes::copy_of(bytes), 1);
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    ASSERT_TRUE(decoded->has_value());
    EXPECT_EQ((*decoded)->bytes, bytes.size());
    EXPECT_EQ(show((*decoded)->block->entries[0]), show(encode_block({&entry, 1})->entries[0]));
    EXPECT_EQ(bytes_of((*decoded)->block->entries[0]), bytes);
    ++tally.decoded;
  }
  tally.print("entries");
  EXPECT_EQ(tally.decoded, 57);
  EXPECT_EQ(tally.encoded, 44);
}

Configuration configuration_of(const boost::json::object& fields) {
  Configuration configuration;
  if (fields.at("Servers").is_null()) return configuration;
  for (const auto& item : fields.at("Servers").as_array()) {
    const auto& server = item.as_object();
    configuration.servers.push_back(
        {.suffrage = static_cast<Suffrage>(signed_of(server.at("Suffrage"))),
         .id = {text_value(server.at("ID")).value()},
         .address = {text_value(server.at("Address")).value()}});
  }
  return configuration;
}

TEST(Vectors, ConfigurationsDecodeAndEncode) {
  Tally tally;
  for (const Vector& vector : vectors("Configuration")) {
    SCOPED_TRACE(vector.name);
    const Configuration expected = configuration_of(vector.fields());
    std::string bytes{text_of(encode_configuration(expected))};
    if (vector.name == "Configuration/nil") {
      bytes = from_hex(string_of(vector.json.at("hex")));
      ++tally.left_out["encoding of a list of servers that is nil; ours is never, only empty"];
    } else {
      vector.expect_bytes(bytes);
      ++tally.encoded;
    }
    const auto decoded = decode_configuration(view_of(bytes));
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(*decoded, expected);
    ++tally.decoded;
  }
  tally.print("configurations");
  EXPECT_EQ(tally.decoded, 17);
  EXPECT_EQ(tally.encoded, 16);
}

TEST(Vectors, PeersDecodeAndEncode) {
  Tally tally;
  for (const Vector& vector : vectors("Peers")) {
    SCOPED_TRACE(vector.name);
    const Configuration from = configuration_of(vector.fields());
    const std::string bytes{text_of(encode_peers(from))};
    vector.expect_bytes(bytes);
    ++tally.encoded;
    Configuration expected;
    for (const Server& server : from.servers) {
      if (server.suffrage == Suffrage::voter) {
        expected.servers.push_back({Suffrage::voter, {server.address.value}, server.address});
      }
    }
    const auto decoded = decode_peers(view_of(bytes));
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(*decoded, expected);
    ++tally.decoded;
  }
  tally.print("lists of peers");
  EXPECT_EQ(tally.decoded, 17);
  EXPECT_EQ(tally.encoded, 17);
}

// The kinds above and these are all that there are.
TEST(Vectors, OfOtherFormatsAreLeftOut) {
  const std::size_t others =
      vectors("LogWAL").size() + vectors("StableBolt").size() + vectors("StableWAL").size();
  std::printf("left out %zu: LogWAL, StableBolt, StableWAL, formats of other stores\n", others);
  EXPECT_EQ(others, 52U);
  EXPECT_EQ(vectors("").size(), 172U + 44U + 57U + 17U + 17U + others);
}

/// What becomes of a request on its way through the messages of the model and out again.
std::string way_through(const std::string& bytes) {
  RequestDecoder decoder;
  const auto arrived = decoder.next(SharedBytes::copy_of(bytes));
  if (!arrived) return "closes the connection: " + arrived.error().detail;
  const Result<ArrivedMessage>& message = (*arrived)->message;
  if (!message) return "is answered: " + message.error().detail;
  const auto* install = std::get_if<InstallSnapshotRequest>(&*message);
  const EncodedMessage again =
      install != nullptr ? encode(*install) : encode(std::get<Request>(*message));
  return bytes_of(again) == bytes ? "same" : "normalized";
}

// Goal: what we send is what a server of the model of protocol version 3 sends. Method: every
// request of the vectors goes through our messages; those that come out different are named.
TEST(Vectors, OfRequestsInUseSurviveTheWayThroughTheMessages) {
  std::map<std::string, std::vector<std::string>> fates;
  for (const Vector& vector : vectors("Request")) {
    if (vector.has_new_time()) continue;
    const std::string bytes = bytes_of(encode_frame(request_of(vector.kind, vector.fields())));
    fates[way_through(bytes)].push_back(vector.name);
  }
  for (const auto& [fate, names] : fates) {
    std::printf("%zu %s\n", names.size(), fate.c_str());
    for (const std::string& name : names) {
      if (fate != "same") std::printf("    %s\n", name.c_str());
    }
  }
  EXPECT_EQ(fates["same"].size(), 124U);
}

}  // namespace
}  // namespace proa::wire::golden
