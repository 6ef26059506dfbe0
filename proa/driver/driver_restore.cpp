#include <utility>

#include "proa/driver/driver.hpp"
#include "proa/driver/errors.hpp"

namespace proa::driver {

/// One at a time, and not beside a snapshot that is being taken.
void Driver::take(RestoreCall call) {
  if (restore_ || taker_.busy()) {
    return later([promise = std::move(call.promise)]() mutable {
      promise.complete(fail(busy_error("a snapshot is being taken or restored; try again")));
    });
  }
  const core::ProposalId id = std::exchange(next_id_, {next_id_.value + 1});
  const LogIndex last = call.meta.last.index;
  auto copier = std::make_shared<StateCopier>(StateCopier::Parts{.runtime = parts_.runtime,
                                                                 .snapshots = parts_.snapshots,
                                                                 .source = std::move(call.source),
                                                                 .size = call.meta.size},
                                              *snapshot_lane_);
  restore_.emplace(
      UserRestore{.id = id, .promise = std::move(call.promise), .copier = std::move(copier)});
  step(core::RestoreRequested{.id = id, .snapshot_last = last});
}

void Driver::copy_state(const core::RestoreOrder& order) {
  restore_->copier->start({.last = order.last, .configuration = order.configuration},
                          [this, order](Result<void> copied) {
                            if (running()) on_state_copied(order, std::move(copied));
                          });
}

/// The log goes with the state, so first comes what is being read from it to be applied.
void Driver::on_state_copied(const core::RestoreOrder& order, Result<void> copied) {
  if (!copied) return step(core::RestoreStored{.id = order.id, .error = copied.error()});
  applier_.between_calls({.on_lane = [] {},
                          .done =
                              [this, order] {
                                if (running()) put_in_force(order);
                              }});
}

/// Between the moment when the snapshot is durable and the one when the core goes on from it,
/// nothing may depose us: hence the sync on the loop.
void Driver::put_in_force(const core::RestoreOrder& order) {
  const core::View now = core_.view();
  if (now.role != core::Role::leader || now.term != order.last.term) return;  // about to be told
  Result<std::string> stored = restore_->copier->close();
  if (!stored && stored.error().outcome != Outcome::not_executed) {
    // A later start may find it, as the state behind a log that went on without it.
    return die(std::move(stored).error());
  }
  if (!stored) return step(core::RestoreStored{.id = order.id, .error = stored.error()});
  log(LogLevel::warn,
      "the state of the cluster is replaced by a restored snapshot, now " + *stored);
  fail_open(book_.take_from({}), {.code = Errc::aborted_by_restore,
                                  .outcome = Outcome::not_executed,
                                  .detail = "a restored snapshot has replaced the state that the "
                                            "command would have changed"});
  restore(*stored, [this, last = order.last.index](Result<void> restored) {
    if (!restored) return die(std::move(restored).error());
    applier_.restored(last);
    complete_applied_waits();
  });
  step(core::RestoreStored{.id = order.id});
}

/// Refused, or given up with the leadership.
void Driver::end_restore(const Error& error) {
  restore_->copier->give_up();
  later(
      [promise = std::move(restore_->promise), error]() mutable { promise.complete(fail(error)); });
  restore_.reset();
}

}  // namespace proa::driver
