#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"
#include "proa/driver/driver.hpp"
#include "proa/driver/errors.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::driver {

/// Takes up what waits, if a round may begin. Who does not lead takes it to have it refused.
void Driver::propose() {
  const Instant now = parts_.runtime->now();
  rounds_.committed(now, core_.commit_index());
  const std::size_t enough = core_.leads() ? enough_for_a_round(now) : 1;
  parts_.inbox->take_proposals(enough, submitted_);
  if (!submitted_.empty()) return step_proposals();
  if (enough > 1 && enough != Rounds::kHold) pause_.arm(rounds_.pause());
}

/// A majority goes on without the disk and the state machine of this server, but whoever waits here
/// is answered by them. Until they have followed, what comes stays in the inbox, and then it is
/// full. They complete something sooner or later, and that opens the turn in which this ends.
std::size_t Driver::enough_for_a_round(Instant now) {
  tail_.persisted(core_.durable_index());
  if (mutant("taken up without regard to the own disk")) return rounds_.enough(now);
  const bool has_taken_enough = book_.size() >= parts_.config.inbox_requests_max ||
                                tail_.undurable_bytes() >= parts_.config.inbox_bytes_max;
  return has_taken_enough ? Rounds::kHold : rounds_.enough(now);
}

/// One step for each run of proposals of one kind.
void Driver::step_proposals() {
  first_submitted_ = next_id_;
  next_id_.value += submitted_.size();
  std::size_t begin = 0;
  while (begin < submitted_.size()) {
    const EntryKind kind = submitted_[begin].kind;
    std::size_t end = begin + 1;
    while (end < submitted_.size() && submitted_[end].kind == kind)
      ++end;
    core_.step(parts_.runtime->now(),
               core::Proposed{.first = {first_submitted_.value + begin},
                              .count = static_cast<std::uint32_t>(end - begin),
                              .kind = kind});
    begin = end;
  }
}

/// Nothing, if the id is that of a call, or of nobody.
Proposal* Driver::submitted(core::ProposalId id) {
  if (submitted_.empty() || id < first_submitted_) return nullptr;
  const std::uint64_t position = id.value - first_submitted_.value;
  return position < submitted_.size() ? &submitted_[position] : nullptr;
}

/// The leader's own entries: encoded here, once.
void Driver::append(const core::OwnEntries& own) {
  const WallTime appended_at = parts_.runtime->wall_clock();
  std::vector<NewEntry> entries(own.count);
  for (std::uint32_t position = 0; position < own.count; ++position) {
    NewEntry& entry = entries[position];
    entry.index = own.first + position;
    entry.term = own.term;
    entry.kind = own.kind;
    entry.appended_at = appended_at;
    const core::ProposalId id{own.first_proposal.value + position};
    if (Proposal* proposal = submitted(id)) {
      entry.data = std::move(proposal->data);
      entry.extensions = std::move(proposal->extensions);
      book_.note(entry.index, entry.term, std::move(proposal->waiter));
    } else if (own.configuration != nullptr) {
      entry.data = wire::encode_configuration(*own.configuration);
      book_.note(entry.index, entry.term, take_change(id));
    } else if (restore_ && restore_->id == id) {
      book_.note(entry.index, entry.term, std::move(restore_->promise));
      restore_.reset();
    }
  }
  append(EntryView{wire::encode_block(entries)});
}

void Driver::append(const EntryView& entries) {
  tail_.append(entries);
  if (parts_.probe != nullptr) parts_.probe->appended(entries);
}

/// The caller of a change of the configuration now waits for its entry.
Waiter Driver::take_change(core::ProposalId id) {
  auto found = calls_.extract(id);
  if (found.empty()) return {};
  return std::get<Promise<LogIndex>>(std::move(found.mapped()));
}

void Driver::append(const core::ReceivedEntries& received) {
  fail_from(received.entries.first, leadership_lost_error(view_));
  append(requests_.entries_of(received.request).sub(received.entries));
}

/// Entries of ours that are not committed may be kept or replaced by the new leader.
void Driver::lose_leadership() {
  fail_from(next(view_.commit_index), leadership_lost_error(view_));
  links_.forget_entries();
  rounds_.leadership_ended();
  want_turn();  // for what still waits in the inbox
}

void Driver::fail_from(LogIndex first, const Error& error) {
  fail_open(book_.take_from(first), error);
}

void Driver::fail_open(std::vector<Book::Open> failed, const Error& error) {
  if (failed.empty()) return;
  later([failed = std::move(failed), error]() mutable {
    for (Book::Open& open : failed)
      complete_waiter(open.waiter, fail(error));
  });
}

void Driver::complete(const core::Completion& completion) {
  if (restore_ && restore_->id == completion.first) return end_restore(*completion.error);
  std::vector<Waiter> refused;
  for (std::uint32_t position = 0; position < completion.count; ++position) {
    const core::ProposalId id{completion.first.value + position};
    Proposal* proposal = submitted(id);
    if (proposal == nullptr) {
      complete_call(id, completion);
    } else if (waits(proposal->waiter)) {
      refused.push_back(std::move(proposal->waiter));
    }
  }
  if (refused.empty()) return;
  PROA_ASSERT(completion.error.has_value());  // what was not refused is in the log
  later([refused = std::move(refused), error = *completion.error]() mutable {
    for (Waiter& waiter : refused)
      complete_waiter(waiter, fail(error));
  });
}

void Driver::complete_call(core::ProposalId id, const core::Completion& completion) {
  auto found = calls_.extract(id);
  if (found.empty()) return;
  std::visit([&](auto& waiter) { complete_call(waiter, completion); }, found.mapped());
}

void Driver::complete_call(Promise<void>& promise, const core::Completion& completion) {
  Result<void> result;
  if (completion.error) result = fail(*completion.error);
  later([promise = std::move(promise), result = std::move(result)]() mutable {
    promise.complete(std::move(result));
  });
}

void Driver::complete_call(Promise<LogIndex>& promise, const core::Completion& completion) {
  if (!completion.error) {
    applied_waits_.emplace(completion.index, std::move(promise));
    return complete_applied_waits();
  }
  later([promise = std::move(promise), error = *completion.error]() mutable {
    promise.complete(fail(std::move(error)));
  });
}

void Driver::complete_call(std::shared_ptr<Query>& query, const core::Completion& completion) {
  if (!completion.error) return queries_.add(completion.index, std::move(query));
  refuse({std::move(query)}, *completion.error);
}

/// A transfer that a caller began before is as good as ours.
void Driver::complete_call(const HandOver&, const core::Completion& completion) {
  const bool is_under_way =
      completion.error && completion.error->code == Errc::leadership_transfer_in_progress;
  if (!is_under_way) leave_soon();
}

void Driver::complete_applied_waits() {
  while (!applied_waits_.empty() && applied_waits_.begin()->first <= applier_.applied()) {
    auto wait = applied_waits_.extract(applied_waits_.begin());
    later([index = wait.key(), promise = std::move(wait.mapped())]() mutable {
      promise.complete(index);
    });
  }
}

}  // namespace proa::driver
