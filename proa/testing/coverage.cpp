#include "proa/testing/coverage.hpp"

#include <variant>

namespace proa::testing {
namespace {

template <std::size_t N, class T>
const char* at(const std::array<const char*, N>& names, T value) {
  return names[static_cast<std::size_t>(value)];
}

struct TermOfRequest {
  Term operator()(const AppendEntriesRequest& r) const { return r.term; }
  Term operator()(const RequestVoteRequest& r) const { return r.term; }
  Term operator()(const RequestPreVoteRequest& r) const { return r.term; }
  Term operator()(const TimeoutNowRequest&) const { return {}; }
};

struct Verdict {
  bool accepted = false;
  bool mismatch = false;
  Term term = {};  ///< of who answers
};

struct VerdictOf {
  Verdict operator()(const AppendEntriesReply& r) const {
    return {.accepted = r.success, .mismatch = r.no_retry_backoff, .term = r.term};
  }
  Verdict operator()(const RequestVoteReply& r) const {
    return {.accepted = r.granted, .term = r.term};
  }
  Verdict operator()(const RequestPreVoteReply& r) const {
    return {.accepted = r.granted, .term = r.term};
  }
  Verdict operator()(const TimeoutNowReply&) const { return {.accepted = true}; }
  Verdict operator()(const InstallSnapshotReply& r) const {
    return {.accepted = r.success, .term = r.term};
  }
};

}  // namespace

const char* name_of(Receiver receiver) {
  static constexpr std::array<const char*, kReceivers> kNames = {"follower", "candidate", "leader"};
  return at(kNames, receiver);
}

const char* name_of(Asked asked) {
  static constexpr std::array<const char*, kAsked> kNames = {
      "pre-vote",     "vote",      "vote in transfer", "append",
      "empty append", "heartbeat", "snapshot",         "timeout now"};
  return at(kNames, asked);
}

const char* name_of(Answer answer) {
  static constexpr std::array<const char*, kAnswers> kNames = {"accepted", "refused", "mismatch",
                                                               "old term", "failed"};
  return at(kNames, answer);
}

const char* name_of(Struck struck) {
  static constexpr std::array<const char*, kStruck> kNames = {
      "no fault",      "rough network", "narrow lines", "new members",
      "late timers",   "slow work",     "cut links",    "slow disk",
      "after a pause", "after a start", "failing disk", "rotten disk"};
  return at(kNames, struck);
}

const char* name_of(Sometimes condition) {
  static constexpr std::array<const char*, kSometimes> kNames = {
      "leader lost contact",
      "leader deposed",
      "leader removed itself",
      "leader beside an old one",
      "leader followed itself",
      "term without a leader",
      "candidate tried again",
      "vote refused for a leader",
      "vote refused to a stranger",
      "vote refused as given",
      "vote refused for the log",
      "vote granted again",
      "vote granted after a sync",
      "term or vote lost in a crash",
      "term or vote kept in a crash",
      "entries truncated",
      "own entries truncated",
      "configuration truncated",
      "write lost in a crash",
      "write kept in a crash",
      "committed before the own sync",
      "older term committed along",
      "snapshot over a conflict",
      "snapshot beyond the log",
      "snapshot kept the log",
      "started from a snapshot alone",
      "started from snapshot and log",
      "voter added",
      "nonvoter added",
      "nonvoter promoted",
      "voter demoted",
      "member removed",
      "leader died in a change",
      "peer lost its log",
      "all down",
      "old connection began again",
      "sector went stale",
      "write refused as busy",
      "write refused by a follower",
      "write refused in a transfer",
      "write of unknown outcome",
      "write aborted by a restore",
      "read refused by a follower",
      "read lost its leader",
      "transfer succeeded",
      "transfer timed out",
      "transfer refused",
      "change based on an old one",
  };
  static_assert(kNames.back() != nullptr, "one name for each");
  return at(kNames, condition);
}

std::string name_of_tuple(std::size_t tuple) {
  const auto struck = static_cast<Struck>(tuple % kStruck);
  const auto answer = static_cast<Answer>(tuple / kStruck % kAnswers);
  const auto asked = static_cast<Asked>(tuple / kStruck / kAnswers % kAsked);
  const auto receiver = static_cast<Receiver>(tuple / kStruck / kAnswers / kAsked);
  return std::string(name_of(receiver)) + ", " + name_of(asked) + ", " + name_of(answer) + ", " +
         name_of(struck);
}

Asked asked_by(const Request& request) {
  struct Visitor {
    Asked operator()(const AppendEntriesRequest& r) const {
      if (r.heartbeat) return Asked::heartbeat;
      return r.entries.empty() ? Asked::empty_append : Asked::append;
    }
    Asked operator()(const RequestVoteRequest& r) const {
      return r.leadership_transfer ? Asked::vote_in_transfer : Asked::vote;
    }
    Asked operator()(const RequestPreVoteRequest&) const { return Asked::pre_vote; }
    Asked operator()(const TimeoutNowRequest&) const { return Asked::timeout_now; }
  };
  return std::visit(Visitor{}, request);
}

Answer answer_of(const Request& request, const Result<Reply>& reply) {
  return answer_to(std::visit(TermOfRequest{}, request), reply);
}

Answer answer_to(Term asked_in, const Result<Reply>& reply) {
  if (!reply) return Answer::failed;
  const Verdict verdict = std::visit(VerdictOf{}, *reply);
  if (verdict.accepted) return Answer::accepted;
  if (asked_in < verdict.term) return Answer::old_term;
  return verdict.mismatch ? Answer::mismatch : Answer::refused;
}

}  // namespace proa::testing
