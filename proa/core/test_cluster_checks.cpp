#include <gtest/gtest.h>

#include "proa/core/test_cluster.hpp"
#include "proa/core/test_support.hpp"

namespace proa::core::test {

/// Nothing that is promised may get lost in a crash now (design: persist before speak).
void TestCluster::check_promise(const TestServer& server, const Message& request,
                                const Reply& reply) {
  const Disk& disk = server.disk;
  const auto& asked = std::get<Carried>(request.content).message;
  if (const auto* vote = std::get_if<RequestVoteReply>(&reply); vote != nullptr && vote->granted) {
    const auto& wish = std::get<RequestVoteRequest>(asked);
    const bool is_saved = disk.hard_state.term == vote->term && disk.hard_state.vote &&
                          disk.hard_state.vote->id == wish.candidate.id;
    if (!is_saved) fail(server.id.value + " grants a vote that is not durable");
  }
  const auto* install = std::get_if<InstallSnapshotReply>(&reply);
  if (install != nullptr && install->success) {
    const LogPosition last = std::get<InstallSnapshotRequest>(asked).snapshot.last;
    const StoredEntry* stored = disk.log.find(last.index);
    const bool is_covered = disk.snapshot && last.index <= disk.snapshot->last.index;
    const bool is_stored = stored != nullptr && stored->term == last.term;
    if ((!is_covered && !is_stored) || disk.log.last() < last.index) {
      fail(server.id.value + " acknowledges a snapshot that is not durable");
    }
  }
  const auto* append = std::get_if<AppendEntriesReply>(&reply);
  if (append == nullptr || !append->success) return;
  const auto& info = std::get<AppendEntriesInfo>(asked);
  if (disk.hard_state.term < append->term) fail(server.id.value + " speaks of an unsaved term");
  const auto& entries = std::get<Carried>(request.content).entries;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const LogIndex index = info.entries.entries.first + i;
    if (disk.snapshot && index <= disk.snapshot->last.index) continue;
    const StoredEntry* stored = disk.log.find(index);
    if (stored == nullptr || *stored != entries[i]) {
      return fail(server.id.value + " acknowledges entry " + to_string(index) +
                  ", which is not durable");
    }
  }
}

/// One leader per term, and it has every committed entry (paper Figure 3).
void TestCluster::check_view(const TestServer& server) {
  const View view = server.core->view();
  if (view.role != Role::leader) return;
  const auto [known, is_new] = leaders_.try_emplace(view.term, server.id);
  if (known->second != server.id) {
    return fail(server.id.value + " and " + known->second.value + " lead in term " +
                to_string(view.term));
  }
  if (!is_new) return;
  for (const auto& [index, entry] : committed_) {
    if (server.disk.snapshot && index <= server.disk.snapshot->last.index) continue;
    const StoredEntry* own = server.log.find(index);
    if (own == nullptr || *own != entry) {
      return fail(server.id.value + " leads without the committed entry " + to_string(index));
    }
  }
}

/// What a leader commits is on the disks of a majority, also of those that are down.
void TestCluster::check_commit(const TestServer& server, const View& before) {
  const View view = server.core->view();
  if (view.role != Role::leader || view.commit_index <= before.commit_index) return;
  acknowledged_ = std::max(acknowledged_, view.commit_index);
  const StoredEntry* last = server.log.find(view.commit_index);
  if (last != nullptr && last->term != view.term) {
    fail(server.id.value + " counts an entry of term " + to_string(last->term));  // paper §5.4.2
  }
  // A commit may let the next change begin, which takes effect after it.
  const Configuration& configuration = before.latest_configuration.configuration;
  std::size_t holders = 0;
  for (const Server& member : configuration.servers) {
    if (member.suffrage != Suffrage::voter) continue;
    const Disk& disk = at(member.id).disk;
    const StoredEntry* entry = disk.log.find(view.commit_index);
    const StoredEntry* own = server.log.find(view.commit_index);
    const bool is_covered = disk.snapshot && view.commit_index <= disk.snapshot->last.index;
    if (is_covered || (entry != nullptr && own != nullptr && *entry == *own)) ++holders;
  }
  if (holders < configuration.quorum()) {
    fail(server.id.value + " commits " + to_string(view.commit_index) + " held by " +
         std::to_string(holders) + " disks");
  }
}

/// Entries with the same index and term are the same, and so is all before them (paper Figure 3).
void TestCluster::check_log(const TestServer& server) {
  Term before = server.log.before.term;
  LogIndex index = server.log.before.index;
  for (const StoredEntry& entry : server.log.entries) {
    index = next(index);
    const std::pair content{entry.payload, before};
    const auto [known, is_new] =
        written_.try_emplace({.term = entry.term, .index = index}, content);
    if (known->second != content) {
      return fail(server.id.value + " holds another entry at " + to_string(index) + " of term " +
                  to_string(entry.term));
    }
    before = entry.term;
  }
}

/// If a server has applied an entry at an index, no other ever applies a different one (paper
/// Figure 3); each index once and in order; and a majority has it on disk.
void TestCluster::check_apply(TestServer& server, IndexRange range) {
  if (range.first != next(server.applied)) {
    fail(server.id.value + " applies " + to_text(range) + " after " + to_string(server.applied));
  }
  for (LogIndex at = range.first; at <= range.last; at = next(at)) {
    const StoredEntry* entry = server.log.find(at);
    const StoredEntry* durable = server.disk.log.find(at);
    if (entry == nullptr || durable == nullptr || *entry != *durable) {
      return fail(server.id.value + " applies entry " + to_string(at) + ", which is not durable");
    }
    const auto [known, is_new] = committed_.try_emplace(at, *entry);
    if (known->second != *entry) {
      return fail(server.id.value + " applies another entry at " + to_string(at));
    }
  }
  server.applied = range.last;
  server.core->step(now_, AppliedUpTo{range.last});
}

}  // namespace proa::core::test
