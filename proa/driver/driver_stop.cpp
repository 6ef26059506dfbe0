#include <utility>

#include "proa/driver/driver.hpp"
#include "proa/driver/errors.hpp"

namespace proa::driver {
namespace {

/// A leader that leaves tries to hand over, and then to apply what is committed, for so many
/// election timeouts at most: a transfer takes up to two.
constexpr int kHandOverTimeouts = 3;

/// A transfer may have happened; a read has not.
template <class T>
void tell_of_shutdown(Promise<T>& caller) {
  caller.complete(fail(shutdown_error(Outcome::unknown)));
}
void tell_of_shutdown(std::shared_ptr<Query>& caller) {
  caller->refuse(shutdown_error(Outcome::not_executed));
}
template <class HandOver>
void tell_of_shutdown(const HandOver&) {}

}  // namespace

/// The disk, or what is on it, cannot be trusted any more, so nothing is promised any more either.
void Driver::die(Error why) {
  if (!running()) return;
  later([listener = listener_, why = std::move(why)] { listener->died(why); });
  stop();
}

/// The others need not wait for an election timeout to find a new leader (thesis §3.10).
void Driver::hand_over() {
  if (std::exchange(handing_over_, true)) return;
  leave_by_.arm(parts_.runtime->now() + parts_.config.election_timeout * kHandOverTimeouts);
  step(core::TransferRequested{.id = open_call(HandOver{})});
}

/// Whoever waits for what is committed gets it yet.
void Driver::leave_soon() {
  if (leaves_after_) return;
  leaves_after_ = view_.commit_index;
  leave_by_.arm(parts_.runtime->now() + parts_.config.election_timeout * kHandOverTimeouts);
}

void Driver::leave_if_due() {
  if (!running()) return;
  if (handing_over_ && !core_.leads()) leave_soon();
  if (leaves_after_ && *leaves_after_ <= applier_.applied()) stop();
}

/// Leaves the cluster. What is committed and already with the state machine is still answered; all
/// the rest is told at once that it has no known outcome here.
void Driver::stop() {
  if (!running()) return;
  life_ = Life::stopping;
  parts_.inbox->close();
  deadline_.disarm();
  pause_.disarm();
  leave_by_.disarm();
  parts_.transport->stop();
  requests_.fail_all(shutdown_error(Outcome::not_executed));
  links_.close_all();
  fail_everything_unapplied();
  taker_.stop(shutdown_error(Outcome::unknown));
  if (install_) install_->receiver.reset();
  if (restore_) end_restore(shutdown_error(Outcome::unknown));
  drain_lanes();
}

void Driver::fail_everything_unapplied() {
  fail_from(next(view_.commit_index), shutdown_error(Outcome::unknown));
  std::vector<Proposal> refused = std::exchange(submitted_, {});
  std::vector<Proposal> waiting;
  parts_.inbox->take_proposals(1, waiting);
  std::move(waiting.begin(), waiting.end(), std::back_inserter(refused));
  refuse(parts_.inbox->take_calls());
  refuse(queries_.take_waiting(), shutdown_error(Outcome::not_executed));
  later([refused = std::move(refused), open = std::exchange(calls_, {}),
         applied = std::exchange(applied_waits_, {}),
         leader = std::exchange(leader_waits_, {})]() mutable {
    const Error error = shutdown_error(Outcome::not_executed);
    for (Proposal& proposal : refused) {
      if (waits(proposal.waiter)) complete_waiter(proposal.waiter, fail(error));
    }
    for (auto& [id, waiter] : open)
      std::visit([](auto& caller) { tell_of_shutdown(caller); }, waiter);
    for (auto& [index, promise] : applied)
      promise.complete(fail(error));
    for (Promise<Server>& promise : leader)
      promise.complete(fail(error));
  });
}

void Driver::refuse(std::vector<Call> calls) {
  for (Call& call : calls) {
    std::visit(
        [this]<class C>(C& refused) {
          if constexpr (std::is_same_v<C, ReadCall>) {
            refuse({std::move(refused.query)}, shutdown_error(Outcome::not_executed));
          } else if constexpr (!std::is_same_v<C, ReloadCall>) {
            later([promise = std::move(refused.promise)]() mutable {
              promise.complete(fail(shutdown_error(Outcome::not_executed)));
            });
          }
        },
        call);
  }
}

void Driver::refuse(Queries::All queries, const Error& error) {
  if (queries.empty()) return;
  later([queries = std::move(queries), error] {
    for (const std::shared_ptr<Query>& query : queries)
      query->refuse(error);
  });
}

void Driver::shut_down(Promise<void> done) {
  shutdown_waits_.push_back(std::move(done));
  if (running() && core_.leads()) return hand_over();
  stop();
  if (life_ == Life::ended) end();
}

/// What the lanes were given is finished before the stores are let go.
void Driver::drain_lanes() {
  for (LaneExecutor* lane :
       {log_lane_.get(), reader_lane_.get(), fsm_lane_.get(), snapshot_lane_.get()}) {
    ++lanes_to_drain_;
    lane->post([runtime = parts_.runtime, weak = weak_from_this()] {
      runtime->loop().post([weak] {
        if (const auto self = weak.lock()) self->lane_drained();
      });
    });
  }
}

void Driver::lane_drained() {
  if (--lanes_to_drain_ == 0) end();
}

void Driver::end() {
  life_ = Life::ended;
  fail_from({}, shutdown_error(Outcome::unknown));
  refuse(queries_.take_running(), shutdown_error(Outcome::not_executed));
  later([listener = listener_, waiting = std::exchange(shutdown_waits_, {})]() mutable {
    listener->ended();
    for (Promise<void>& promise : waiting)
      promise.complete({});
  });
}

void Driver::close() {
  if (parts_.runtime->ended()) return requests_.drop_all();
  stop();
  end();
  for (Fn<void()>& completion : std::exchange(completions_, {}))
    completion();
}

}  // namespace proa::driver
