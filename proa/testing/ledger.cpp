#include "proa/testing/detail/ledger.hpp"

#include <algorithm>
#include <utility>

namespace proa::testing {
namespace {

constexpr std::size_t kCommandsToTell = 8;

}  // namespace

AttemptId Ledger::new_attempt() {
  attempts_.emplace_back();
  return {attempts_.size() - 1};
}

void Ledger::asked(AttemptId attempt, SharedBytes command) {
  attempts_[attempt.value].command = std::move(command);
}

void Ledger::acknowledged(AttemptId attempt, LogIndex index) {
  ++acknowledged_;
  known_ = std::max(known_, index);
  Attempt& known = attempts_[attempt.value];
  known.acknowledged_at = index;
  if (known.applied_at == index) return;
  violated_("acknowledged: " + text_of(known) + " at " + to_string(index) +
            ", but it was applied at " + to_string(known.applied_at));
}

void Ledger::failed(AttemptId attempt, const Error& error) {
  if (error.outcome == Outcome::unknown) return;
  Attempt& known = attempts_[attempt.value];
  known.refused = true;
  if (known.applied_at == LogIndex{}) return;
  violated_("not executed: " + text_of(known) + " failed with " + to_string(error) +
            ", but it was applied at " + to_string(known.applied_at));
}

void Ledger::applied(AttemptId attempt, LogIndex index) {
  if (index <= last_applied()) return;  // on another server, or again; Raft's invariants compare
  commands_.push_back({.index = index, .attempt = attempt});
  if (attempt.value == 0) return;  // not one of ours
  Attempt& known = attempts_[attempt.value];
  if (known.applied_at != LogIndex{}) {
    violated_("applied twice: " + text_of(known) + " at " + to_string(known.applied_at) +
              " and at " + to_string(index));
  }
  if (known.refused) {
    violated_("not executed: " + text_of(known) + " was refused and is applied at " +
              to_string(index));
  }
  known.applied_at = index;
}

void Ledger::has_read(LogIndex known_before, LogIndex seen) {
  if (seen < known_before) {
    violated_("linearizable reads: one has seen the commands up to " + to_string(seen) +
              ", before it began those up to " + to_string(known_before) + " were known");
  }
  known_ = std::max(known_, seen);
}

void Ledger::check_nothing_is_lost(LogIndex applied_everywhere) {
  for (const Attempt& attempt : attempts_) {
    if (attempt.acknowledged_at <= applied_everywhere) continue;
    return violated_("lost: " + text_of(attempt) + " was acknowledged at " +
                     to_string(attempt.acknowledged_at) + ", the servers have come to rest at " +
                     to_string(applied_everywhere));
  }
}

LogIndex Ledger::last_command_up_to(LogIndex end) const {
  const auto beyond = std::upper_bound(
      commands_.begin(), commands_.end(), end,
      [](LogIndex index, const Command& command) { return index < command.index; });
  return beyond == commands_.begin() ? LogIndex{} : std::prev(beyond)->index;
}

std::string Ledger::tell(LogIndex after, LogIndex up_to) const {
  std::vector<std::string> lines;
  for (auto at = commands_.rbegin(); at != commands_.rend() && after < at->index; ++at) {
    if (up_to < at->index) continue;
    if (lines.size() == kCommandsToTell) {
      lines.emplace_back("\n    ...");
      break;
    }
    lines.push_back("\n    " + to_string(at->index) + ": " + describe_(command_of(at->attempt)));
  }
  std::string text;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line)
    text += *line;
  return text;
}

}  // namespace proa::testing
