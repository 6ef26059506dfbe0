#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "proa/transport/detail/broken_network_test.hpp"
#include "proa/transport/net_transport.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;
using testing::Scheduler;
using testing::SimRuntime;

/// Answers late and in any order; a snapshot when all of it has come, or at once with a refusal.
struct LateResponder final : TransportEvents {
  LateResponder(Scheduler& on, SimRuntime& of) : scheduler(on), runtime(of) {}

  void on_request(Request&& request, Respond respond) override {
    ++requests;
    Reply reply{AppendEntriesReply{}};
    if (const auto* append = std::get_if<AppendEntriesRequest>(&request)) {
      std::get<AppendEntriesReply>(reply) = {.term = append->term,
                                             .last_log = append->entries.last_index()};
    } else if (const auto* vote = std::get_if<RequestVoteRequest>(&request)) {
      reply = RequestVoteReply{.term = vote->term};
    }
    answer_later(std::move(reply), std::move(respond));
  }

  void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                   Respond respond) override {
    ++snapshots;
    const InstallSnapshotReply reply{.term = request.term,
                                     .success = !scheduler.random().percent(30)};
    if (!reply.success) {
      state->stop({.code = Errc::busy});
      return answer_later(Reply{reply}, std::move(respond));
    }
    read(std::move(state), request.snapshot.size, reply, std::move(respond));
  }

  void read(std::shared_ptr<BytePipe> state, std::uint64_t missing, InstallSnapshotReply reply,
            Respond respond) {
    for (;;) {
      const BytePipe::Pulled pulled = state->try_pull();
      for (const std::byte byte : pulled.chunk.view())
        EXPECT_EQ(byte, static_cast<std::byte>(missing-- % 251));
      if (pulled.end.has_value()) {
        if (!pulled.end->error.has_value()) {
          EXPECT_EQ(missing, 0U);
          ++snapshots_whole;
        }
        return answer_later(Reply{reply}, std::move(respond));
      }
      if (pulled.chunk.data() == nullptr) break;
    }
    BytePipe& pipe = *state;
    pipe.when_pullable(runtime.loop(), [this, state = std::move(state), missing, reply,
                                        respond = std::move(respond)]() mutable {
      read(std::move(state), missing, reply, std::move(respond));
    });
  }

  void answer_later(Reply reply, Respond respond) {
    const Duration late{static_cast<std::int64_t>(scheduler.random().below(5'000'000))};
    runtime.start_timer(runtime.now() + late,
                        [this, reply, respond = std::move(respond)]() mutable {
                          respond(reply);
                          transport->flush();
                        });
  }

  Scheduler& scheduler;
  SimRuntime& runtime;
  NetTransport* transport = nullptr;
  std::size_t requests = 0;
  std::size_t snapshots = 0;
  std::size_t snapshots_whole = 0;
};

/// A server that asks, one that answers, and a network in between that does what networks do.
struct Campaign : BrokenNetwork {
  explicit Campaign(std::uint64_t seed) : BrokenNetwork(seed) {
    EXPECT_TRUE(asking.start(nobody));
    EXPECT_TRUE(answering.start(responder));
    nobody.transport = &asking;
    responder.transport = &answering;
    peer = asking.connect({.id = {"b"}, .address = {"b"}});
  }
  ~Campaign() {
    Fn<void()> let_go = [this] { peer.reset(); };
    runtime_a->run_on_loop(let_go);
  }

  struct Asked {
    std::uint64_t term = 0;
    LogIndex last = {};
  };

  Respond expect(Channel channel, Asked what) {
    auto& open = asked[static_cast<std::size_t>(channel)];
    open.push_back(what);
    return [this, &open, what](Result<Reply> reply) {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ(open.front().term, what.term);  // in order, and none twice
      open.pop_front();
      scheduler.trace(reply ? what.term : 0);
      ++(reply ? answered : failed);
      if (!reply) return;
      if (const auto* append = std::get_if<AppendEntriesReply>(&*reply)) {
        EXPECT_EQ(append->term, Term{what.term});
        EXPECT_EQ(append->last_log, what.last);
      } else if (const auto* vote = std::get_if<RequestVoteReply>(&*reply)) {
        EXPECT_EQ(vote->term, Term{what.term});
      }
    };
  }

  void ask_append() {
    const std::uint64_t term = ++terms;
    std::vector<NewEntry> entries(scheduler.random().below(20));
    const std::size_t bytes =
        scheduler.random().below(scheduler.random().percent(5) ? 200000 : 300);
    const SharedBytes data = SharedBytes::copy_of(std::string(bytes, 'x'));
    for (std::size_t i = 0; i < entries.size(); ++i)
      entries[i] = {.index = LogIndex{term + i}, .term = Term{term}, .data = data};
    AppendEntriesRequest request{
        .term = {term}, .prev_log = {.term = {1}, .index = {term - 1}}, .leader_commit = {1}};
    if (!entries.empty()) request.entries = EntryView{wire::encode_block(entries)};
    Asked what{.term = term, .last = request.entries.last_index()};
    auto& open = asked[static_cast<std::size_t>(Channel::append)];
    Respond done = expect(Channel::append, what);
    if (!peer->send(Channel::append, Request{request}, done)) open.pop_back();
  }

  void ask_vote() {
    const std::uint64_t term = ++terms;
    auto& open = asked[static_cast<std::size_t>(Channel::control)];
    Respond done = expect(Channel::control, {.term = term});
    if (!peer->send(Channel::control, Request{RequestVoteRequest{.term = {term}}}, done))
      open.pop_back();
  }

  void ask_snapshot() {
    const std::uint64_t term = ++terms;
    const std::uint64_t size = scheduler.random().below(3'000'000);
    InstallSnapshotRequest request{.term = {term}};
    request.snapshot.size = size;
    request.snapshot.configuration.configuration = {{{.id = {"a"}, .address = {"a"}}}};
    auto state = std::make_shared<BytePipe>();
    peer->send_snapshot(request, state, expect(Channel::snapshot, {.term = term}));
    feed(std::move(state), size);
  }
  void feed(std::shared_ptr<BytePipe> state, std::uint64_t missing) {
    while (missing > 0) {
      std::vector<std::byte> chunk(std::min<std::uint64_t>(missing, 100'000));
      for (std::uint64_t left = missing; std::byte & byte : chunk)
        byte = static_cast<std::byte>(left-- % 251);
      const std::size_t size = chunk.size();
      if (!state->try_push(SharedBytes::take(std::move(chunk)))) break;
      missing -= size;
    }
    if (state->stopped().has_value()) return;
    if (missing == 0) return state->finish({});
    BytePipe& pipe = *state;
    pipe.when_pushable(runtime_a->loop(), [this, state = std::move(state), missing]() mutable {
      feed(std::move(state), missing);
    });
  }

  void act() {
    auto& random = scheduler.random();
    for (std::uint64_t i = random.below(4); i > 0; --i)
      ask_append();
    if (random.percent(30)) ask_vote();
    if (random.percent(3)) ask_snapshot();
    asking.flush();
    cut_or_heal();
    if (random.percent(1)) {
      answering.stop();
      EXPECT_TRUE(answering.start(responder));
    }
  }

  void ask_both() {
    runtime_a->loop().post([this] {
      ask_append();
      ask_vote();
      asking.flush();
    });
    run_until(scheduler.now() + 2s);
  }
  void run() {
    disturb([this] { act(); }, 400s);  // beyond every time limit
    for (const auto& open : asked)
      EXPECT_TRUE(open.empty());
    ask_both();  // a connection that died unnoticed is noticed now
    const std::size_t before = answered;
    ask_both();
    EXPECT_EQ(answered, before + 2);
  }

  static inline const NetOptions kOptions{
      .control_limit = 500ms, .append_limit = 1s, .snapshot_limit = 500ms, .window_bytes = 100'000};
  LateResponder nobody{scheduler, *runtime_a};
  LateResponder responder{scheduler, *runtime_b};
  NetTransport asking{runtime_a, streams.layer(runtime_a, {"a"}), kOptions};
  NetTransport answering{runtime_b, streams.layer(runtime_b, {"b"})};
  std::unique_ptr<Peer> peer;
  std::array<std::deque<Asked>, 3> asked = {};
  std::uint64_t terms = 0;
  std::size_t answered = 0;
  std::size_t failed = 0;
};

// Goal: every callback runs once and in order, with the reply to its own request, whatever the
// network does; once it is well again, so is the transport. Method: random requests of all kinds
// over connections that are slow, cut, half-open, reset, and read and written in pieces.
TEST(NetSim, EveryRequestEndsOnceAndInOrder) {
  std::size_t answered = 0;
  std::size_t failed = 0;
  std::size_t whole = 0;
  std::size_t snapshots = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    Campaign campaign(seed);
    campaign.run();
    answered += campaign.answered;
    failed += campaign.failed;
    snapshots += campaign.responder.snapshots;
    whole += campaign.responder.snapshots_whole;
    if (::testing::Test::HasFailure()) break;
  }
  std::printf("%zu answered, %zu failed; %zu snapshots begun, %zu whole\n", answered, failed,
              snapshots, whole);
  EXPECT_GT(answered, 10'000U);
  EXPECT_GT(failed, 1'000U);
  EXPECT_GT(whole, 100U);
  EXPECT_GT(snapshots, whole + 100);
}

TEST(NetSim, TheSameSeedGivesTheSameRun) {
  std::uint64_t hash = 0;
  for (int run = 0; run < 2; ++run) {
    Campaign campaign(7);
    campaign.run();
    if (run == 1) {
      EXPECT_EQ(campaign.scheduler.trace_hash(), hash);
    }
    hash = campaign.scheduler.trace_hash();
  }
}

}  // namespace
}  // namespace proa
