#include <utility>

#include "proa/driver/driver.hpp"
#include "proa/driver/errors.hpp"

namespace proa::driver {
namespace {

template <class T>
Fn<void()> refusal(Promise<T> promise, const char* what) {
  return [promise = std::move(promise), what]() mutable {
    promise.complete(fail(busy_error(std::string{"too many "} + what + " wait already")));
  };
}

}  // namespace

void Driver::look_into_inbox() {
  if (!running()) return;
  for (Call& call : parts_.inbox->take_calls()) {
    std::visit([this](auto& what) { take(std::move(what)); }, call);
  }
  want_turn();
}

core::ProposalId Driver::open_call(CallWaiter waiter) {
  const core::ProposalId id = std::exchange(next_id_, {next_id_.value + 1});
  calls_.emplace(id, std::move(waiter));
  return id;
}

/// Proposals fill the book up to their limit and once again with the round that reaches it. What is
/// beyond that are changes: committed one after the other, but not applied here.
bool Driver::too_many_changes_in_log() const {
  return book_.size() >= kChangesInLogMax &&
         (book_.size() - kChangesInLogMax) / 2 >= parts_.config.inbox_requests_max;
}

void Driver::take(ChangeCall call) {
  if (too_many_open() || too_many_wait_for_applied() || too_many_changes_in_log()) {
    return later(refusal(std::move(call.promise), "changes"));
  }
  call.change.id = open_call(std::move(call.promise));
  step(call.change);
}

void Driver::take(VerifyCall call) {
  if (too_many_open()) return later(refusal(std::move(call.promise), "requests"));
  const core::ProposalId id = open_call(std::move(call.promise));
  step(core::ReadRequested{.id = id, .verify_only = true});
}

void Driver::take(ReadIndexCall call) {
  if (too_many_open() || too_many_wait_for_applied()) {
    return later(refusal(std::move(call.promise), "reads"));
  }
  const core::ProposalId id = open_call(std::move(call.promise));
  step(core::ReadRequested{.id = id});
}

void Driver::take(ReadCall call) {
  if (too_many_open()) {
    return later([query = std::move(call.query)] {
      query->refuse(busy_error("too many reads wait already"));
    });
  }
  if (call.level == ReadLevel::stale) return queries_.add({}, std::move(call.query));
  const core::ProposalId id = open_call(std::move(call.query));
  step(core::ReadRequested{.id = id, .unconfirmed = call.level == ReadLevel::leader});
}

void Driver::take(TransferCall call) {
  if (too_many_open()) return later(refusal(std::move(call.promise), "requests"));
  const core::ProposalId id = open_call(std::move(call.promise));
  step(core::TransferRequested{.id = id, .to = std::move(call.to)});
}

void Driver::take(WaitAppliedCall call) {
  if (too_many_wait_for_applied()) {
    return later(refusal(std::move(call.promise), "callers"));
  }
  applied_waits_.emplace(call.index, std::move(call.promise));
  complete_applied_waits();
}

void Driver::take(WaitLeaderCall call) {
  if (leader_waits_.size() >= kOpenCallsMax) {
    return later(refusal(std::move(call.promise), "callers"));
  }
  leader_waits_.push_back(std::move(call.promise));
}

void Driver::take(ReloadCall call) {
  static_cast<ReloadableConfig&>(parts_.config) = call.config;
  core_.reload(parts_.runtime->now(), call.config);
  taker_.reload(call.config);
}

void Driver::complete_leader_waits() {
  if (leader_waits_.empty()) return;
  const std::optional<Server> leader = leader_of(view_);
  if (!leader) return;
  for (Promise<Server>& promise : std::exchange(leader_waits_, {}))
    promise.complete(*leader);
}

}  // namespace proa::driver
