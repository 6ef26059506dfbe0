#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

/// Takes the effects and lets the disk finish at once what they want written.
inline Effects take_and_persist(Consensus& server, Instant now = t0) {
  Effects effects = server.take_effects();
  if (!effects.write) return effects;
  server.step(now, Persisted{effects.write->ticket});
  Effects after = server.take_effects();
  effects.send_now.insert(effects.send_now.end(), after.send_now.begin(), after.send_now.end());
  effects.entries_now.insert(effects.entries_now.end(), after.entries_now.begin(),
                             after.entries_now.end());
  effects.appended.insert(effects.appended.end(), after.appended.begin(), after.appended.end());
  if (after.apply) effects.apply = after.apply;
  if (after.write) effects.write = after.write;
  return effects;
}

/// Beyond every election deadline.
inline Instant late(Instant now = t0) { return now + 2001ms; }

}  // namespace proa::core::test
