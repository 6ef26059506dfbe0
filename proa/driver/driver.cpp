#include "proa/driver/driver.hpp"

#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/driver/errors.hpp"
#include "proa/driver/hard_state.hpp"

namespace proa::driver {
namespace {

constexpr std::uint64_t kTurnsPerLook = 16;  // of the probe, at what we hold

}  // namespace

Driver::Driver(DriverParts parts, std::shared_ptr<Listener> listener)
    : parts_(std::move(parts)),
      listener_(std::move(listener)),
      log_lane_(parts_.runtime->make_lane(Lane::log)),
      reader_lane_(parts_.runtime->make_lane(Lane::reader)),
      fsm_lane_(parts_.runtime->make_lane(Lane::fsm)),
      snapshot_lane_(parts_.runtime->make_lane(Lane::snapshot)),
      core_(parts_.runtime->now(),
            core::options_of(parts_.config, parts_.transport->local_address(),
                             parts_.runtime->seed()),
            parts_.restored),
      view_(core_.view()),
      tail_(next(view_.last_log.index)),
      writer_({.runtime = parts_.runtime,
               .logs = parts_.logs,
               .stable = parts_.stable,
               .probe = parts_.probe,
               .log_is_untouched = is_untouched(parts_.restored.log)},
              {.log = *log_lane_, .snapshot = *snapshot_lane_}, *this),
      applier_({.runtime = parts_.runtime,
                .fsm = parts_.fsm,
                .logs = parts_.logs,
                .probe = parts_.probe,
                .entries_max = parts_.config.apply_entries_max},
               {.tail = tail_, .book = book_}, *fsm_lane_, *this),
      queries_(parts_.runtime, *fsm_lane_, *this),
      taker_({.runtime = parts_.runtime, .fsm = parts_.fsm, .snapshots = parts_.snapshots},
             {.applier = applier_, .lane = *snapshot_lane_, .events = *this}, parts_.config),
      links_([this](const Server& server) { return connect(server); }),
      deadline_(parts_.runtime, [this] { step(core::DeadlineReached{}); }),
      pause_(parts_.runtime, [this] { want_turn(); }),
      leave_by_(parts_.runtime, [this] { stop(); }) {
  const bool skips = mutant("commit index taken for the applied one at the start");
  applier_.restored(skips ? view_.commit_index : std::max(parts_.applied, view_.snapshot.index));
}

Driver::~Driver() { PROA_ASSERT(life_ == Life::ended || parts_.runtime->ended()); }

Result<void> Driver::start() {
  if (parts_.probe != nullptr) parts_.probe->restored(parts_.restored);
  PROA_TRY(parts_.transport->start(*this));
  taker_.start();
  want_turn();
  return {};
}

void Driver::step(const core::Input& input) {
  if (!running()) return;
  core_.step(parts_.runtime->now(), input);
  if (!carrying_out_ || !std::holds_alternative<core::EntriesSent>(input)) want_turn();
}

void Driver::want_turn() {
  if (std::exchange(turn_wanted_, true)) return;
  parts_.runtime->at_input_end([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end_input();
  });
  parts_.runtime->at_turn_end([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end_turn();
  });
}

/// Steps 3 to 7 of the turn.
void Driver::end_input() {
  turn_wanted_ = false;
  if (!running()) return;
  propose();
  core::Effects effects = core_.take_effects();
  core_.refresh(view_);
  if (parts_.probe != nullptr) parts_.probe->taken(effects, view_);
  carrying_out_ = true;
  carry_out(std::move(effects));
  carrying_out_ = false;
  links_.follow(view_);
  if (install_ && install_->request.term < view_.term) stop_install("its leader leads no more");
  leave_if_due();
  if (running()) deadline_.arm(core_.deadline());
}

/// Step 8: whoever waited is told, and then everybody else.
void Driver::end_turn() {
  for (Fn<void()>& completion : std::exchange(completions_, {}))
    completion();
  if (!running()) return;
  complete_leader_waits();
  listener_->turn_ended(view_, applier_.applied());
  if (parts_.probe != nullptr) tell_holdings();
}

void Driver::tell_holdings() {
  if (++turns_ % kTurnsPerLook == 0) parts_.probe->held(holdings());
}

Holdings Driver::holdings() const {
  const Inbox::Held inbox = parts_.inbox->held();
  return {.inbox_proposals = inbox.proposals,
          .inbox_bytes = inbox.bytes,
          .inbox_calls = inbox.calls,
          .open_waiters = book_.size(),
          .open_rounds = rounds_.open(),
          .open_calls = calls_.size() + queries_.open(),
          .running_queries = queries_.running(),
          .applied_waits = applied_waits_.size(),
          .leader_waits = leader_waits_.size(),
          .tail_bytes = tail_.memory_bytes(),
          .undurable_bytes = tail_.undurable_bytes(),
          .undurable_entries = previous(tail_.next_index()).value - view_.durable_index.value,
          .waiting_writes = writer_.waiting(),
          .interludes = applier_.interludes(),
          .open_requests = requests_.size(),
          .links = links_.size(),
          .requests_on_a_link = links_.most_unanswered()};
}

void Driver::later(Fn<void()> completion) {
  completions_.push_back(std::move(completion));
  want_turn();
}

void Driver::carry_out(core::Effects effects) {
  std::size_t proposed = 0;
  for (const core::Appended& appended : effects.appended) {
    if (const auto* own = std::get_if<core::OwnEntries>(&appended)) {
      append(*own);
      if (submitted(own->first_proposal) != nullptr) proposed += own->count;
    } else if (const auto* restarted = std::get_if<core::LogRestarted>(&appended)) {
      tail_.restart(next(restarted->after.index));
    } else {
      append(std::get<core::ReceivedEntries>(appended));
    }
  }
  requests_.forget_entries();
  if (proposed > 0) rounds_.began(parts_.runtime->now(), proposed, previous(tail_.next_index()));
  if (effects.lost_leadership) lose_leadership();

  for (core::Send& message : effects.send_now)
    send(std::move(message));
  for (const core::SendEntries& entries : effects.entries_now) {
    if (PeerLink* link = link_to(entries.to)) link->append(entries);
  }
  for (const core::SendSnapshot& snapshot : effects.snapshots_now) {
    if (PeerLink* link = link_to(snapshot.to)) link->send_snapshot(snapshot);
  }
  parts_.transport->flush();

  write(std::move(effects.write));
  if (effects.install) install(*effects.install);
  if (effects.restore && restore_) copy_state(*effects.restore);
  if (effects.compact) writer_.truncate_prefix(*effects.compact);
  if (!restore_) taker_.go_on();
  apply(effects.apply);
  for (const core::Completion& completion : effects.complete)
    complete(completion);
  submitted_.clear();
  queries_.go_on(applier_.applied());
  report(effects);
  tail_.evict(view_.durable_index, parts_.config.tail_cache_bytes_max);
}

void Driver::send(core::Send send) {
  if (auto* answer = std::get_if<core::Answer>(&send)) {
    return requests_.answer(answer->to, std::move(answer->reply));
  }
  auto& request = std::get<core::SendRequest>(send);
  if (PeerLink* link = link_to(request.to)) link->send(std::move(request));
}

void Driver::write(std::optional<core::Write> write) {
  if (write) {
    std::optional<EntryView> entries = tail_.view(write->append);
    PROA_ASSERT(entries.has_value());
    writer_.add(*std::move(write), *std::move(entries));
  }
  writer_.go_on();
}

void Driver::apply(std::optional<IndexRange> committed) {
  if (committed) applier_.add(*committed);
  applier_.go_on();
}

void Driver::on_applied(AppliedBatch batch) {
  if (running()) step(core::AppliedUpTo{batch.range.last});
  complete_applied_waits();
  if (batch.open.empty()) return want_turn();
  later([batch = std::move(batch)]() mutable {
    for (Book::Open& open : batch.open) {
      const std::size_t offset = open.index.value - batch.range.first.value;
      PROA_ASSERT(offset < batch.responses.size());
      complete_waiter(open.waiter, Applied{.index = open.index,
                                           .term = open.term,
                                           .response = std::move(batch.responses[offset])});
    }
  });
}

void Driver::on_queried(Queries::All done) {
  later([done = std::move(done)] {
    for (const std::shared_ptr<Query>& query : done)
      query->complete();
  });
}

void Driver::report(const core::Effects& effects) {
  for (const core::Incident& incident : effects.incidents)
    listener_->incident(incident);
  if (effects.removed) leave_soon();
}

}  // namespace proa::driver
