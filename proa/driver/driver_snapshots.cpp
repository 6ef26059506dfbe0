#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/driver/driver.hpp"
#include "proa/driver/errors.hpp"

namespace proa::driver {

SnapshotPoint Driver::snapshot_point() const {
  const core::View now = core_.view();
  // While the state machine is still to get a restored state, it is as if it had it.
  const LogIndex applied = std::max(applier_.applied(), now.snapshot.index);
  const std::optional<Term> term = core_.term_at(applied);
  PROA_ASSERT(term.has_value());  // the log reaches back to the newest snapshot
  const bool is_stale =
      parts_.restored.snapshot && mutant("snapshot with the configuration of the one before");
  return {.applied = {.term = *term, .index = applied},
          .configuration =
              is_stale ? parts_.restored.snapshot->configuration : now.committed_configuration,
          .newest = now.snapshot,
          .last_log = now.last_log.index};
}

void Driver::on_snapshot_taken(const SnapshotMeta& meta) {
  log(LogLevel::info, "snapshot " + meta.id + " is stored, " + std::to_string(meta.size) +
                          " bytes of state up to " + to_string(meta.last));
  step(core::SnapshotTaken{meta});
}

void Driver::on_snapshot_failed(const Error& error) {
  log(LogLevel::warn, "no snapshot was taken: " + to_string(error));
}

void Driver::on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                         Respond respond) {
  if (!running()) {
    state->stop(shutdown_error(Outcome::not_executed));
    return respond(fail(shutdown_error(Outcome::not_executed)));
  }
  const core::RequestId id = requests_.add(std::move(respond));
  requests_.keep_snapshot(id, {.request = request, .state = std::move(state)});
  step(core::Received<InstallSnapshotRequest>{.id = id, .message = request});
  if (install_) give_way_to(request);
}

/// The leader sends one at a time, so for it the one before has failed, though we have not heard of
/// that. The new one was refused, and is sent again.
void Driver::give_way_to(const InstallSnapshotRequest& request) {
  const core::View now = core_.view();
  const bool is_from_our_leader =
      now.term == request.term && now.leader && now.leader->id == request.leader.id;
  if (is_from_our_leader) stop_install("its leader sends another one");
}

/// Nothing happens to one that is stored: it is used.
void Driver::stop_install(const std::string& why) {
  if (install_->receiver == nullptr) return;
  install_->receiver->stop({.code = Errc::protocol_error, .detail = "given up: " + why});
}

void Driver::install(core::RequestId id) {
  PROA_ASSERT(!install_);
  const IncomingSnapshot& incoming = requests_.snapshot_of(id);
  log(LogLevel::info, "receives a snapshot of " + incoming.request.leader.id.value + " up to " +
                          to_string(incoming.request.snapshot.last) + ", " +
                          std::to_string(incoming.request.snapshot.size) + " bytes");
  install_.emplace(Install{.id = id,
                           .request = incoming.request,
                           .receiver = std::make_unique<SnapshotReceiver>(
                               SnapshotReceiverParts{.runtime = parts_.runtime,
                                                     .snapshots = parts_.snapshots,
                                                     .logger = parts_.config.logger},
                               *snapshot_lane_, incoming)});
  install_->receiver->start([this](Result<std::string> stored) { on_stored(std::move(stored)); });
}

void Driver::on_stored(Result<std::string> id) {
  if (!running()) return;
  install_->receiver.reset();
  if (id) {
    return restore(*id, [this](Result<void> restored) { on_restored(std::move(restored)); });
  }
  log(LogLevel::warn, "a snapshot was not received: " + to_string(id.error()));
  const core::SnapshotInstalled failed{.id = install_->id, .error = std::move(id).error()};
  install_.reset();
  step(failed);
}

/// Of the state machine, from the stored file, which is checked once more on the way.
void Driver::restore(const std::string& id, Fn<void(Result<void>)> done) {
  auto result = std::make_shared<Result<void>>();
  applier_.between_calls(
      {.on_lane =
           [id, result, fsm = parts_.fsm, store = parts_.snapshots] {
             Result<OpenSnapshot> stored = store->open(id);
             *result = stored ? fsm->restore(*stored->state) : fail(std::move(stored).error());
           },
       .done = [result, done = std::move(done)]() mutable { done(std::move(*result)); }});
}

/// A state machine that is half restored can go nowhere. Whoever waits for an entry that the
/// snapshot covers gets no response: the state machine has never seen it.
void Driver::on_restored(Result<void> result) {
  if (!running()) return;
  if (!result) {
    Error& error = result.error();
    error.detail = "the snapshot of a leader could not be restored: " + error.detail;
    return die(std::move(error));
  }
  const Install done = *std::exchange(install_, std::nullopt);
  const LogPosition last = done.request.snapshot.last;
  log(LogLevel::info, "restored a snapshot up to " + to_string(last));
  applier_.restored(last.index);
  fail_open(book_.take_up_to(last.index),
            {.code = Errc::aborted_by_restore,
             .outcome = Outcome::unknown,
             .detail = "a snapshot of the leader took the place of the log up to " +
                       to_string(last.index) + "; if it holds this command, it was executed"});
  complete_applied_waits();
  step(core::SnapshotInstalled{.id = done.id});
}

void Driver::log(LogLevel level, const std::string& text) const {
  if (parts_.config.logger->enabled(level)) parts_.config.logger->log(level, "raft: " + text);
}

}  // namespace proa::driver
