#include "proa/testing/scheduler.hpp"

#include <algorithm>

#include "proa/base/assert.hpp"

namespace proa::testing {
namespace {

constexpr Duration kNear = std::chrono::milliseconds{1};

}  // namespace

Scheduler::Scheduler(std::uint64_t seed, TapeDeck* deck)
    : random_(seed, deck, "cluster"), hash_(seed) {
  if (deck != nullptr) deck->watch(&now_, &events_run_);
}

EventId Scheduler::at(Instant due, std::uint32_t tag, Fn<void()> task) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot].task = std::move(task);
  slots_[slot].tag = tag;
  const EventId event{.slot = slot, .generation = slots_[slot].generation};
  const Item item{.due = std::max(due, now_), .sequence = next_sequence_++, .event = event};
  if (item.due < horizon_) {
    near_.insert(std::upper_bound(near_.begin(), near_.end(), item, later), item);
  } else {
    heap_.push_back(item);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  ++live_;
  return event;
}

void Scheduler::cancel(EventId event) {
  if (event.generation == 0 || slots_[event.slot].generation != event.generation) return;
  release(event);  // its place in the order is dropped when it comes up
}

void Scheduler::bring_near() {
  if (heap_.empty()) return;
  horizon_ = std::min(heap_.front().due, Instant::never() - kNear) + kNear;
  do {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    near_.push_back(heap_.back());
    heap_.pop_back();
  } while (!heap_.empty() && heap_.front().due < horizon_);
  std::reverse(near_.begin(), near_.end());
}

bool Scheduler::run_next() {
  while (!stopped()) {
    if (near_.empty()) bring_near();
    if (near_.empty()) return false;
    const Item item = near_.back();
    near_.pop_back();
    if (slots_[item.event.slot].generation != item.event.generation) continue;
    now_ = item.due;
    trace(static_cast<std::uint64_t>(now_.since_start.count()));
    trace(slots_[item.event.slot].tag);
    ++events_run_;
    Fn<void()> task = release(item.event);
    task();
    return true;
  }
  return false;
}

Fn<void()> Scheduler::release(EventId event) {
  Slot& slot = slots_[event.slot];
  ++slot.generation;
  free_slots_.push_back(event.slot);
  PROA_ASSERT(live_ > 0);
  --live_;
  return std::move(slot.task);
}

}  // namespace proa::testing
