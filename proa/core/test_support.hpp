#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "proa/core/consensus.hpp"

/// What the unit tests of the core share: servers a to e, one server under test, and inputs written
/// shortly.
namespace proa::core::test {

using std::chrono_literals::operator""ms;

inline const ServerId a{"a"}, b{"b"}, c{"c"}, d{"d"}, e{"e"};
inline constexpr Instant t0{};

inline Sender sender(const ServerId& id) { return {.id = id, .address = {id.value + ":1"}}; }
inline Sender candidate(const ServerId& id) { return sender(id); }

inline Server voter(const ServerId& id) { return {.id = id, .address = {id.value + ":1"}}; }
inline Server nonvoter(const ServerId& id) {
  return {.suffrage = Suffrage::nonvoter, .id = id, .address = {id.value + ":1"}};
}

inline Configuration voters(const std::vector<ServerId>& ids) {
  Configuration configuration;
  for (const ServerId& id : ids)
    configuration.servers.push_back(voter(id));
  return configuration;
}

/// A log with these terms from index 1 on, its configurations beside it.
inline EntriesSummary entries_of(const std::vector<std::uint64_t>& terms, LogIndex first = {1},
                                 std::vector<ConfigurationAt> configurations = {}) {
  EntriesSummary entries{.entries = {.first = first, .last = previous(first)},
                         .configurations = std::move(configurations)};
  for (const std::uint64_t term : terms) {
    entries.entries.last = next(entries.entries.last);
    if (entries.term_starts.empty() || entries.term_starts.back().term != Term{term}) {
      entries.term_starts.push_back({.term = {term}, .index = entries.entries.last});
    }
  }
  return entries;
}

/// How a server starts. Unless said otherwise: `a` of a, b, c, all voters by entry 1.
struct Start {
  std::vector<std::uint64_t> log = {1};  ///< the terms of its entries
  Term term = {1};
  std::optional<Sender> vote = {};
  Configuration configuration = voters({a, b, c});
  LogIndex commit_hint = {1};
  ServerId self = a;
  bool pre_vote = false;  ///< most plots are shorter without
};

inline Options options_for(const Start& start) {
  return {.self = sender(start.self),
          .heartbeat_timeout = 1000ms,
          .election_timeout = 1000ms,
          .commit_timeout = 50ms,
          .leader_lease_timeout = 500ms,
          .pre_vote = start.pre_vote,
          .seed = 1};
}

inline Consensus server(const Start& start) {
  Restored restored{.hard_state = {.term = start.term, .vote = start.vote},
                    .log = {.commit_hint = start.commit_hint}};
  std::vector<ConfigurationAt> configurations;
  if (!start.log.empty() && !start.configuration.empty()) {
    configurations.push_back({.configuration = start.configuration, .index = {1}});
  }
  restored.log.log = entries_of(start.log, {1}, std::move(configurations));
  return Consensus{t0, options_for(start), restored};
}

template <class M>
Input received(M message, std::uint64_t id = 1) {
  return Received<M>{.id = {id}, .message = std::move(message)};
}

template <class M>
Input replied(const ServerId& from, M message, Sent what) {
  return Replied<M>{.from = from, .what = what, .message = std::move(message)};
}

inline Send answer(Reply reply, std::uint64_t id = 1) {
  return Answer{.to = {id}, .reply = std::move(reply)};
}

/// Beyond every election deadline that began at t0.
inline Instant late(Instant now = t0) { return now + 2001ms; }

/// Takes the effects and lets the disk finish what they want written, until nothing is left.
inline Effects take_and_persist(Consensus& server, Instant now = t0) {
  Effects all = server.take_effects();
  const auto add = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (std::optional<Write> write = all.write; write;) {
    server.step(now, Persisted{write->ticket});
    const Effects after = server.take_effects();
    add(all.appended, after.appended);
    add(all.send_now, after.send_now);
    add(all.entries_now, after.entries_now);
    if (after.apply) all.apply = after.apply;
    write = after.write;
  }
  return all;
}

inline AppendEntriesInfo append(const ServerId& leader, Term term, LogPosition prev,
                                const std::vector<std::uint64_t>& terms, LogIndex commit = {}) {
  return {.term = term,
          .leader = sender(leader),
          .prev_log = prev,
          .entries = entries_of(terms, next(prev.index)),
          .leader_commit = commit};
}

inline AppendEntriesInfo heartbeat(const ServerId& leader, Term term) {
  return {.term = term, .leader = sender(leader), .heartbeat = true};
}

/// What the driver does with a SendEntries: the whole of it leaves.
inline Sent carry_out(Consensus& server, const SendEntries& send, Instant now = t0) {
  const LogIndex last = send.entries.empty() ? send.prev.index : send.entries.last;
  server.step(now, EntriesSent{.to = send.to, .generation = send.generation, .last = last});
  return {.term = send.term,
          .prev = send.prev,
          .last = last,
          .generation = send.generation,
          .round = send.round,
          .sent_at = now};
}

/// Makes the server leader of the term after its own; its no-op is durable here and nowhere else.
/// Returns what it sent to its peers, in the order of the configuration. It is late() then.
inline std::vector<Sent> elect(Consensus& server) {
  const Instant now = late();
  server.step(now, DeadlineReached{});
  Effects effects = take_and_persist(server, now);
  const Term term = server.view().term;
  for (const Server& peer : server.view().latest_configuration.configuration.servers) {
    if (peer.id == a || server.view().role == Role::leader) continue;
    server.step(now, replied(peer.id, RequestVoteReply{.term = term, .granted = true},
                             {.term = term, .kind = SentKind::vote}));
  }
  const Effects after = take_and_persist(server, now);
  effects.entries_now.insert(effects.entries_now.end(), after.entries_now.begin(),
                             after.entries_now.end());
  std::vector<Sent> sent;
  for (const SendEntries& send : effects.entries_now)
    sent.push_back(carry_out(server, send, now));
  server.take_effects();
  return sent;
}

inline Input acknowledged(const ServerId& from, const Sent& what) {
  return replied(from, AppendEntriesReply{.term = what.term, .success = true}, what);
}

inline Input rejected(const ServerId& from, const Sent& what, std::uint64_t last_log) {
  return replied(
      from, AppendEntriesReply{.term = what.term, .last_log = {last_log}, .no_retry_backoff = true},
      what);
}

}  // namespace proa::core::test
