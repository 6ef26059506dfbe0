#include "proa/store/detail/wal_index.hpp"

#include <algorithm>

#include "proa/base/assert.hpp"

namespace proa::store {

void WalIndex::add_segment(std::shared_ptr<const Segment> segment) {
  PROA_ASSERT(parts_.empty() || parts_.back().segment->header.sequence < segment->header.sequence);
  parts_.push_back({.segment = std::move(segment)});
}

void WalIndex::append(const Appended& appended) {
  const auto [first, count, offset, batch] = appended;
  PROA_ASSERT(!parts_.empty());
  PROA_ASSERT(offset % kOffsetUnit == 0);
  Part& part = parts_.back();
  if (part.batches.empty()) part.first = part.next = first;
  PROA_ASSERT(part.next == first);
  const std::uint64_t distance = first.value - part.first.value;
  PROA_ASSERT(distance <= UINT32_MAX);
  PROA_ASSERT(offset / kOffsetUnit <= UINT32_MAX);
  const std::uint64_t number = batch - part.segment->header.first_batch;
  PROA_ASSERT(number <= UINT32_MAX);
  part.batches.push_back({.first = static_cast<std::uint32_t>(distance),
                          .offset = static_cast<std::uint32_t>(offset / kOffsetUnit),
                          .number = static_cast<std::uint32_t>(number)});
  part.next = first + count;
}

void WalIndex::cut_suffix(LogIndex from) {
  ++cuts_;
  first_ = std::min(first_, from);
  for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
    while (!part->batches.empty() && part->first_of(part->batches.size() - 1) >= from) {
      part->batches.pop_back();
    }
    if (part->batches.empty()) continue;
    part->next = std::min(part->next, from);
    return;
  }
}

void WalIndex::cut_prefix(LogIndex first) {
  const bool beyond = std::none_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    return !part.batches.empty() && part.next > first;
  });
  if (beyond) return restart(std::max(first_, first));
  first_ = std::max(first_, first);
}

void WalIndex::restart(LogIndex next) {
  ++cuts_;
  for (Part& part : parts_)
    part.batches.clear();
  first_ = next;
}

std::size_t WalIndex::batch_with(const Part& part, LogIndex index) const {
  const auto behind = std::upper_bound(
      part.batches.begin(), part.batches.end(), index.value - part.first.value,
      [](std::uint64_t distance, const Batch& batch) { return distance < batch.first; });
  PROA_ASSERT(behind != part.batches.begin());
  return static_cast<std::size_t>(behind - part.batches.begin()) - 1;
}

std::vector<BatchPlace> WalIndex::find(IndexRange range, std::size_t batches_max) const {
  std::vector<BatchPlace> places;
  LogIndex at = range.first;
  if (at < first_) return places;
  for (const Part& part : parts_) {
    if (part.batches.empty() || at < part.first || part.next <= at) continue;
    for (std::size_t i = batch_with(part, at); i < part.batches.size(); ++i) {
      if (at > range.last || places.size() == batches_max) return places;
      const bool is_last = i + 1 == part.batches.size();
      const LogIndex next = is_last ? part.next : part.first_of(i + 1);
      places.push_back({.segment = part.segment,
                        .offset = part.batches[i].offset * kOffsetUnit,
                        .batch = part.segment->header.first_batch + part.batches[i].number,
                        .live = {std::max(part.first_of(i), first_), previous(next)}});
      at = next;
    }
  }
  return places;
}

std::uint64_t WalIndex::oldest_used() const {
  for (const Part& part : parts_) {
    if (part.used(first_)) return part.segment->header.sequence;
  }
  return 0;
}

std::vector<std::shared_ptr<const Segment>> WalIndex::drop_before(std::uint64_t sequence) {
  std::vector<std::shared_ptr<const Segment>> dropped;
  while (!parts_.empty() && parts_.front().segment->header.sequence < sequence) {
    PROA_ASSERT(!parts_.front().used(first_));
    dropped.push_back(std::move(parts_.front().segment));
    parts_.pop_front();
  }
  return dropped;
}

}  // namespace proa::store
