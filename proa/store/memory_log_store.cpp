#include "proa/store/memory_log_store.hpp"

#include <algorithm>
#include <deque>

#include "proa/store/detail/log_outline.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {

struct MemoryLogStore::Content {
  store::LogOutline outline = {};
  std::deque<EntryView> pieces = {};  ///< consecutive; together what the outline says

  void cut_suffix(LogIndex from) {
    outline.cut_suffix(from);
    while (!pieces.empty() && pieces.back().first_index() >= from) {
      pieces.pop_back();
    }
    if (!pieces.empty() && pieces.back().last_index() >= from) {
      pieces.back() = pieces.back().sub({pieces.back().first_index(), previous(from)});
    }
  }

  void cut_prefix(LogIndex first) {
    outline.cut_prefix(first);
    while (!pieces.empty() && pieces.front().last_index() < first) {
      pieces.pop_front();
    }
    if (!pieces.empty() && pieces.front().first_index() < first) {
      pieces.front() = pieces.front().sub({first, pieces.front().last_index()});
    }
  }

  EntryView sub(IndexRange range) const {
    auto piece = std::upper_bound(
        pieces.begin(), pieces.end(), range.first,
        [](LogIndex index, const EntryView& candidate) { return index <= candidate.last_index(); });
    EntryView found;
    for (; piece != pieces.end() && piece->first_index() <= range.last; ++piece) {
      found.append(piece->sub({std::max(range.first, piece->first_index()),
                               std::min(range.last, piece->last_index())}));
    }
    return found;
  }
};

MemoryLogStore::MemoryLogStore() : content_(std::make_unique<Guarded<Content>>()) {}
MemoryLogStore::~MemoryLogStore() = default;

Result<LogSummary> MemoryLogStore::open() {
  return content_->with([](const Content& content) { return content.outline.summary(); });
}

Result<EntryView> MemoryLogStore::read(IndexRange range, std::size_t bytes_max) const {
  return content_->with([&](const Content& content) -> Result<EntryView> {
    if (!content.outline.contains(range.first)) {
      return fail(Errc::log_not_found, "entry " + to_string(range.first) + " is not in the log");
    }
    const IndexRange there{range.first, std::min(range.last, content.outline.last())};
    return content.sub(there).prefix(SIZE_MAX, bytes_max);
  });
}

Result<void> MemoryLogStore::write(const LogBatch& batch) {
  const LogIndex first = batch.entries.first_index();
  PROA_TRY(const EntriesSummary added, wire::summarize(batch.entries, previous(first)));
  content_->with([&](Content& content) {
    PROA_ASSERT(!batch.truncate_from || !batch.restart_after);
    if (batch.truncate_from) content.cut_suffix(*batch.truncate_from);
    if (batch.restart_after) {
      content.outline.restart(next(batch.restart_after->index));
      content.pieces.clear();
    }
    content.outline.append(added);
    if (!batch.entries.empty()) content.pieces.push_back(batch.entries);
    content.outline.hint(batch.commit_hint);
  });
  return {};
}

Result<void> MemoryLogStore::truncate_prefix(LogIndex last_removed) {
  content_->with([&](Content& content) { content.cut_prefix(next(last_removed)); });
  return {};
}

}  // namespace proa
