#include "proa/testing/log_model.hpp"

#include <algorithm>

#include "proa/base/assert.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::testing {

void LogModel::write(const LogBatch& batch) {
  if (batch.truncate_from) {
    PROA_ASSERT(first_ <= *batch.truncate_from);
    PROA_ASSERT(*batch.truncate_from <= next());
    entries_.resize(batch.truncate_from->value - first_.value);
  }
  if (batch.restart_after) {
    entries_.clear();
    first_ = proa::next(batch.restart_after->index);
  }
  if (!batch.entries.empty()) PROA_ASSERT(batch.entries.first_index() == next());
  batch.entries.for_each([&](const Entry& entry) {
    entries_.push_back(batch.entries.sub({entry.index, entry.index}));
  });
  commit_hint_ = std::min(std::max(commit_hint_, batch.commit_hint), last());
}

void LogModel::truncate_prefix(LogIndex last_removed) {
  while (!entries_.empty() && first_ <= last_removed) {
    entries_.erase(entries_.begin());
    first_ = proa::next(first_);
  }
  if (first_ <= last_removed) first_ = proa::next(last_removed);
  commit_hint_ = std::min(commit_hint_, last());
}

EntryView LogModel::entries(IndexRange range) const {
  EntryView view;
  for (LogIndex at = range.first; at <= range.last; at = proa::next(at)) {
    view.append(entries_.at(at.value - first_.value));
  }
  return view;
}

Term LogModel::last_term() const { return empty() ? Term{} : entries_.back().front().term; }

LogSummary LogModel::summary() const {
  LogSummary summary{.log = wire::summarize(entries(), last()).value(),
                     .commit_hint = commit_hint_};
  return summary;
}

void apply(LogModel& model, const LogStep& step) {
  if (step.write) return model.write(*step.write);
  model.truncate_prefix(*step.truncate_prefix);
}

LogStep LogWorkload::next(const LogModel& model) {
  commit_ = std::max(commit_, model.commit_hint());
  const std::uint64_t draw = random_.below(100);
  if (draw < options_.restart_percent) return restart(model);
  if (draw < options_.restart_percent + options_.prefix_percent) return cut_prefix(model);
  if (draw < options_.restart_percent + options_.prefix_percent + options_.suffix_percent) {
    return cut_suffix(model);
  }
  const EntryView entries =
      entries_from(model.next(), model.last_term(), random_.between(1, options_.entries_max));
  const LogIndex commit = commit_for(model, entries.last_index());
  return {.write = LogBatch{.entries = entries, .commit_hint = commit}};
}

LogStep LogWorkload::cut_suffix(const LogModel& model) {
  // Nothing committed is ever cut, but for a log whose commit index was not told to the store.
  const LogIndex lowest = std::max(model.first(), proa::next(model.commit_hint()));
  const LogIndex from{random_.between(lowest.value, std::max(lowest, model.next()).value)};
  if (from > model.next()) return {.write = LogBatch{}};
  const bool alone = random_.percent(20);
  if (random_.percent(80)) term_ = proa::next(term_);
  const std::uint64_t count = alone ? 0 : random_.between(1, options_.entries_max);
  return {.write = LogBatch{.truncate_from = from,
                            .entries = entries_from(from, term_, count),
                            .commit_hint = model.commit_hint()}};
}

LogStep LogWorkload::cut_prefix(const LogModel& model) {
  if (random_.percent(5)) return {.truncate_prefix = model.last() + random_.below(10)};
  return {.truncate_prefix =
              LogIndex{random_.between(previous(model.first()).value, model.last().value)}};
}

LogStep LogWorkload::restart(const LogModel& model) {
  LogIndex after = model.last() + random_.below(20);
  if (random_.percent(options_.restart_back_percent)) {
    after = LogIndex{random_.below(model.next().value)};
  }
  const std::uint64_t count = random_.below(3);
  return {.write = LogBatch{.restart_after = LogPosition{.term = term_, .index = after},
                            .entries = entries_from(proa::next(after), term_, count),
                            .commit_hint = std::max(after, model.commit_hint())}};
}

EntryView LogWorkload::entries_from(LogIndex first, Term at_least, std::uint64_t count) {
  if (count == 0) return {};
  bool begins_term = term_ < at_least || random_.percent(10);
  term_ = std::max(term_, at_least);
  if (begins_term) term_ = proa::next(term_);
  std::vector<NewEntry> entries;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (random_.percent(2)) begins_term = true, term_ = proa::next(term_);
    entries.push_back(entry_at(first + i, std::exchange(begins_term, false)));
  }
  return EntryView{wire::encode_block(entries)};
}

NewEntry LogWorkload::entry_at(LogIndex index, bool begins_term) {
  NewEntry entry{.index = index, .term = term_, .kind = EntryKind::noop};
  if (begins_term && !options_.fixed_size) return entry;
  if (random_.percent(3) && !options_.fixed_size) {
    entry.kind = EntryKind::configuration;
    const std::string name = "n" + std::to_string(random_.below(9));
    entry.data = wire::encode_configuration({.servers = {{.id = {name}, .address = {name}}}});
    return entry;
  }
  entry.kind = EntryKind::command;
  std::uint64_t bytes =
      options_.fixed_size ? options_.data_bytes_max : random_.below(options_.data_bytes_max + 1);
  if (random_.percent(options_.large_percent)) bytes = options_.large_bytes;
  std::string data = std::to_string(++serial_);
  data.resize(std::max<std::size_t>(bytes, data.size()), '.');
  entry.data = bytes_of(data);
  return entry;
}

LogIndex LogWorkload::commit_for(const LogModel& model, LogIndex last) {
  if (random_.percent(70)) return model.commit_hint();
  commit_ = std::max(commit_, LogIndex{random_.between(model.commit_hint().value, last.value)});
  return commit_;
}

}  // namespace proa::testing
