#include "proa/driver/applier.hpp"

#include <utility>

#include "proa/driver/fsm_call.hpp"

namespace proa::driver {
namespace {

constexpr std::size_t kApplyBytesMax = std::size_t{4} << 20;

}  // namespace

struct Applier::Job {
  IndexRange range = {};
  EntryView entries = {};  ///< empty: to be read from the log
  FsmAnswers answers = {};
  Result<void> result = {};

  /// On the fsm lane.
  Result<void> carry_out(const ApplierParts& parts) {
    if (entries.empty()) {
      PROA_TRY(entries, parts.logs->read(range, kApplyBytesMax));
      range.last = entries.last_index();
      if (!answers.wanted.empty()) answers.wanted.resize(range.size());
    }
    if (parts.probe != nullptr) parts.probe->applied(entries);
    return run(*parts.fsm, entries, answers);
  }
};

Applier::Applier(ApplierParts parts, Sources sources, LaneExecutor& lane, ApplierEvents& events)
    : parts_(std::move(parts)), sources_(sources), lane_(lane), events_(events) {}

void Applier::restored(LogIndex applied) {
  applied_ = std::max(applied_, applied);
  until_ = std::max(until_, applied);
}

void Applier::between_calls(Interlude interlude) {
  interludes_.push_back(std::move(interlude));
  if (!busy_) begin_interlude();
}

void Applier::begin_interlude() {
  busy_ = true;
  auto interlude = std::make_shared<Interlude>(std::move(interludes_.front()));
  interludes_.pop_front();
  lane_.post([this, parts = parts_, interlude = std::move(interlude), alive = alive_] {
    interlude->on_lane();
    parts.runtime->loop().post([this, interlude, alive] {
      if (!*alive) return;
      interlude->done();
      busy_ = false;
      events_.want_turn();
    });
  });
}

void Applier::go_on() {
  if (busy_) return;
  if (!interludes_.empty()) return begin_interlude();
  if (until_ <= applied_) return;
  busy_ = true;
  std::shared_ptr<Job> job = next_job();
  const bool may_run_inline = !job->entries.empty();  // else it reads the log first
  Fn<void()> task = [this, parts = parts_, job = std::move(job), alive = alive_] {
    job->result = job->carry_out(parts);
    parts.runtime->loop().post([this, job, alive] {
      if (*alive) finished(*job);
    });
  };
  if (may_run_inline && lane_.run_inline(task)) return;
  lane_.post(std::move(task));
}

std::shared_ptr<Applier::Job> Applier::next_job() const {
  auto job = std::make_shared<Job>();
  const LogIndex last = std::min(until_, applied_ + parts_.entries_max);
  job->range = {.first = next(applied_), .last = last};
  if (std::optional<EntryView> view = sources_.tail.view(job->range)) {
    job->entries = view->prefix(parts_.entries_max, kApplyBytesMax);
    job->range.last = job->entries.last_index();
  }
  if (sources_.book.waits_in(job->range)) {
    job->answers.wanted.reserve(job->range.size());
    for (LogIndex index = job->range.first; index <= job->range.last; index = next(index)) {
      job->answers.wanted.push_back(sources_.book.waits_for(index));
    }
  }
  return job;
}

void Applier::finished(Job& job) {
  busy_ = false;
  if (!job.result) return events_.on_apply_failed(std::move(job.result).error());
  applied_ = job.range.last;
  events_.on_applied({.range = job.range,
                      .open = sources_.book.take_up_to(applied_),
                      .responses = std::move(job.answers.responses)});
}

}  // namespace proa::driver
