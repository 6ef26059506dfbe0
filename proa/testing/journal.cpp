#include "proa/testing/journal.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace proa::testing {
namespace {

constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;

const char* mark_of(Happening what) {
  static constexpr auto kMarks =
      std::to_array<const char*>({"->", "<-", "=>", "<=", "starts", "CRASH", "follows", "campaigns",
                                  "LEADS", "disk", "commit", "apply", "FAULT", "user", "BROKEN"});
  static_assert(kMarks.size() == static_cast<std::size_t>(Happening::violation) + 1);
  return kMarks[static_cast<std::size_t>(what)];
}

std::string name_of(std::size_t server) {
  return server == kNobody ? std::string("all") : "s" + std::to_string(server + 1);
}

std::string range_of(LogIndex first, LogIndex last) {
  return first == last ? to_string(first) : to_string(first) + ".." + to_string(last);
}

std::string range_of(const EntryView& entries) {
  return range_of(entries.first_index(), entries.last_index());
}

struct RequestText {
  std::string operator()(const AppendEntriesRequest& r) const {
    if (r.heartbeat) return "heartbeat of term " + to_string(r.term);
    return "append of term " + to_string(r.term) + " after " + to_string(r.prev_log) + ": " +
           (r.entries.empty() ? "nothing" : range_of(r.entries)) + ", commit " +
           to_string(r.leader_commit);
  }
  std::string operator()(const RequestVoteRequest& r) const {
    return "vote in term " + to_string(r.term) + "? log ends at " + to_string(r.last_log) +
           (r.leadership_transfer ? ", asked by the leader" : "");
  }
  std::string operator()(const RequestPreVoteRequest& r) const {
    return "would you vote in term " + to_string(r.term) + "? log ends at " + to_string(r.last_log);
  }
  std::string operator()(const TimeoutNowRequest&) const { return "start an election now"; }
};

struct ReplyText {
  std::string operator()(const AppendEntriesReply& r) const {
    return std::string(r.success ? "ok" : "no") + ", term " + to_string(r.term) + ", log ends at " +
           to_string(r.last_log);
  }
  std::string operator()(const RequestVoteReply& r) const {
    return std::string(r.granted ? "vote granted" : "vote denied") + ", term " + to_string(r.term);
  }
  std::string operator()(const RequestPreVoteReply& r) const {
    return std::string(r.granted ? "would vote" : "would not vote") + ", term " + to_string(r.term);
  }
  std::string operator()(const TimeoutNowReply&) const { return "ok"; }
  std::string operator()(const InstallSnapshotReply& r) const {
    return std::string(r.success ? "installed" : "not installed") + ", term " + to_string(r.term);
  }
};

Happening becoming(ServerState state) {
  switch (state) {
    case ServerState::down:
      return Happening::crashes;
    case ServerState::follower:
      return Happening::follows;
    case ServerState::candidate:
      return Happening::campaigns;
    case ServerState::leader:
      return Happening::leads;
  }
  return Happening::follows;
}

}  // namespace

std::string describe(const Request& request) { return std::visit(RequestText{}, request); }

std::string describe(const InstallSnapshotRequest& request) {
  return "snapshot of term " + to_string(request.term) + " up to " +
         to_string(request.snapshot.last) + ", " + std::to_string(request.snapshot.size) + " bytes";
}

std::string describe(const Result<Reply>& reply) {
  if (!reply) return "no answer: " + to_string(reply.error());
  return std::visit(ReplyText{}, *reply);
}

std::string describe(const LogBatch& batch) {
  std::string text;
  if (batch.truncate_from) text += "log cut from " + to_string(*batch.truncate_from) + ", ";
  if (batch.restart_after) {
    text += "log begun anew after " + to_string(*batch.restart_after) + ", ";
  }
  return text + (batch.entries.empty() ? "no entries" : "entries " + range_of(batch.entries)) +
         (batch.entries.empty() ? "" : " of term " + to_string(batch.entries.back().term));
}

std::string describe(const HardState& state) {
  return "term " + to_string(state.term) + ", vote for " +
         (state.vote ? state.vote->id.value : std::string("nobody"));
}

std::optional<ServerState> state_after(const JournalEvent& event) {
  switch (event.what) {
    case Happening::starts:
    case Happening::follows:
      return ServerState::follower;
    case Happening::campaigns:
      return ServerState::candidate;
    case Happening::leads:
      return ServerState::leader;
    case Happening::crashes:
      return ServerState::down;
    default:
      return std::nullopt;
  }
}

void Journal::add_message(Happening what, std::size_t server, std::size_t peer, std::string text) {
  if (closed_) return;
  JournalEvent event{.at = clock_ == nullptr ? Instant{} : clock_->now(),
                     .what = what,
                     .server = server,
                     .peer = peer,
                     .text = std::move(text)};
  if (on_event_) on_event_(event);
  kept_.push_back(std::move(event));
  if (what == Happening::violation) close();
  if (kept_.size() > kept_max_) forget_oldest();
}

void Journal::forget_oldest() {
  const JournalEvent& oldest = kept_.front();
  if (const auto state = state_after(oldest)) {
    if (states_before_.size() <= oldest.server) states_before_.resize(oldest.server + 1);
    states_before_[oldest.server] = *state;
  }
  kept_.pop_front();
}

void Journal::stands(std::size_t server, ServerState state, Term term, LogIndex commit) {
  if (stands_.size() <= server) stands_.resize(server + 1);
  Stand& stand = stands_[server];
  if (stand.state != state || stand.term != term) {
    add(becoming(state), server, "in term " + to_string(term));
  }
  if (stand.commit < commit) {
    add(Happening::commits, server, range_of(next(stand.commit), commit));
  }
  stand = {.state = state, .term = term, .commit = commit};
}

void Journal::ended(std::size_t server, const char* how) {
  if (server < stands_.size()) stands_[server] = {};
  add(Happening::crashes, server, how);
}

std::string to_string(const JournalEvent& event) {
  constexpr int kWhoColumns = 14;
  const std::int64_t us = event.at.since_start.count() / kNanosecondsPerMicrosecond;
  std::string who = name_of(event.server) + " " + mark_of(event.what);
  if (event.peer != kNobody) who += " " + name_of(event.peer);
  std::array<char, 80> head = {};
  std::snprintf(head.data(), head.size(), "%5lld.%06lld  %-*s ",
                static_cast<long long>(us / kMicrosecondsPerSecond),
                static_cast<long long>(us % kMicrosecondsPerSecond), kWhoColumns, who.c_str());
  return head.data() + event.text;
}

}  // namespace proa::testing
