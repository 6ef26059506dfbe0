#include "proa/testing/checked_stores.hpp"

#include <algorithm>

namespace proa::testing {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::uint64_t kEntriesCompared = 256;

/// A stable store as it will be once `values` are in it.
class AfterSet final : public StableStore {
 public:
  AfterSet(const StableStore& inner, std::span<const KeyValue> values)
      : inner_(inner), values_(values) {}

  Result<void> open() override { return {}; }
  Result<std::optional<SharedBytes>> get(std::string_view key) const override {
    const auto found = std::find_if(values_.begin(), values_.end(),
                                    [key](const KeyValue& value) { return value.key == key; });
    if (found != values_.end()) return std::optional{found->value};
    return inner_.get(key);
  }
  Result<void> set(std::span<const KeyValue>) override { return {}; }

 private:
  const StableStore& inner_;
  std::span<const KeyValue> values_;
};

Result<ShadowLog> read_end(const LogStore& store, const IndexRange& range) {
  ShadowLog log;
  const LogIndex begin{range.last.value - std::min(range.size(), kEntriesCompared)};
  log.restart_after({.term = {}, .index = std::max(begin, previous(range.first))});
  while (log.last() < range.last) {
    const Result<EntryView> part =
        store.read({.first = next(log.last()), .last = range.last}, kReadBytes);
    if (!part && part.error().code == Errc::corrupt) {
      log.restart_after({.term = {}, .index = range.last});  // for the one who needs it to find
      return log;
    }
    if (!part) return fail(part.error());
    part->for_each([&](const Entry& entry) { log.append(facts_of(entry)); });
  }
  return log;
}

}  // namespace

Result<LogSummary> CheckedLogStore::open() {
  PROA_TRY(LogSummary summary, inner_->open());
  const IndexRange range = summary.log.entries;
  PROA_TRY(const ShadowLog end, read_end(*inner_, range));
  invariants_->log_opened(server_, range, end);
  return summary;
}

Result<void> CheckedLogStore::write(const LogBatch& batch) {
  invariants_->log_write_begins(server_, batch);
  PROA_TRY(inner_->write(batch));
  invariants_->log_written(server_, batch);
  if (Journal* journal = invariants_->journal()) {
    journal->add(Happening::persists, server_, describe(batch));
  }
  return {};
}

Result<void> CheckedLogStore::truncate_prefix(LogIndex last_removed) {
  invariants_->prefix_truncation_begins(server_, last_removed);
  PROA_TRY(inner_->truncate_prefix(last_removed));
  invariants_->prefix_truncated(server_, last_removed);
  if (Journal* journal = invariants_->journal()) {
    journal->add(Happening::persists, server_, "log compacted up to " + to_string(last_removed));
  }
  return {};
}

Result<void> CheckedStableStore::open() {
  PROA_TRY(inner_->open());
  PROA_TRY(const HardState found, read_hard_state_(*inner_));
  invariants_->hard_state_opened(server_, found);
  return {};
}

Result<void> CheckedStableStore::set(std::span<const KeyValue> values) {
  PROA_TRY(const HardState after, read_hard_state_(AfterSet{*inner_, values}));
  invariants_->hard_state_write_begins(server_, after);
  PROA_TRY(inner_->set(values));
  invariants_->hard_state_written(server_, after);
  if (Journal* journal = invariants_->journal()) {
    journal->add(Happening::persists, server_, describe(after));
  }
  return {};
}

}  // namespace proa::testing
