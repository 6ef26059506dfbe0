#include "proa/transport/direct_transport.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proa/testing/sim_runtime.hpp"

namespace proa {
namespace {

using namespace std::chrono_literals;

/// Keeps every parcel until the test decides.
struct HandCourier final : Courier {
  void carry(Parcel parcel) override { parcels.push_back(std::move(parcel)); }
  std::vector<Parcel> parcels;
};

struct Receiver final : TransportEvents {
  void on_request(Request&& request, Respond respond) override {
    requests.push_back(std::move(request));
    responds.push_back(std::move(respond));
  }
  void on_snapshot(InstallSnapshotRequest&&, std::shared_ptr<BytePipe> state,
                   Respond respond) override {
    pipe = std::move(state);
    responds.push_back(std::move(respond));
  }
  std::vector<Request> requests;
  std::vector<Respond> responds;
  std::shared_ptr<BytePipe> pipe;
};

struct DirectTransports : ::testing::Test {
  DirectTransports() {
    EXPECT_TRUE(a.start(at_a));
    EXPECT_TRUE(b.start(at_b));
    to_b = a.connect({.id = {"b"}, .address = {"b"}});
  }
  ~DirectTransports() override {
    to_b.reset();  // its callbacks write into `heard`
    courier->parcels.clear();
  }
  void run(Duration limit = 1ms) {
    const Instant until = scheduler.now() + limit;
    scheduler.at(until, 0, [] {});
    while (scheduler.now() < until && scheduler.run_next()) {
    }
  }
  bool ask(std::uint64_t term, Channel channel = Channel::control) {
    Respond done = [this](Result<Reply> reply) {
      heard += reply ? std::to_string(std::get<RequestVoteReply>(*reply).term.value) + " "
                     : std::string("failed ");
    };
    return to_b->send(channel, Request{RequestVoteRequest{.term = {term}}}, done);
  }
  void answer(std::size_t which, std::uint64_t term) {
    at_b.responds[which](Reply{RequestVoteReply{.term = {term}}});
    b.flush();
  }
  void deliver(std::size_t which) { courier->parcels[which].deliver(); }

  testing::Scheduler scheduler{1};
  std::shared_ptr<HandCourier> courier = std::make_shared<HandCourier>();
  std::shared_ptr<DirectNetwork> network = std::make_shared<DirectNetwork>(courier);
  std::shared_ptr<testing::SimRuntime> runtime =
      std::make_shared<testing::SimRuntime>(scheduler, testing::SimRuntimeOptions{}, 1);
  DirectTransport a{
      network, runtime, {.address = {"a"}, .window_requests = 2, .request_limit = 5s}};
  DirectTransport b{network, runtime, {.address = {"b"}}};
  Receiver at_a;
  Receiver at_b;
  std::unique_ptr<Peer> to_b;
  std::string heard;
};

TEST_F(DirectTransports, SendNothingBeforeTheFlush) {
  ask(1);
  run();
  EXPECT_TRUE(courier->parcels.empty());
  a.flush();
  EXPECT_EQ(courier->parcels.size(), 1U);
}

TEST_F(DirectTransports, GiveAnswersBackInTheOrderOfTheRequests) {
  ask(1);
  ask(2);
  a.flush();
  deliver(0);
  deliver(1);
  run();
  answer(1, 12);
  answer(0, 11);

  deliver(2);
  run();
  EXPECT_EQ(heard, "");
  deliver(3);
  run();
  EXPECT_EQ(heard, "11 12 ");
}

TEST_F(DirectTransports, RefuseWhatDoesNotFitTheWindowAndSayWhenThereIsRoom) {
  EXPECT_TRUE(ask(1));
  EXPECT_TRUE(ask(2));
  EXPECT_FALSE(ask(3));
  EXPECT_TRUE(ask(3, Channel::append));
  to_b->when_writable(Channel::control, [this] { heard += "writable "; });
  a.flush();
  deliver(0);
  run();
  answer(0, 11);
  deliver(3);
  run();
  EXPECT_EQ(heard, "11 writable ");
}

TEST_F(DirectTransports, FailEverythingOutstandingOfAChannelWhenItIsLost) {
  ask(1);
  ask(2);
  ask(3, Channel::append);
  a.flush();
  courier->parcels[1].lost();
  run();
  EXPECT_EQ(heard, "failed failed ");

  deliver(0);  // what was on its way still arrives; the answer is too late
  run();
  ASSERT_EQ(at_b.requests.size(), 1U);
  answer(0, 11);
  deliver(3);
  run();
  EXPECT_EQ(heard, "failed failed ");
}

TEST_F(DirectTransports, TreatADuplicateAsANewRequestWhoseAnswerGoesNowhere) {
  ask(1);
  a.flush();
  deliver(0);
  deliver(0);
  run();
  ASSERT_EQ(at_b.requests.size(), 2U);
  EXPECT_EQ(at_b.requests[0], at_b.requests[1]);
  answer(1, 12);
  EXPECT_EQ(courier->parcels.size(), 1U);
  answer(0, 11);
  deliver(1);
  run();
  EXPECT_EQ(heard, "11 ");
}

TEST_F(DirectTransports, FailAChannelWhoseOldestRequestIsTooOld) {
  ask(1);
  a.flush();
  run(4s);
  ask(2);
  EXPECT_EQ(heard, "");
  run(2s);
  EXPECT_EQ(heard, "failed failed ");
}

TEST_F(DirectTransports, FailAtOnceIfNobodyListens) {
  b.stop();
  ask(1);
  a.flush();
  deliver(0);
  run();
  EXPECT_EQ(heard, "failed ");
}

TEST_F(DirectTransports, FailAtOnceIfTheReceiverDiesBeforeItAnswers) {
  ask(1);
  a.flush();
  deliver(0);
  run();
  at_b.responds.clear();
  run();
  EXPECT_EQ(heard, "failed ");
}

TEST_F(DirectTransports, CallEveryCallbackOnceWhenThePeerIsLetGo) {
  ask(1);
  ask(2);
  to_b = nullptr;
  EXPECT_EQ(heard, "failed failed ");
}

TEST_F(DirectTransports, MoveTheBytesOfASnapshotAndItsEnd) {
  const auto state = std::make_shared<BytePipe>();
  ASSERT_TRUE(state->try_push(SharedBytes::copy_of("chunk")));
  to_b->send_snapshot({}, state, [this](Result<Reply>) { heard += "answered "; });
  a.flush();
  deliver(0);
  state->finish(std::nullopt);
  run();
  ASSERT_NE(at_b.pipe, nullptr);
  EXPECT_EQ(text_of(at_b.pipe->try_pull().chunk), "chunk");
  EXPECT_TRUE(at_b.pipe->try_pull().end.has_value());
}

TEST_F(DirectTransports, EndTheReceiversStreamWithAnErrorWhenTheSenderGoes) {
  const auto state = std::make_shared<BytePipe>();
  to_b->send_snapshot({}, state, [this](Result<Reply>) { heard += "answered "; });
  a.flush();
  deliver(0);
  run();
  to_b = nullptr;
  const auto pulled = at_b.pipe->try_pull();
  ASSERT_TRUE(pulled.end.has_value());
  EXPECT_TRUE(pulled.end->error.has_value());
  EXPECT_TRUE(state->stopped().has_value());
}

}  // namespace
}  // namespace proa
