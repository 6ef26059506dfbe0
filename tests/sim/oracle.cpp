#include "tests/sim/oracle.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace proa::sim {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::byte kBallast{0xB5};
constexpr std::uint64_t kStatesApart = 4000;  // more writes than there are during a restore
constexpr std::uint64_t kRestoredChain = 0xD6E8FEB86659FD93U;

std::string text_of(AttemptId attempt) { return "write " + std::to_string(attempt.value); }

Result<std::vector<std::byte>> read_all(ByteSource& source) {
  std::vector<std::byte> bytes;
  while (true) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kPieceBytes);
    PROA_TRY(const std::size_t count, source.read(std::span{bytes}.subspan(before)));
    bytes.resize(before + count);
    if (count == 0) return bytes;
  }
}

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
  known_ = std::max(known_, answer.count);
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
  if (error.code == Errc::aborted_by_restore) {
    // Others may have applied it before their state was replaced too.
    known.aborted_by_restore = true;
    return check_is_replaced(attempt, known);
  }
  known.refused = true;
  if (known.applied_at == LogIndex{}) return;
  violated_("not executed: " + text_of(attempt) + " failed with " + to_string(error) +
            ", but it was applied at " + to_string(known.applied_at));
}

void Oracle::check_is_replaced(AttemptId attempt, const Attempt& known) {
  if (!known.aborted_by_restore || known.applied_at <= restored_last_) return;
  violated_("not executed: " + text_of(attempt) + " was aborted by a restore up to " +
            to_string(restored_last_) + " and is applied at " + to_string(known.applied_at));
}

Appended Oracle::new_restore() {
  const std::uint64_t newest =
      restores_.empty() ? chains_.size() : std::max(chains_.size(), restores_.rbegin()->first);
  const Appended state{.count = newest + kStatesApart, .chain = newest * kRestoredChain + 1};
  restores_.emplace(state.count, Restored{.chain = state.chain});
  return state;
}

void Oracle::restore_failed(const Appended& state, const Error& error) {
  if (error.outcome == Outcome::unknown) return;
  Restored& known = restores_.at(state.count);
  known.refused = true;
  if (state.count < chains_.size() && chains_[state.count] == state.chain) {
    violated_("not executed: a restore failed with " + to_string(error) +
              ", but its state was taken over");
  }
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
  if (chains_.size() <= state.count) chains_.resize(state.count + 1);
  chains_[state.count] = state.chain;
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
  check_is_replaced(attempt, known);
}

void Oracle::has_read(std::uint64_t known_before, const Appended& state) {
  if (state.count < known_before) {
    violated_("linearizable reads: one has seen " + std::to_string(state.count) +
              " commands, before it began " + std::to_string(known_before) + " were known");
  }
  if (state.count >= chains_.size() || chains_[state.count] != state.chain) {
    violated_("linearizable reads: one has seen a state of " + std::to_string(state.count) +
              " commands that never was");
  }
  known_ = std::max(known_, state.count);
}

void Oracle::restored(LogIndex last, const Appended& state) {
  if (last == LogIndex{} && is_by_user(state)) return;
  if (last.value < states_.size() && states_[last.value].appended == state) return;
  violated_("replicas differ: a snapshot holds another state after " + to_string(last) +
            " than the one that was reached there");
}

/// A user's state, in which nothing of ours is applied yet.
bool Oracle::is_by_user(const Appended& state) {
  const auto found = restores_.find(state.count);
  if (found == restores_.end() || found->second.chain != state.chain) return false;
  if (found->second.refused) {
    violated_("not executed: the state of a restore that was refused is taken over");
  }
  if (chains_.size() <= state.count) chains_.resize(state.count + 1);
  chains_[state.count] = state.chain;
  return true;
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

struct AppendFsm::Stored {
  std::uint64_t count = 0;
  std::uint64_t chain = 0;
  std::uint64_t last_applied = 0;
};

/// The state as it was, then the ballast.
class AppendFsm::Written final : public Fsm::Snapshot {
 public:
  Written(const Stored& stored, std::size_t ballast_bytes)
      : stored_(stored), ballast_bytes_(ballast_bytes) {}

  Result<void> write_to(SnapshotSink& sink) override {
    PROA_TRY(sink.write(std::as_bytes(std::span{&stored_, 1})));
    const std::vector<std::byte> ballast(std::min(ballast_bytes_, kPieceBytes), kBallast);
    for (std::size_t left = ballast_bytes_; left > 0;) {
      const std::size_t piece = std::min(left, ballast.size());
      PROA_TRY(sink.write(ByteView{ballast}.first(piece)));
      left -= piece;
    }
    return {};
  }

 private:
  Stored stored_;
  std::size_t ballast_bytes_;
};

std::vector<std::byte> AppendFsm::snapshot_of(const Appended& state, std::size_t ballast_bytes) {
  const Stored stored{.count = state.count, .chain = state.chain};
  std::vector<std::byte> snapshot(sizeof stored + ballast_bytes, kBallast);
  std::memcpy(snapshot.data(), &stored, sizeof stored);
  return snapshot;
}

Result<std::unique_ptr<Fsm::Snapshot>> AppendFsm::snapshot() {
  const Stored stored{
      .count = state_.count, .chain = state_.chain, .last_applied = last_applied_.value};
  return std::make_unique<Written>(stored, ballast_bytes_);
}

Result<void> AppendFsm::restore(ByteSource& source) {
  PROA_TRY(const std::vector<std::byte> bytes, read_all(source));
  Stored stored;
  const bool is_whole = bytes.size() == sizeof stored + ballast_bytes_ &&
                        std::count(bytes.begin() + sizeof stored, bytes.end(), kBallast) ==
                            static_cast<std::ptrdiff_t>(ballast_bytes_);
  if (!is_whole) return fail(Errc::corrupt, "a snapshot was stored in part");
  std::memcpy(&stored, bytes.data(), sizeof stored);
  state_ = {.count = stored.count, .chain = stored.chain};
  last_applied_ = {stored.last_applied};
  oracle_.restored(last_applied_, state_);
  return {};
}

}  // namespace proa::sim
