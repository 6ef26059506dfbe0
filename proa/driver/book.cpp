#include "proa/driver/book.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "proa/base/assert.hpp"

namespace proa::driver {
namespace {

constexpr std::uint64_t kSlotsMin = 64;

}  // namespace

void Book::note(LogIndex index, Term term, Waiter waiter) {
  if (!waits(waiter)) return;
  if (empty()) first_ = index;
  PROA_ASSERT(end() <= index);
  const std::uint64_t needed = index.value - first_.value + 1;
  if (needed > ring_.size()) grow(needed);
  size_ = needed;
  slot(index) = Slot{.term = term, .waiter = std::move(waiter)};
}

void Book::grow(std::uint64_t needed) {
  std::vector<Slot> larger(std::bit_ceil(std::max(needed, kSlotsMin)));
  for (LogIndex index = first_; index < end(); index = next(index)) {
    larger[index.value & (larger.size() - 1)] = std::move(slot(index));
  }
  ring_ = std::move(larger);
}

bool Book::waits_in(IndexRange range) const {
  return !empty() && !range.empty() && range.first < end() && first_ <= range.last;
}

bool Book::waits_for(LogIndex index) const {
  return !empty() && first_ <= index && index < end() && waits(slot(index).waiter);
}

std::vector<Book::Open> Book::take_up_to(LogIndex last) {
  std::vector<Open> taken;
  if (empty() || last < first_) return taken;
  const LogIndex until = std::min(next(last), end());
  take(first_, until, taken);
  size_ -= until.value - first_.value;
  first_ = until;
  return taken;
}

std::vector<Book::Open> Book::take_from(LogIndex first) {
  std::vector<Open> taken;
  if (empty() || end() <= first) return taken;
  const LogIndex from = std::max(first, first_);
  take(from, end(), taken);
  size_ = from.value - first_.value;
  return taken;
}

void Book::take(LogIndex from, LogIndex until, std::vector<Open>& into) {
  into.reserve(until.value - from.value);
  for (LogIndex index = from; index < until; index = next(index)) {
    Slot& open = slot(index);
    if (!waits(open.waiter)) continue;
    into.push_back({.index = index,
                    .term = open.term,
                    .waiter = std::exchange(open.waiter, std::monostate{})});
  }
}

}  // namespace proa::driver
