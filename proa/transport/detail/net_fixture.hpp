#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proa/transport/detail/hand_driven.hpp"
#include "proa/transport/net_transport.hpp"
#include "proa/wire/entry_codec.hpp"

// What the tests of NetTransport share. Only tests include this file.
namespace proa::hand {

/// Keeps what arrives until the test answers.
struct Arrivals final : TransportEvents {
  void on_request(Request&& request, Respond respond) override {
    requests.push_back(std::move(request));
    responds.push_back(std::move(respond));
  }
  void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                   Respond respond) override {
    installs.push_back(std::move(request));
    pipes.push_back(std::move(state));
    responds.push_back(std::move(respond));
  }
  std::vector<Request> requests;
  std::vector<InstallSnapshotRequest> installs;
  std::vector<std::shared_ptr<BytePipe>> pipes;
  std::vector<Respond> responds;
};

struct Lines final : Logger {
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view text) override { all += std::string{text} + "\n"; }
  bool contain(std::string_view text) const { return all.find(text) != std::string::npos; }
  std::string all;
};

inline Sender leader() { return {.id = {"a"}, .address = {"a"}}; }

inline AppendEntriesRequest append_of(std::uint64_t term, std::size_t entries,
                                      std::size_t bytes_each = 10) {
  const auto letter = static_cast<char>('a' + term % 26);
  const SharedBytes data = SharedBytes::copy_of(std::string(bytes_each, letter));
  std::vector<NewEntry> all;
  for (std::size_t i = 0; i < entries; ++i)
    all.push_back({.index = LogIndex{8 + i}, .term = Term{term}, .data = data});
  AppendEntriesRequest request{.term = {term},
                               .leader = leader(),
                               .prev_log = {.term = {term}, .index = {7}},
                               .leader_commit = {7}};
  if (entries > 0) request.entries = EntryView{wire::encode_block(all)};
  return request;
}

/// Two transports, `a` with a peer `b`, over a network driven by hand.
struct TwoServers : ::testing::Test {
  TwoServers() { restart({}); }
  ~TwoServers() override { to_b.reset(); }

  void restart(NetOptions options) {
    to_b.reset();
    a.reset();
    b.reset();
    options.logger = lines;
    a = transport("a", options);
    b = transport("b", options);
    EXPECT_TRUE(a->start(at_a));
    EXPECT_TRUE(b->start(at_b));
    to_b = a->connect({.id = {"b"}, .address = {"b"}});
  }
  std::unique_ptr<NetTransport> transport(const std::string& name, NetOptions options) {
    options.local_id = {name};
    return std::make_unique<NetTransport>(
        network.runtime, std::make_shared<HandStreamLayer>(network, ServerAddress{name}), options);
  }

  /// What comes back is noted in `heard`: a term, or the word `failed`.
  Respond note() {
    return [this](Result<Reply> reply) {
      if (!reply) errors.push_back(reply.error());
      heard += reply ? std::to_string(term_of(*reply)) + " " : std::string("failed ");
    };
  }
  static std::uint64_t term_of(const Reply& reply) {
    if (const auto* append = std::get_if<AppendEntriesReply>(&reply)) return append->term.value;
    if (const auto* vote = std::get_if<RequestVoteReply>(&reply)) return vote->term.value;
    if (const auto* install = std::get_if<InstallSnapshotReply>(&reply)) return install->term.value;
    return 0;
  }

  bool append(std::uint64_t term, std::size_t entries = 1, std::size_t bytes_each = 10) {
    Respond done = note();
    return to_b->send(Channel::append, Request{append_of(term, entries, bytes_each)}, done);
  }
  void settle() {
    a->flush();
    b->flush();
    network.runtime->settle();
  }
  /// Answers what `b` got, by place.
  void answer(std::size_t which, std::uint64_t term) {
    at_b.responds[which](Reply{AppendEntriesReply{.term = {term}, .success = true}});
  }
  /// Answers every append that `b` gets with the term it came with.
  void answer_all() {
    while (answered < at_b.responds.size()) {
      for (; answered < at_b.responds.size(); ++answered)
        answer(answered, std::get<AppendEntriesRequest>(at_b.requests[answered]).term.value);
      settle();
    }
  }

  HandNetwork network;
  std::shared_ptr<HandRuntime> runtime = network.runtime;
  std::shared_ptr<Lines> lines = std::make_shared<Lines>();
  Arrivals at_a;
  Arrivals at_b;
  std::unique_ptr<NetTransport> a;
  std::unique_ptr<NetTransport> b;
  std::unique_ptr<Peer> to_b;
  std::string heard;
  std::vector<Error> errors;
  std::size_t answered = 0;
};

}  // namespace proa::hand
