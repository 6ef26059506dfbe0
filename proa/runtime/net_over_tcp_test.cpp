#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/tcp.hpp"
#include "proa/transport/net_transport.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

constexpr std::uint64_t kStateBytes = 20'000'000;

std::byte state_byte(std::uint64_t at) { return static_cast<std::byte>(at % 251); }

/// One server of the test: a runtime, a transport on TCP, and answers to whatever comes.
struct Node final : TransportEvents {
  Node() {
    auto streams = tcp_stream_layer(runtime, {});
    EXPECT_TRUE(streams);
    transport = std::make_unique<NetTransport>(runtime, std::move(*streams));
    on_loop([this] { EXPECT_TRUE(transport->start(*this)); });
  }
  ~Node() override {
    on_loop([this] { peer.reset(); });
    transport.reset();
    lane.reset();
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  template <class F>
  void on_loop(F action) {
    Fn<void()> task = std::move(action);
    runtime->run_on_loop(task);
  }

  void on_request(Request&& request, Respond respond) override {
    const auto& append = std::get<AppendEntriesRequest>(request);
    Reply reply{AppendEntriesReply{.term = append.term, .last_log = append.entries.last_index()}};
    waiting.emplace_back(std::move(reply), std::move(respond));
    if (waiting.size() > 1) return;
    runtime->at_input_end([this] {
      for (auto& [answer, back] : std::exchange(waiting, {}))
        back(answer);
      transport->flush();
    });
  }

  /// Reads the state on a lane, as a snapshot store does.
  void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                   Respond respond) override {
    answer_snapshot = [this, term = request.term, back = std::move(respond)](bool whole) mutable {
      back(Reply{InstallSnapshotReply{.term = term, .success = whole}});
      transport->flush();
    };
    lane->post([this, state = std::move(state)]() mutable { read(std::move(state), 0); });
  }
  void read(std::shared_ptr<BytePipe> state, std::uint64_t at) {
    for (;;) {
      const BytePipe::Pulled pulled = state->try_pull();
      for (const std::byte byte : pulled.chunk.view())
        intact = (byte == state_byte(at++)) && intact;
      if (pulled.end.has_value()) {
        const bool whole = intact && !pulled.end->error.has_value() && at == kStateBytes;
        return runtime->loop().post([this, whole] { answer_snapshot(whole); });
      }
      if (pulled.chunk.data() == nullptr) break;
    }
    BytePipe& pipe = *state;
    pipe.when_pullable(
        *lane, [this, state = std::move(state), at]() mutable { read(std::move(state), at); });
  }
  void write(std::shared_ptr<BytePipe> state, std::uint64_t at) {
    while (at < kStateBytes) {
      std::vector<std::byte> chunk(std::min<std::uint64_t>(kStateBytes - at, 200'000));
      for (std::size_t i = 0; i < chunk.size(); ++i)
        chunk[i] = state_byte(at + i);
      const std::size_t size = chunk.size();
      if (!state->try_push(SharedBytes::take(std::move(chunk)))) break;
      at += size;
    }
    if (state->stopped().has_value()) return;
    if (at == kStateBytes) return state->finish({});
    BytePipe& pipe = *state;
    pipe.when_pushable(
        *lane, [this, state = std::move(state), at]() mutable { write(std::move(state), at); });
  }

  std::shared_ptr<AsioRuntime> runtime = make_runtime().value();
  std::unique_ptr<LaneExecutor> lane = runtime->make_lane(Lane::snapshot);
  std::unique_ptr<NetTransport> transport;
  std::unique_ptr<Peer> peer;
  std::vector<std::pair<Reply, Respond>> waiting;
  Fn<void(bool)> answer_snapshot;
  bool intact = true;
};

AppendEntriesRequest append_of(std::uint64_t term) {
  const SharedBytes data = SharedBytes::copy_of(std::string(term * 37 % 5000, 'x'));
  std::vector<NewEntry> entries(term % 70);
  for (std::size_t i = 0; i < entries.size(); ++i)
    entries[i] = {.index = LogIndex{term + i}, .term = Term{term}, .data = data};
  AppendEntriesRequest request{
      .term = {term}, .prev_log = {.term = {1}, .index = {term - 1}}, .leader_commit = {1}};
  if (!entries.empty()) request.entries = EntryView{wire::encode_block(entries)};
  return request;
}

// Goal: what the tests of NetTransport show by hand holds on real sockets and threads. Method: two
// runtimes in one process, appends of all sizes while a snapshot goes from lane to lane.
TEST(NetOverTcp, CarriesAppendsAndASnapshotSideBySide) {
  Node leader;
  Node follower;
  constexpr std::uint64_t kRounds = 1000;
  std::uint64_t next = 1;
  std::uint64_t right = 0;
  std::promise<void> appended;
  std::promise<bool> installed;
  Fn<void()> ask = [&] {
    const AppendEntriesRequest request = append_of(next);
    Respond done = [&, term = next, last = request.entries.last_index()](Result<Reply> reply) {
      const auto* append = reply ? std::get_if<AppendEntriesReply>(&*reply) : nullptr;
      if (append != nullptr && append->term.value == term && append->last_log == last) ++right;
      if (term == kRounds) return appended.set_value();
      ask();
    };
    ++next;
    EXPECT_TRUE(leader.peer->send(Channel::append, Request{request}, done));
    leader.transport->flush();
  };
  leader.on_loop([&] {
    leader.peer = leader.transport->connect(
        {.id = {"follower"}, .address = follower.transport->local_address()});
    InstallSnapshotRequest install{.term = {7}};
    install.snapshot.size = kStateBytes;
    install.snapshot.configuration.configuration = {{{.id = {"a"}, .address = {"a"}}}};
    auto state = std::make_shared<BytePipe>();
    leader.peer->send_snapshot(install, state, [&](Result<Reply> reply) {
      installed.set_value(reply && std::get<InstallSnapshotReply>(*reply).success);
    });
    leader.lane->post([&leader, state] { leader.write(state, 0); });
    ask();
  });
  appended.get_future().wait();
  EXPECT_EQ(right, kRounds);
  EXPECT_TRUE(installed.get_future().get());
}

TEST(NetOverTcp, TellsThatNobodyListens) {
  Node leader;
  ServerAddress nobody;
  {
    const Node gone;
    nobody = gone.transport->local_address();
  }
  std::promise<Result<Reply>> answer;
  leader.on_loop([&] {
    leader.peer = leader.transport->connect({.id = {"gone"}, .address = nobody});
    Respond done = [&](Result<Reply> reply) { answer.set_value(std::move(reply)); };
    EXPECT_TRUE(leader.peer->send(Channel::append, Request{append_of(1)}, done));
    leader.transport->flush();
  });
  const Result<Reply> reply = answer.get_future().get();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::peer_unreachable);
  EXPECT_NE(reply.error().detail.find("the append channel to gone"), std::string::npos);
}

}  // namespace
}  // namespace proa
