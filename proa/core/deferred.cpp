#include "proa/core/deferred.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/mutant.hpp"

namespace proa::core {
namespace {

struct Refusal {
  Term term;

  Reply operator()(const AppendEntriesReply& reply) const {
    return AppendEntriesReply{.term = term, .last_log = reply.last_log};
  }
  Reply operator()(const RequestVoteReply&) const { return RequestVoteReply{.term = term}; }
  Reply operator()(const RequestPreVoteReply&) const { return RequestPreVoteReply{.term = term}; }
  Reply operator()(const InstallSnapshotReply&) const { return InstallSnapshotReply{.term = term}; }
  Reply operator()(const TimeoutNowReply& reply) const { return reply; }
};

}  // namespace

void Deferred::hold(Ticket until, Answer answer) {
  answers_.push_back({.until = until, .what = std::move(answer)});
}

void Deferred::hold(Ticket until, SendRequest request) {
  requests_.push_back({.until = until, .what = std::move(request)});
}

void Deferred::refuse_replies(Term term, Ticket until) {
  if (mutant("deferred grant sent in a newer term")) return;
  for (Held<Answer>& held : answers_) {
    held.what.reply = std::visit(Refusal{term}, held.what.reply);
    held.until = until;
  }
}

void Deferred::release(Ticket persisted, std::vector<Send>& into) {
  const auto move_out = [&](auto& list) {
    for (auto& held : list) {
      if (held.until <= persisted) into.emplace_back(std::move(held.what));
    }
    std::erase_if(list, [&](const auto& held) { return held.until <= persisted; });
  };
  move_out(requests_);
  move_out(answers_);
}

Ticket Deferred::latest() const {
  Ticket latest = {};
  for (const auto& held : answers_)
    latest = std::max(latest, held.until);
  for (const auto& held : requests_)
    latest = std::max(latest, held.until);
  return latest;
}

}  // namespace proa::core
