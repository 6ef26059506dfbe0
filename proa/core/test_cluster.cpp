#include "proa/core/test_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

AppendEntriesInfo info_of(const AppendEntriesRequest& request, EntriesSummary entries) {
  return {.term = request.term,
          .leader = request.leader,
          .prev_log = request.prev_log,
          .entries = std::move(entries),
          .leader_commit = request.leader_commit,
          .heartbeat = request.heartbeat};
}

StoredLog log_of(const std::vector<StoredEntry>& entries, LogPosition before) {
  return {.before = before, .entries = entries};
}

}  // namespace

TestCluster::TestCluster(Setup setup) : setup_(std::move(setup)), random_(setup_.seed) {
  const auto founding = std::make_shared<Configuration>(Configuration{.servers = setup_.servers});
  for (const Server& server : setup_.servers) {
    TestServer& made = servers_[server.id];
    made.id = server.id;
    made.disk.hard_state.term = Term{1};
    made.disk.log.entries = {
        {.term = Term{1}, .kind = EntryKind::configuration, .configuration = founding}};
  }
  for (const ServerId& id : setup_.spares)
    servers_[id].id = id;
  written_[{.term = Term{1}, .index = LogIndex{1}}] = {0, Term{}};
}

std::optional<ServerId> TestCluster::leader() const {
  std::optional<ServerId> newest;
  Term term = {};
  for (const auto& [id, server] : servers_) {
    if (!server.core) continue;
    const View view = server.core->view();
    if (view.role != Role::leader || view.term < term) continue;
    term = view.term;
    newest = id;
  }
  return newest;
}

void TestCluster::fail(const std::string& what) {
  if (failed_) return;
  failed_ = true;
  std::string end;
  for (std::size_t i = trace_.size() < 60 ? 0 : trace_.size() - 60; i < trace_.size(); ++i) {
    end += trace_[i] + "\n";
  }
  ADD_FAILURE() << what << "\nseed " << setup_.seed << ", the end of what happened:\n" << end;
}

void TestCluster::start(const ServerId& id) {
  TestServer& server = at(id);
  if (server.core) return;
  server.log = server.disk.log;
  server.applied = server.disk.snapshot ? server.disk.snapshot->last.index : LogIndex{};
  const Restored restored{
      .hard_state = server.disk.hard_state,
      .log = {.log = server.log.summary(),
              .commit_hint = std::min(server.disk.commit_hint, server.log.last())},
      .snapshot = server.disk.snapshot,
  };
  server.core.emplace(now_,
                      Options{.self = sender(id),
                              .heartbeat_timeout = 1000ms,
                              .election_timeout = 1000ms,
                              .commit_timeout = 50ms,
                              .leader_lease_timeout = 500ms,
                              .append_entries_max = setup_.append_entries_max,
                              .trailing_logs = setup_.trailing_logs,
                              .pre_vote = setup_.pre_vote,
                              .shutdown_on_remove = false,
                              .seed = random_.next()},
                      restored);
  settle(server);
}

void TestCluster::crash(const ServerId& id) {
  TestServer& server = at(id);
  if (!server.core) return;
  note(id.value + ": crashes");
  server.core.reset();
  server.writes.clear();
  const std::map<std::uint64_t, Message> unanswered = std::exchange(server.requests, {});
  server.installing.reset();
  server.reads.clear();
  for (std::size_t i = network_.size(); i-- > 0;) {
    const Message& message = network_[i];
    const bool is_reply_to_it = message.to == id && std::holds_alternative<Reply>(message.content);
    if (is_reply_to_it) network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const auto& [number, message] : unanswered) {  // its connections break
    if (message.what.term != Term{}) {
      step(message.from, RequestFailed{.to = id, .what = message.what});
    }
  }
}

void TestCluster::step(const ServerId& id, const Input& input) {
  TestServer& server = at(id);
  if (!server.core) return;
  const View before = server.core->view();
  server.core->step(now_, input);
  note_changes(server, before);
  if (random_.below(100) < setup_.percent_joined) return;
  settle(server);
}

void TestCluster::settle(TestServer& server) {
  if (!server.core) return;
  for (int round = 0; round < 1000; ++round) {
    const View before = server.core->view();
    const Effects effects = server.core->take_effects();
    carry_out(server, effects);
    note_changes(server, before);
    const bool is_quiet = effects.entries_now.empty() && effects.appended.empty();
    if (is_quiet) return;
  }
  fail(server.id.value + " never comes to rest");
}

void TestCluster::note_changes(TestServer& server, const View& before) {
  static constexpr const char* kRoles[] = {"follower", "candidate", "leader"};
  const View after = server.core->view();
  if (after.role != before.role || after.term != before.term) {
    note(server.id.value + ": " + kRoles[static_cast<std::size_t>(after.role)] + ", term " +
         to_string(after.term));
  }
  if (after.commit_index != before.commit_index) {
    note(server.id.value + ": commit " + to_string(after.commit_index));
  }
  check_view(server);
  check_commit(server, before);
}

void TestCluster::fire_timer(const ServerId& id) {
  if (!at(id).core) return;
  advance_to(at(id).core->deadline());
  step(id, DeadlineReached{});
}

void TestCluster::carry_out(TestServer& server, const Effects& effects) {
  for (const Appended& appended : effects.appended)
    append(server, appended);
  for (const Incident& incident : effects.incidents) {
    note(server.id.value + ": incident: " + incident.detail);
  }
  for (const Send& out : effects.send_now) {
    std::visit([&](const auto& what) { send(server, what); }, out);
  }
  for (const SendEntries& out : effects.entries_now)
    send_entries(server, out);
  for (const SendSnapshot& out : effects.snapshots_now)
    send_snapshot(server, out);
  if (effects.write) {
    server.writes.push_back(
        {.write = *effects.write, .entries = server.log.slice(effects.write->append)});
  }
  if (effects.install) server.installing = effects.install;
  if (effects.apply) check_apply(server, *effects.apply);
  if (effects.compact) compact(server, *effects.compact);
  for (const Completion& done : effects.complete)
    complete(server, done);
}

void TestCluster::complete(TestServer& server, const Completion& done) {
  note(server.id.value + ": completes " + std::to_string(done.first.value) +
       (done.error ? ": " + to_string(*done.error) : " at " + to_string(done.index)));
  const auto read = server.reads.find(done.first);
  if (read == server.reads.end()) return;
  ++reads_checked_;
  if (!done.error && done.index < read->second) {
    fail(server.id.value + " answers a read at " + to_string(done.index) + " though " +
         to_string(read->second) + " was acknowledged before it was asked");
  }
  server.reads.erase(read);
}

/// The disk's part follows at once, before the writes that wait: what was removed is in the
/// snapshot.
void TestCluster::compact(TestServer& server, LogIndex last_removed) {
  const StoredEntry* last = server.log.find(last_removed);
  if (last == nullptr) return fail(server.id.value + " compacts what it does not have");
  if (server.disk.log.last() < last_removed) {
    return fail(server.id.value + " compacts what its disk does not have");
  }
  const LogPosition before{.term = last->term, .index = last_removed};
  for (StoredLog* log : {&server.log, &server.disk.log}) {
    if (last_removed <= log->before.index) continue;
    const LogIndex end = std::max(log->last(), last_removed);
    *log =
        log_of(log->last() <= last_removed ? std::vector<StoredEntry>{}
                                           : log->slice({.first = next(last_removed), .last = end}),
               before);
  }
}

void TestCluster::append(TestServer& server, const Appended& appended) {
  if (const auto* restarted = std::get_if<LogRestarted>(&appended)) {
    note(server.id.value + ": restarts its log after " + to_string(restarted->after));
    server.log = {.before = restarted->after};
  } else if (const auto* own = std::get_if<OwnEntries>(&appended)) {
    server.log.truncate_from(own->first);
    for (std::uint32_t i = 0; i < own->count; ++i) {
      server.log.entries.push_back({.term = own->term,
                                    .kind = own->kind,
                                    .configuration = own->configuration,
                                    .payload = next_payload_++});
    }
  } else {
    const auto& received = std::get<ReceivedEntries>(appended);
    const Carried& request = std::get<Carried>(server.requests.at(received.request.value).content);
    const auto& info = std::get<AppendEntriesInfo>(request.message);
    if (received.entries.first <= server.log.last()) {
      note(server.id.value + ": truncates from " + to_string(received.entries.first));
    }
    server.log.truncate_from(received.entries.first);
    const auto begin =
        request.entries.begin() + static_cast<std::ptrdiff_t>(received.entries.first.value -
                                                              info.entries.entries.first.value);
    server.log.entries.insert(server.log.entries.end(), begin, request.entries.end());
  }
  check_log(server);
}

void TestCluster::post(Message message) { network_.push_back(std::move(message)); }

void TestCluster::send(TestServer& server, const SendRequest& request) {
  if (const auto* wish = std::get_if<RequestVoteRequest>(&request.message)) {
    const HardState& saved = server.disk.hard_state;
    if (saved.term < wish->term || (saved.term == wish->term && saved.vote != sender(server.id))) {
      fail(server.id.value + " asks for votes before its own is durable");
    }
  }
  Message message{
      .from = server.id, .to = request.to, .what = request.what, .id = {next_request_++}};
  message.what.sent_at = now_;
  message.content = std::visit(
      Overloaded{[](const AppendEntriesRequest& m) { return Carried{.message = info_of(m, {})}; },
                 [](const auto& m) { return Carried{.message = m}; }},
      request.message);
  post(std::move(message));
}

void TestCluster::send(TestServer& server, const Answer& answer) {
  const auto found = server.requests.find(answer.to.value);
  if (found == server.requests.end()) return fail(server.id.value + " answers twice");
  const Message request = std::move(found->second);
  server.requests.erase(found);
  check_promise(server, request, answer.reply);
  post({.from = server.id,
        .to = request.from,
        .what = request.what,
        .content = answer.reply,
        .id = request.id});
}

void TestCluster::send_entries(TestServer& server, const SendEntries& send) {
  IndexRange range = send.entries;
  if (range.size() > setup_.append_entries_max) {
    range.last = previous(range.first) + setup_.append_entries_max;
  }
  Carried carried{.entries = server.log.slice(range)};
  carried.message = AppendEntriesInfo{
      .term = send.term,
      .leader = sender(server.id),
      .prev_log = send.prev,
      .entries = log_of(carried.entries, send.prev).summary(),
      .leader_commit = send.commit,
  };
  const LogIndex last = range.empty() ? send.prev.index : range.last;
  const Sent what{.term = send.term,
                  .prev = send.prev,
                  .last = last,
                  .generation = send.generation,
                  .round = send.round,
                  .sent_at = now_};
  post({.from = server.id,
        .to = send.to,
        .what = what,
        .content = std::move(carried),
        .id = {next_request_++}});
  server.core->step(now_, EntriesSent{.to = send.to, .generation = send.generation, .last = last});
}

void TestCluster::send_snapshot(TestServer& server, const SendSnapshot& send) {
  const SnapshotMeta& snapshot = server.disk.snapshot.value();
  const Sent what{.term = send.term,
                  .last = snapshot.last.index,
                  .generation = send.generation,
                  .sent_at = now_};
  post({.from = server.id,
        .to = send.to,
        .what = what,
        .content = Carried{.message = InstallSnapshotRequest{.term = send.term,
                                                             .leader = sender(server.id),
                                                             .snapshot = snapshot}},
        .id = {next_request_++}});
}

void TestCluster::deliver(std::size_t position) {
  const Message message = std::move(network_[position]);
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(position));
  const auto found = servers_.find(message.to);
  const bool is_request = std::holds_alternative<Carried>(message.content);
  if (found == servers_.end() || !found->second.core) {
    if (is_request) {
      step(message.from, RequestFailed{.to = message.to, .what = message.what});
    }
    return;
  }
  note(describe(message));
  TestServer& server = found->second;
  std::visit([&](const auto& content) { take_in(server, message, content); }, message.content);
}

void TestCluster::take_in(TestServer& server, const Message& message, const Carried& request) {
  server.requests[message.id.value] = message;
  std::visit(
      [&](const auto& m) {
        step(server.id, Received<std::decay_t<decltype(m)>>{.id = message.id, .message = m});
      },
      request.message);
}

void TestCluster::take_in(TestServer& server, const Message& message, const Reply& reply) {
  if (message.what.term == Term{}) return;  // to a duplicate
  std::visit(
      [&](const auto& m) {
        step(server.id, Replied<std::decay_t<decltype(m)>>{
                            .from = message.from, .what = message.what, .message = m});
      },
      reply);
}

void TestCluster::lose(std::size_t position) {
  const Message message = std::move(network_[position]);
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(position));
  if (message.what.term == Term{}) return;  // of a duplicate
  const bool is_request = std::holds_alternative<Carried>(message.content);
  const ServerId& asked = is_request ? message.to : message.from;
  const ServerId& asker = is_request ? message.from : message.to;
  note(describe(message) + " (lost)");
  step(asker, RequestFailed{.to = asked, .what = message.what});
}

void TestCluster::duplicate(std::size_t position) {
  Message copy = network_[position];
  if (!std::holds_alternative<Carried>(copy.content)) return;
  copy.what = {};
  copy.id = {next_request_++};
  post(std::move(copy));
}

void TestCluster::sync(const ServerId& id) {
  TestServer& server = at(id);
  if (!server.core || server.writes.empty()) return;
  const TestServer::Unsynced unsynced = std::move(server.writes.front());
  server.writes.pop_front();
  const Write& write = unsynced.write;
  Disk& disk = server.disk;
  if (write.hard_state) disk.hard_state = *write.hard_state;
  if (write.truncate_from) disk.log.truncate_from(*write.truncate_from);
  if (write.restart_after) disk.log = {.before = *write.restart_after};
  if (!write.append.empty() && write.append.first != next(disk.log.last())) {
    fail(id.value + " writes entries from " + to_string(write.append.first) +
         " on behind a log that ends at " + to_string(disk.log.last()));
  }
  disk.log.entries.insert(disk.log.entries.end(), unsynced.entries.begin(), unsynced.entries.end());
  disk.commit_hint = write.commit_hint;
  step(id, Persisted{write.ticket});
}

void TestCluster::finish_install(const ServerId& id, bool ok) {
  TestServer& server = at(id);
  if (!server.core || !server.installing) return;
  const RequestId request = *std::exchange(server.installing, {});
  const Carried& carried = std::get<Carried>(server.requests.at(request.value).content);
  const SnapshotMeta snapshot = std::get<InstallSnapshotRequest>(carried.message).snapshot;
  std::optional<Error> error;
  note(id.value + (ok ? ": has installed " : ": cannot install ") + to_string(snapshot.last));
  if (ok) {
    ++installs_;
    server.disk.snapshot = snapshot;
    server.applied = snapshot.last.index;
  } else {
    error = Error{.code = Errc::io_error, .detail = "the stream broke off"};
  }
  step(id, SnapshotInstalled{.id = request, .error = std::move(error)});
}

void TestCluster::take_snapshot(const ServerId& id) {
  TestServer& server = at(id);
  if (!server.core || server.installing) return;
  const LogIndex last = server.applied;
  const StoredEntry* entry = server.log.find(last);
  if (entry == nullptr) return;
  SnapshotMeta snapshot{.last = {.term = entry->term, .index = last}};
  if (server.disk.snapshot) snapshot.configuration = server.disk.snapshot->configuration;
  for (const ConfigurationAt& at : server.log.summary().configurations) {
    if (at.index <= last) snapshot.configuration = at;
  }
  server.disk.snapshot = snapshot;
  note(id.value + ": takes a snapshot at " + to_string(snapshot.last));
  step(id, SnapshotTaken{snapshot});
}

void TestCluster::read(const ServerId& id, ProposalId read) {
  if (!at(id).core) return;
  at(id).reads[read] = acknowledged_;
  step(id, ReadRequested{.id = read});
}

}  // namespace proa::core::test
