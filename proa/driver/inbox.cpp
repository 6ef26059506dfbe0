#include "proa/driver/inbox.hpp"

#include <utility>

namespace proa::driver {
namespace {

struct LimitOf {
  const InboxLimits& limits;

  std::size_t operator()(const ChangeCall&) const { return limits.change_calls; }
  std::size_t operator()(const VerifyCall&) const { return limits.verify_calls; }
  std::size_t operator()(const TransferCall&) const { return limits.transfer_calls; }
  std::size_t operator()(const ReadIndexCall&) const { return limits.waiting_calls; }
  std::size_t operator()(const ReadCall&) const { return limits.waiting_calls; }
  std::size_t operator()(const WaitAppliedCall&) const { return limits.waiting_calls; }
  std::size_t operator()(const WaitLeaderCall&) const { return limits.waiting_calls; }
  std::size_t operator()(const ReloadCall&) const { return limits.change_calls; }
  std::size_t operator()(const SnapshotCall&) const { return limits.snapshot_calls; }
  std::size_t operator()(const RestoreCall&) const { return limits.restore_calls; }
};

}  // namespace

bool Inbox::fits(const State& state, const Proposal& proposal) const {
  return state.proposals.size() < limits_.proposals &&
         proposal.bytes() <= limits_.proposal_bytes - state.proposal_bytes;
}

Inbox::Pushed Inbox::wake_if(State& state, bool wanted) {
  if (!wanted || state.woken) return Pushed::taken;
  state.woken = true;
  return Pushed::wake_loop;
}

Inbox::Pushed Inbox::push(Proposal&& proposal) {
  return state_.with([&](State& state) {
    if (state.closed) return Pushed::closed;
    if (!fits(state, proposal)) return Pushed::full;
    state.proposal_bytes += proposal.bytes();
    state.proposals.push_back(std::move(proposal));
    return wake_if(state, state.proposals.size() >= state.wake_at);
  });
}

Inbox::Pushed Inbox::push_all(std::span<Proposal> proposals, std::size_t& taken) {
  taken = 0;
  return state_.with([&](State& state) {
    if (state.closed) return Pushed::closed;
    while (taken < proposals.size() && fits(state, proposals[taken])) {
      state.proposal_bytes += proposals[taken].bytes();
      state.proposals.push_back(std::move(proposals[taken++]));
    }
    if (taken == 0) return Pushed::full;
    return wake_if(state, state.proposals.size() >= state.wake_at);
  });
}

Inbox::Pushed Inbox::push(Call&& call) {
  return state_.with([&](State& state) {
    if (state.closed) return Pushed::closed;
    std::size_t& of_its_kind = state.calls_by_kind[call.index()];
    if (of_its_kind >= limit_of(call)) return Pushed::full;
    ++of_its_kind;
    state.calls.push_back(std::move(call));
    return wake_if(state, true);
  });
}

void Inbox::take_proposals(std::size_t enough, std::vector<Proposal>& into) {
  PROA_ASSERT(into.empty());
  state_.with([&](State& state) {
    state.wake_at = enough;
    if (state.proposals.size() < enough || state.proposals.empty()) return;
    into.swap(state.proposals);
    state.proposal_bytes = 0;
    state.wake_at = 1;
  });
}

std::vector<Call> Inbox::take_calls() {
  return state_.with([&](State& state) {
    state.woken = false;
    state.calls_by_kind = {};
    return std::exchange(state.calls, {});
  });
}

Inbox::Held Inbox::held() const {
  return state_.with([](const State& state) {
    return Held{.proposals = state.proposals.size(),
                .bytes = state.proposal_bytes,
                .calls = state.calls.size()};
  });
}

void Inbox::close() {
  state_.with([](State& state) { state.closed = true; });
}

std::size_t Inbox::limit_of(const Call& call) const { return std::visit(LimitOf{limits_}, call); }

}  // namespace proa::driver
