#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proa/testing/invariants.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::testing {

/// Entries of `term` from `first` on, one for each letter.
inline EntryView entries(std::uint64_t first, std::uint64_t term, const std::string& letters) {
  std::vector<NewEntry> made;
  for (const char letter : letters) {
    made.push_back(
        {.index = {first++}, .term = {term}, .data = SharedBytes::copy_of(std::string(1, letter))});
  }
  return EntryView{wire::encode_block(made)};
}

/// The entry that puts a configuration of these voters in force.
inline EntryView configuration(LogPosition at, const std::vector<std::string>& voters) {
  Configuration made;
  for (const std::string& id : voters)
    made.servers.push_back({.id = {id}, .address = {id}});
  const NewEntry entry{.index = at.index,
                       .term = at.term,
                       .kind = EntryKind::configuration,
                       .data = wire::encode_configuration(made)};
  return EntryView{wire::encode_block(std::span{&entry, 1})};
}

/// Three servers; s1 leads in term 1 with the entries "abc" durable on itself and on s2.
struct ThreeServers : ::testing::Test {
  ThreeServers() {
    for (std::size_t server = 0; server < 3; ++server)
      save(server, 1, "s1");
    write(0, {.entries = entries(1, 1, "abc")});
    write(1, {.entries = entries(1, 1, "abc")});
    invariants.sends(0, append(1, {}, entries(1, 1, "abc"), 0));
  }

  static Sender sender(const std::string& id) { return {.id = {id}, .address = {id}}; }
  static Request append(std::uint64_t term, LogPosition prev, EntryView view,
                        std::uint64_t commit) {
    return AppendEntriesRequest{
        .term = {term}, .prev_log = prev, .entries = std::move(view), .leader_commit = {commit}};
  }
  static Request vote_request(std::uint64_t term, const std::string& candidate) {
    return RequestVoteRequest{.term = {term}, .candidate = sender(candidate)};
  }
  void save(std::size_t server, std::uint64_t term, const std::string& vote) {
    const HardState state{.term = {term}, .vote = sender(vote)};
    invariants.hard_state_write_begins(server, state);
    invariants.hard_state_written(server, state);
  }
  void write(std::size_t server, const LogBatch& batch) {
    invariants.log_write_begins(server, batch);
    invariants.log_written(server, batch);
  }
  void install(std::size_t server, LogPosition last) {
    invariants.snapshot_stored(server, {.last = last});
    write(server, {.restart_after = last});
  }
  void opened(std::size_t server, const ShadowLog& log) {
    invariants.log_opened(server, {.first = log.first(), .last = log.last()}, log);
  }
  /// The beginning of the violation, or "good".
  std::string verdict() const {
    const auto& violation = invariants.violation();
    return violation ? violation->substr(0, violation->find(':')) : "good";
  }

  Invariants invariants{{{.id = {"s1"}, .address = {"s1"}},
                         {.id = {"s2"}, .address = {"s2"}},
                         {.id = {"s3"}, .address = {"s3"}}}};
};

}  // namespace proa::testing
