#include "proa/core/test_cluster.hpp"
#include "proa/core/test_support.hpp"

namespace proa::core::test {
namespace {

std::string describe(const AppendEntriesInfo& request) {
  if (request.heartbeat) return "heartbeat term=" + to_string(request.term);
  return "AppendEntries term=" + to_string(request.term) + " prev=" + to_string(request.prev_log) +
         " entries=" + to_text(request.entries.entries) +
         " commit=" + to_string(request.leader_commit);
}
std::string describe(const RequestVoteRequest& request) {
  return "RequestVote term=" + to_string(request.term) + " last=" + to_string(request.last_log) +
         (request.leadership_transfer ? " transfer" : "");
}
std::string describe(const RequestPreVoteRequest& request) {
  return "RequestPreVote term=" + to_string(request.term) + " last=" + to_string(request.last_log);
}
std::string describe(const TimeoutNowRequest&) { return "TimeoutNow"; }
std::string describe(const InstallSnapshotRequest& request) {
  return "InstallSnapshot term=" + to_string(request.term) +
         " last=" + to_string(request.snapshot.last);
}

std::string describe(const AppendEntriesReply& reply) {
  return std::string{reply.success ? "accepted" : "rejected"} + " term=" + to_string(reply.term) +
         " last_log=" + to_string(reply.last_log);
}
std::string describe(const RequestVoteReply& reply) {
  return std::string{reply.granted ? "vote granted" : "vote refused"} +
         " term=" + to_string(reply.term);
}
std::string describe(const RequestPreVoteReply& reply) {
  return std::string{reply.granted ? "would grant" : "would refuse"} +
         " term=" + to_string(reply.term);
}
std::string describe(const TimeoutNowReply&) { return "TimeoutNow received"; }
std::string describe(const InstallSnapshotReply& reply) {
  return std::string{reply.success ? "installed" : "not installed"} +
         " term=" + to_string(reply.term);
}

}  // namespace

std::string to_text(IndexRange range) {
  if (range.empty()) return "none";
  return to_string(range.first) + ".." + to_string(range.last);
}

std::string describe(const Message& message) {
  const bool is_beat = message.what.kind == SentKind::heartbeat;
  std::string text = message.from.value + " -> " + message.to.value + ": ";
  std::visit(Overloaded{[&](const Carried& request) {
                          std::visit([&](const auto& m) { text += describe(m); }, request.message);
                        },
                        [&](const Reply& reply) {
                          text += is_beat ? "heartbeat " : "";
                          std::visit([&](const auto& m) { text += describe(m); }, reply);
                        }},
             message.content);
  return text;
}

const StoredEntry* StoredLog::find(LogIndex index) const {
  if (index <= before.index || last() < index) return nullptr;
  return &entries[index.value - before.index.value - 1];
}

void StoredLog::truncate_from(LogIndex index) {
  if (last() < index) return;
  entries.resize(index.value - before.index.value - 1);
}

std::vector<StoredEntry> StoredLog::slice(IndexRange range) const {
  std::vector<StoredEntry> part;
  for (LogIndex at = range.first; at <= range.last; at = next(at))
    part.push_back(*find(at));
  return part;
}

EntriesSummary StoredLog::summary() const {
  std::vector<std::uint64_t> terms;
  std::vector<ConfigurationAt> configurations;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    terms.push_back(entries[i].term.value);
    if (entries[i].configuration == nullptr) continue;
    configurations.push_back(
        {.configuration = *entries[i].configuration, .index = before.index + (i + 1)});
  }
  return entries_of(terms, next(before.index), std::move(configurations));
}

std::string StoredLog::terms() const {
  std::string text = before.index == LogIndex{} ? "" : "(" + to_string(before) + ") ";
  for (const StoredEntry& entry : entries)
    text += to_string(entry.term) + " ";
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace proa::core::test
