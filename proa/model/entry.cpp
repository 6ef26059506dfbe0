#include "proa/model/entry.hpp"

#include <algorithm>

namespace proa {
namespace {

std::size_t encoded_bytes_of(std::span<const Entry> entries) {
  std::size_t bytes = 0;
  for (const Entry& entry : entries)
    bytes += entry.encoded_size();
  return bytes;
}

}  // namespace

bool same_entry(const Entry& a, const Entry& b) {
  return a.index == b.index && a.term == b.term && a.kind == b.kind &&
         a.appended_at == b.appended_at && equal(a.data, b.data) &&
         equal(a.extensions, b.extensions);
}

EntryView::EntryView(std::shared_ptr<const EntryBlock> block) {
  const auto count = static_cast<std::uint32_t>(block->entries.size());
  append(EntryRun{.block = std::move(block), .begin = 0, .end = count});
}

LogIndex EntryView::first_index() const { return empty() ? LogIndex{} : front().index; }

LogIndex EntryView::last_index() const { return empty() ? LogIndex{} : back().index; }

const Entry& EntryView::front() const {
  PROA_ASSERT(!empty());
  return runs_.front().entries().front();
}

const Entry& EntryView::back() const {
  PROA_ASSERT(!empty());
  return runs_.back().entries().back();
}

void EntryView::append(EntryRun run) {
  if (run.begin == run.end) return;
  PROA_ASSERT(empty() || run.entries().front().index == next(last_index()));
  size_ += run.end - run.begin;
  encoded_bytes_ += encoded_bytes_of(run.entries());
  runs_.push_back(std::move(run));
}

void EntryView::append(const EntryView& other) {
  for (const EntryRun& run : other.runs_)
    append(run);
}

EntryView EntryView::sub(IndexRange range) const {
  EntryView chosen;
  if (range.empty()) return chosen;
  PROA_ASSERT(!empty());
  PROA_ASSERT(first_index() <= range.first);
  PROA_ASSERT(range.last <= last_index());
  for (const EntryRun& run : runs_) {
    const LogIndex first = run.entries().front().index;
    const LogIndex last = run.entries().back().index;
    if (last < range.first || range.last < first) continue;
    const std::uint64_t skip = std::max(first, range.first).value - first.value;
    const std::uint64_t keep = std::min(last, range.last).value - first.value + 1;
    chosen.append(EntryRun{.block = run.block,
                           .begin = run.begin + static_cast<std::uint32_t>(skip),
                           .end = run.begin + static_cast<std::uint32_t>(keep)});
  }
  return chosen;
}

EntryView EntryView::prefix(std::size_t entries_max, std::size_t bytes_max) const {
  if (size_ <= entries_max && encoded_bytes_ <= bytes_max) return *this;
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const EntryRun& run : runs_) {
    for (const Entry& entry : run.entries()) {
      bytes += entry.encoded_size();
      const bool fits = count < entries_max && bytes <= bytes_max;
      if (count > 0 && !fits) return sub({first_index(), previous(first_index() + count)});
      ++count;
    }
  }
  return *this;
}

bool operator==(const EntryView& a, const EntryView& b) {
  if (a.size() != b.size()) return false;
  std::vector<const Entry*> entries;
  entries.reserve(a.size());
  a.for_each([&](const Entry& entry) { entries.push_back(&entry); });
  std::size_t at = 0;
  bool same = true;
  b.for_each([&](const Entry& entry) { same = same && same_entry(*entries[at++], entry); });
  return same;
}

std::string to_string(EntryKind kind) {
  switch (kind) {
    case EntryKind::command:
      return "LogCommand";
    case EntryKind::noop:
      return "LogNoop";
    case EntryKind::add_peer_deprecated:
      return "LogAddPeerDeprecated";
    case EntryKind::remove_peer_deprecated:
      return "LogRemovePeerDeprecated";
    case EntryKind::barrier:
      return "LogBarrier";
    case EntryKind::configuration:
      return "LogConfiguration";
  }
  return std::to_string(static_cast<unsigned>(kind));
}

}  // namespace proa
