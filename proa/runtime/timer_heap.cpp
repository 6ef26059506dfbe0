#include "proa/runtime/detail/timer_heap.hpp"

#include <algorithm>
#include <utility>

namespace proa::detail {
namespace {

constexpr std::size_t kPlacesWorthCleaning = 64;

// The slot in the lower half, counted from 1 so that no timer is 0, the generation in the upper.
TimerId id_of(std::size_t slot, std::uint32_t generation) {
  return {(std::uint64_t{generation} << 32) | (slot + 1)};
}
std::size_t slot_number(TimerId timer) { return (timer.value & UINT32_MAX) - 1; }

}  // namespace

TimerId TimerHeap::start(Instant due, Fn<void()> task) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t number = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[number];
  slot.task = std::move(task);
  ++live_;
  const TimerId timer = id_of(number, slot.generation);
  heap_.push_back({.due = due, .sequence = next_sequence_++, .timer = timer});
  std::push_heap(heap_.begin(), heap_.end(), later);
  return timer;
}

void TimerHeap::cancel(TimerId timer) {
  if (!release(timer)) return;
  if (heap_.size() >= kPlacesWorthCleaning && heap_.size() > 2 * live_) drop_cancelled();
}

void TimerHeap::run_due(Instant now) {
  // All of them leave the heap before the first runs: what their tasks start has to wait.
  due_.clear();
  while (!heap_.empty() && heap_.front().due <= now) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    due_.push_back(heap_.back().timer);
    heap_.pop_back();
  }
  for (const TimerId timer : due_) {
    if (auto task = release(timer)) (*task)();
  }
}

TimerHeap::Slot* TimerHeap::slot_of(TimerId timer) {
  const std::size_t number = slot_number(timer);
  if (number >= slots_.size()) return nullptr;
  Slot& slot = slots_[number];
  const bool current = slot.task.has_value() && id_of(number, slot.generation) == timer;
  return current ? &slot : nullptr;
}

std::optional<Fn<void()>> TimerHeap::release(TimerId timer) {
  Slot* slot = slot_of(timer);
  if (slot == nullptr) return std::nullopt;
  ++slot->generation;
  --live_;
  free_slots_.push_back(static_cast<std::uint32_t>(slot_number(timer)));
  return std::exchange(slot->task, std::nullopt);
}

void TimerHeap::drop_cancelled() {
  std::erase_if(heap_, [this](const Place& place) { return slot_of(place.timer) == nullptr; });
  std::make_heap(heap_.begin(), heap_.end(), later);
}

}  // namespace proa::detail
