#include "proa/driver/tail.hpp"

#include <algorithm>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/base/mutant.hpp"

namespace proa::driver {
namespace {

std::size_t memory_of(const EntryBlock& block) {
  std::size_t bytes = sizeof(EntryBlock) + block.entries.size() * sizeof(Entry);
  for (const SharedBytes& owner : block.owners)
    bytes += owner.size();
  return bytes;
}

}  // namespace

LogIndex Tail::first_index() const { return runs_.empty() ? next_ : runs_.front().first; }

void Tail::append(const EntryView& entries) {
  if (entries.empty()) return;
  PROA_ASSERT(entries.first_index() <= next_);
  cut(entries.first_index());
  for (const EntryRun& run : entries.runs()) {
    const std::size_t bytes = memory_of(*run.block);
    runs_.push_back({.run = run, .first = run.entries().front().index, .bytes = bytes});
    memory_bytes_ += bytes;
    undurable_bytes_ += bytes;
  }
  next_ = next(entries.last_index());
}

void Tail::restart(LogIndex next_index) {
  runs_.clear();
  memory_bytes_ = 0;
  undurable_bytes_ = 0;
  durable_runs_ = 0;
  next_ = next_index;
}

void Tail::cut(LogIndex from) {
  if (mutant("truncated entries stay in the tail")) return;
  while (!runs_.empty() && from <= runs_.back().first) {
    memory_bytes_ -= runs_.back().bytes;
    if (runs_.size() > durable_runs_) undurable_bytes_ -= runs_.back().bytes;
    runs_.pop_back();
    durable_runs_ = std::min(durable_runs_, runs_.size());
  }
  if (!runs_.empty() && from <= runs_.back().last()) {
    Held& held = runs_.back();
    held.run.end = held.run.begin + static_cast<std::uint32_t>(from.value - held.first.value);
  }
  next_ = std::min(next_, from);
}

void Tail::persisted(LogIndex durable) {
  while (durable_runs_ < runs_.size() && runs_[durable_runs_].last() <= durable) {
    undurable_bytes_ -= runs_[durable_runs_].bytes;
    ++durable_runs_;
  }
}

void Tail::evict(LogIndex durable, std::size_t bytes_max) {
  persisted(durable);
  if (mutant("durable entries stay in the tail")) return;
  while (memory_bytes_ > bytes_max && durable_runs_ > 0) {
    memory_bytes_ -= runs_.front().bytes;
    runs_.pop_front();
    --durable_runs_;
  }
}

std::optional<EntryView> Tail::view(IndexRange range) const {
  EntryView view;
  if (range.empty()) return view;
  if (range.first < first_index() || next_ <= range.last) return std::nullopt;
  auto held = std::upper_bound(runs_.begin(), runs_.end(), range.first,
                               [](LogIndex index, const Held& at) { return index < at.first; });
  for (--held; held != runs_.end() && held->first <= range.last; ++held) {
    const LogIndex first = std::max(held->first, range.first);
    const LogIndex last = std::min(held->last(), range.last);
    const auto position = [&](LogIndex index) {
      return held->run.begin + static_cast<std::uint32_t>(index.value - held->first.value);
    };
    view.append(
        EntryRun{.block = held->run.block, .begin = position(first), .end = position(last) + 1});
  }
  return view;
}

}  // namespace proa::driver
