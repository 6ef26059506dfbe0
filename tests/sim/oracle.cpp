#include "tests/sim/oracle.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace proa::sim {
namespace {

std::string text_of(AttemptId attempt) { return "write " + std::to_string(attempt.value); }

}  // namespace

SharedBytes command_of(AttemptId attempt, std::size_t bytes) {
  std::vector<std::byte> command(std::max(bytes, sizeof attempt.value));
  std::memcpy(command.data(), &attempt.value, sizeof attempt.value);
  return SharedBytes::take(std::move(command));
}

AttemptId attempt_of(ByteView command) {
  AttemptId attempt;
  if (command.size() >= sizeof attempt.value) {
    std::memcpy(&attempt.value, command.data(), sizeof attempt.value);
  }
  return attempt;
}

AttemptId Oracle::new_attempt() {
  attempts_.emplace_back();
  return {attempts_.size() - 1};
}

void Oracle::acknowledged(AttemptId attempt, LogIndex index, const Appended& answer) {
  ++acknowledged_;
  Attempt& known = attempts_[attempt.value];
  known.acknowledged_at = index;
  if (known.applied_at != index) {
    violated_("acknowledged: " + text_of(attempt) + " at " + to_string(index) +
              ", but it was applied at " + to_string(known.applied_at));
    return;
  }
  if (states_[index.value].appended == answer) return;
  violated_("acknowledged: the answer to " + text_of(attempt) + " is not the state after it");
}

void Oracle::failed(AttemptId attempt, const Error& error) {
  if (error.outcome == Outcome::unknown) {
    ++unknown_;
    return;
  }
  ++refused_;
  Attempt& known = attempts_[attempt.value];
  known.refused = true;
  if (known.applied_at == LogIndex{}) return;
  violated_("not executed: " + text_of(attempt) + " failed with " + to_string(error) +
            ", but it was applied at " + to_string(known.applied_at));
}

void Oracle::applied(AttemptId attempt, LogIndex index, const Appended& state) {
  if (states_.size() <= index.value) states_.resize(index.value + 1);
  State& known_state = states_[index.value];
  if (known_state.attempt.value != 0) {
    if (known_state.appended == state && known_state.attempt.value == attempt.value) return;
    return violated_("replicas differ: at " + to_string(index) + " one has applied " +
                     text_of(known_state.attempt) + ", another " + text_of(attempt) +
                     (known_state.attempt.value == attempt.value ? " upon another history" : ""));
  }
  known_state = {.attempt = attempt, .appended = state};
  if (attempt.value == 0 || attempt.value >= attempts_.size()) {
    return violated_("a command that nobody wrote is applied at " + to_string(index));
  }
  Attempt& known = attempts_[attempt.value];
  if (known.applied_at != LogIndex{}) {
    violated_("applied twice: " + text_of(attempt) + " at " + to_string(known.applied_at) +
              " and at " + to_string(index));
  }
  if (known.refused) {
    violated_("not executed: " + text_of(attempt) + " was refused and is applied at " +
              to_string(index));
  }
  known.applied_at = index;
}

void Oracle::check_nothing_is_lost(LogIndex applied_everywhere) {
  for (std::size_t number = 1; number < attempts_.size(); ++number) {
    if (attempts_[number].acknowledged_at <= applied_everywhere) continue;
    return violated_("lost: " + text_of({number}) + " was acknowledged at " +
                     to_string(attempts_[number].acknowledged_at) +
                     ", the servers have come to rest at " + to_string(applied_everywhere));
  }
}

void AppendFsm::apply(std::span<const Committed> batch, Responses& responses) {
  for (std::size_t position = 0; position < batch.size(); ++position) {
    const Committed& entry = batch[position];
    const AttemptId attempt = attempt_of(entry.command);
    ++state_.count;
    state_.chain = (state_.chain ^ attempt.value) * 0x9E3779B97F4A7C15U + entry.index.value;
    last_applied_ = entry.index;
    oracle_.applied(attempt, entry.index, state_);
    if (responses.wanted(position)) responses.set(position, state_);
  }
}

Result<std::unique_ptr<Fsm::Snapshot>> AppendFsm::snapshot() {
  return fail(Errc::nothing_new_to_snapshot, "this state machine takes no snapshots");
}

Result<void> AppendFsm::restore(ByteSource&) {
  return fail(Errc::snapshot_not_found, "this state machine takes no snapshots");
}

}  // namespace proa::sim
