#include "proa/core/tickets.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"

namespace proa::core {

Ticket Tickets::save_hard_state() {
  is_open_ = true;
  has_hard_state_ = true;
  newest_hard_state_ = in_the_making();
  return newest_hard_state_;
}

void Tickets::truncate_from(LogIndex index) {
  PROA_ASSERT(index.value > 0);
  if (written_ < index) return;  // what is cut off was never given to the disk
  is_open_ = true;
  truncate_from_ = index;
  written_ = previous(index);
  if (!mutant("ticket not lowered by truncation")) lower_to(written_);
}

void Tickets::restart_after(LogPosition last) {
  is_open_ = true;
  restart_after_ = last;
  truncate_from_.reset();
  written_ = last.index;
  if (!mutant("restart not lowering the tickets")) lower_to(written_);
}

/// What lies behind `last` is on disk perhaps, but belongs to the log no more. Counting it would
/// acknowledge entries that came to the same indexes later and are not written yet.
void Tickets::lower_to(LogIndex last) {
  durable_ = std::min(durable_, last);
  for (InFlight& write : in_flight_)
    write.covers = std::min(write.covers, last);
}

std::optional<Write> Tickets::take(const HardState& hard_state, LogIndex last_log) {
  if (!is_open_) return std::nullopt;
  PROA_ASSERT(written_ <= last_log);
  issued_ = in_the_making();
  in_flight_.push_back({.ticket = issued_, .covers = last_log});
  Write write{
      .ticket = issued_,
      .truncate_from = std::exchange(truncate_from_, {}),
      .restart_after = std::exchange(restart_after_, {}),
  };
  if (written_ < last_log) write.append = {.first = next(written_), .last = last_log};
  if (has_hard_state_) write.hard_state = hard_state;
  written_ = last_log;
  is_open_ = has_hard_state_ = false;
  return write;
}

void Tickets::persist(Ticket up_to) {
  PROA_ASSERT(up_to <= issued_);
  persisted_ = std::max(persisted_, up_to);
  while (!in_flight_.empty() && in_flight_.front().ticket <= up_to) {
    durable_ = std::max(durable_, in_flight_.front().covers);
    in_flight_.pop_front();
  }
}

}  // namespace proa::core
