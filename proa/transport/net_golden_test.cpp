#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "proa/transport/detail/net_fixture.hpp"

namespace proa {
namespace {

/// The text behind `"key":` in a line of JSON: a string without its quotes, or the braces' content.
std::string field(const std::string& line, const std::string& key) {
  const std::size_t at = line.find("\"" + key + "\":");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + key.size() + 3;
  const char close = line[begin] == '{' ? '}' : '"';
  return line.substr(begin + 1, line.find(close, begin + 1) - begin - 1);
}

std::string bytes_of_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

/// `"AppendEntries":28,"RequestVote":2` → the numbers by name.
std::map<std::string, std::size_t> counts_of(const std::string& object) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t at = 0; (at = object.find('"', at)) != std::string::npos;) {
    const std::size_t end = object.find('"', at + 1);
    counts[object.substr(at + 1, end - at - 1)] = std::stoul(object.substr(end + 2));
    at = object.find(',', end);
  }
  return counts;
}

/// Answers everything at once and counts.
struct Responder final : TransportEvents {
  void on_request(Request&& request, Respond respond) override {
    static constexpr std::array kNames{"AppendEntries", "RequestVote", "RequestPreVote",
                                       "TimeoutNow"};
    static const std::array<Reply, 4> kReplies{AppendEntriesReply{}, RequestVoteReply{},
                                               RequestPreVoteReply{}, TimeoutNowReply{}};
    ++counts[kNames[request.index()]];
    respond(kReplies[request.index()]);
  }
  void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                   Respond respond) override {
    ++counts["InstallSnapshot"];
    sizes.push_back(request.snapshot.size);
    pipes.push_back(std::move(state));
    respond_to_snapshot.push_back(std::move(respond));
  }
  /// Reads what has arrived and answers the snapshots that are complete.
  void drain() {
    for (std::size_t i = 0; i < pipes.size(); ++i) {
      for (BytePipe::Pulled pulled = pipes[i]->try_pull();; pulled = pipes[i]->try_pull()) {
        bytes_of_snapshots += pulled.chunk.size();
        if (pulled.end.has_value() && respond_to_snapshot[i]) {
          std::exchange(respond_to_snapshot[i], {})(Reply{InstallSnapshotReply{}});
        }
        if (pulled.chunk.data() == nullptr) break;
      }
    }
  }
  std::map<std::string, std::size_t> counts;
  std::vector<std::uint64_t> sizes;
  std::vector<std::shared_ptr<BytePipe>> pipes;
  std::vector<Respond> respond_to_snapshot;
  std::size_t bytes_of_snapshots = 0;
};

struct Replayed {
  std::map<std::string, std::size_t> counts;
  std::size_t refused = 0;  ///< answered by the transport, with an error
  std::size_t closed = 0;   ///< connections, by the transport
};

/// What the dialers of a recorded cluster wrote, given to a NetTransport `step` bytes at a time.
Replayed replay(std::ifstream& transcript, std::size_t step) {
  hand::HandNetwork network;
  Responder responder;
  NetTransport server(network.runtime,
                      std::make_shared<hand::HandStreamLayer>(network, ServerAddress{"s"}));
  EXPECT_TRUE(server.start(responder));
  std::map<std::string, std::unique_ptr<Stream>> dialers;
  std::map<std::string, std::string> replies;
  const auto settle = [&] {
    for (int i = 0; i < 3; ++i) {
      responder.drain();
      server.flush();
      network.runtime->settle();
    }
    for (auto& [name, stream] : dialers) {
      std::array<std::byte, 4096> buffer;
      if (auto read = stream->read_some(buffer); read)
        replies[name] += text_of(std::span{buffer}.first(*read));
    }
  };
  for (std::string line; std::getline(transcript, line);) {
    const std::string name = field(line, "conn");
    const std::string direction = field(line, "dir");
    if (direction == "open") dialers[name] = network.open({"s"});
    if (direction != ">") continue;
    const std::string bytes = bytes_of_hex(field(line, "hex"));
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const ByteView piece = view_of(std::string_view{bytes}.substr(at, step));
      (void)dialers[name]->write_some(std::span{&piece, 1});  // closed: nobody listens any more
      settle();
    }
  }
  Replayed result{.counts = responder.counts};
  for (const auto& wire : network.wires)
    result.closed += wire->reply.closed ? 1 : 0;
  for (const auto& [name, text] : replies) {
    for (const char* error :
         {"operation not supported", "unsupported snapshot version", "failed to decode peers"}) {
      for (std::size_t at = 0; (at = text.find(error, at)) != std::string::npos; ++at)
        ++result.refused;
    }
  }
  std::size_t sizes = 0;
  for (const std::uint64_t size : responder.sizes)
    sizes += size;
  EXPECT_EQ(responder.bytes_of_snapshots, sizes);
  return result;
}

// Goal: whatever a cluster of the model says, we understand. Method: the recorded bytes of every
// connection, whole as they were written and in small pieces; every request must arrive, no
// connection may be closed but those on which nonsense was sent on purpose.
TEST(NetGolden, EveryRecordedConversationIsUnderstood) {
  std::size_t transcripts = 0;
  const std::filesystem::path folder{PROA_SOURCE_DIR "/tests/golden/transcripts"};
  for (const auto& file : std::filesystem::directory_iterator{folder}) {
    for (const std::size_t step : {std::size_t{1} << 20, std::size_t{1000}, std::size_t{17}}) {
      SCOPED_TRACE(file.path().filename().string() + " in steps of " + std::to_string(step));
      std::ifstream transcript{file.path()};
      std::string head;
      ASSERT_TRUE(std::getline(transcript, head));
      auto expected = counts_of(field(head, "messages"));
      const Replayed got = replay(transcript, step);
      const std::size_t undecodable = expected["request cut off or undecodable"];
      EXPECT_EQ(got.closed, undecodable + expected["unknown type"]);
      EXPECT_EQ(got.refused, expected["error replies"]);
      std::size_t requests = 0;
      for (const auto& [name, count] : got.counts)
        requests += count;
      std::size_t sent = 0;
      for (const char* name :
           {"AppendEntries", "InstallSnapshot", "RequestPreVote", "RequestVote", "TimeoutNow"}) {
        sent += expected[name];
        if (got.closed > 0) continue;
        EXPECT_EQ(got.counts.contains(name) ? got.counts.at(name) : 0U, expected[name]) << name;
      }
      EXPECT_EQ(requests + got.refused + undecodable, sent);
    }
    ++transcripts;
  }
  EXPECT_EQ(transcripts, 9U);
}

}  // namespace
}  // namespace proa
