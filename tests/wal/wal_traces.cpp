#include <algorithm>
#include <map>

#include "proa/store/wal.hpp"
#include "proa/testing/log_model.hpp"
#include "proa/wire/entry_codec.hpp"
#include "tests/wal/traces.hpp"

namespace proa::sim {
namespace {

using testing::LogModel;
using testing::LogStep;
using testing::SimDisk;
using testing::SimFileSystem;

const std::string kDirectory = "/log";
constexpr std::uint64_t kBatchesInSegment = 13;  // of one block, beside the seal

/// One call of the log, or a few of prepare.
struct Action {
  enum class Kind {
    append,        ///< `count` entries of `bytes` each
    replace,       ///< the last `cut` entries by `count` new ones
    cut_prefix,    ///< all but the last `cut` entries; 0: beyond the end
    restart,       ///< behind `cut`, with `count` entries
    prepare,       ///< until there is nothing more to do
    prepare_once,  ///< one step
  };
  Kind kind = Kind::append;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::uint64_t cut = 0;
};

Action append(std::uint64_t count, std::uint64_t bytes) {
  return {.kind = Action::Kind::append, .count = count, .bytes = bytes};
}
Action replace(std::uint64_t cut, std::uint64_t count, std::uint64_t bytes) {
  return {.kind = Action::Kind::replace, .count = count, .bytes = bytes, .cut = cut};
}
Action keep_last(std::uint64_t count) { return {.kind = Action::Kind::cut_prefix, .cut = count}; }
Action restart(std::uint64_t after, std::uint64_t count, std::uint64_t bytes) {
  return {.kind = Action::Kind::restart, .count = count, .bytes = bytes, .cut = after};
}
const Action kPrepare{.kind = Action::Kind::prepare};
const Action kPrepareOnce{.kind = Action::Kind::prepare_once};

EntryView entries_from(LogIndex first, Term term, const Action& action, std::uint64_t serial) {
  if (action.count == 0) return {};
  std::vector<NewEntry> entries;
  for (std::uint64_t i = 0; i < action.count; ++i) {
    Random random(serial * 1000 + i);
    std::string data(action.bytes, '\0');
    for (char& byte : data)
      byte = static_cast<char>('a' + random.below(26));
    entries.push_back(
        {.index = first + i, .term = term, .kind = EntryKind::command, .data = bytes_of(data)});
  }
  return EntryView{wire::encode_block(entries)};
}

/// The call that carries `action` out on what `model` holds; none for prepare.
std::optional<LogStep> step_for(const Action& action, const LogModel& model, std::uint64_t serial) {
  const Term term = std::max(model.last_term(), Term{1});
  switch (action.kind) {
    case Action::Kind::append: {
      const EntryView entries = entries_from(model.next(), term, action, serial);
      return LogStep{.write = LogBatch{.entries = entries, .commit_hint = model.last()}};
    }
    case Action::Kind::replace: {
      const LogIndex from{std::max(model.first().value, model.next().value - action.cut)};
      return LogStep{.write = LogBatch{.truncate_from = from,
                                       .entries = entries_from(from, next(term), action, serial)}};
    }
    case Action::Kind::cut_prefix:
      return LogStep{.truncate_prefix = action.cut == 0
                                            ? model.last() + 3
                                            : LogIndex{model.last().value - action.cut}};
    case Action::Kind::restart: {
      const LogPosition after{.term = next(term), .index = LogIndex{action.cut}};
      return LogStep{
          .write = LogBatch{.restart_after = after,
                            .entries = entries_from(next(after.index), after.term, action, serial),
                            .commit_hint = after.index}};
    }
    case Action::Kind::prepare:
    case Action::Kind::prepare_once:
      return std::nullopt;
  }
  return std::nullopt;
}

/// What a log must hold, in the forms it is compared in.
struct Expected {
  LogModel model = {};
  LogSummary summary = {};
  EntryView entries = {};
};

/// Something that a trace is there for.
struct Aim {
  const char* name = "";
  std::uint64_t WalCounters::* count = nullptr;
};
const Aim kRolls{"a segment begun", &WalCounters::rolls};
const Aim kRollsUnprepared{"an unprepared segment begun", &WalCounters::rolls_unprepared};
const Aim kRollsIntoRecycled{"a recycled segment begun", &WalCounters::rolls_into_recycled};
const Aim kOversized{"a segment of its own", &WalCounters::oversized};
const Aim kRecycled{"a segment recycled", &WalCounters::recycled};
const Aim kRemoved{"a segment deleted", &WalCounters::removed};
const Aim kFooters{"a footer written", &WalCounters::footers};

struct WalScript {
  std::string name = {};
  std::vector<Action> before = {};  ///< carried out before the first crash
  std::vector<Action> steps = {};
  std::vector<Aim> aims = {};
  std::vector<Action> further = {append(1, 700), replace(1, 1, 40)};
};

class WalTrace;

class WalProcess final : public StoreProcess {
 public:
  WalProcess(WalTrace& trace, std::shared_ptr<SimFileSystem> files, std::uint64_t seed)
      : trace_(trace), log_(std::move(files), kDirectory, {WalOptions::kSegmentBytesMin, seed}) {}

  Result<void> open() override {
    PROA_TRY(opened_, log_.open());
    return {};
  }
  Result<void> carry_out(const History& before, std::uint32_t number) override;
  std::optional<std::string> differs(const History& history) override;
  std::optional<std::string> missed() const override;
  Result<void> act(const Action& action, const LogModel& before, std::uint64_t serial);

 private:
  WalTrace& trace_;
  Wal log_;
  LogSummary opened_;
};

class WalTrace final : public Trace {
 public:
  WalTrace(WalScript script, std::size_t sector_bytes)
      : script_(std::move(script)), sector_bytes_(sector_bytes) {}

  std::string name() const override { return script_.name; }
  testing::SimDiskOptions disk() const override {
    return {.sector_bytes = sector_bytes_, .keep_versions = true};
  }
  std::uint32_t steps() const override { return static_cast<std::uint32_t>(script_.steps.size()); }
  std::uint32_t further_steps() const override {
    return static_cast<std::uint32_t>(script_.further.size());
  }
  bool changes(std::uint32_t number) const override {
    return step_for(action(number), LogModel{}, 0).has_value();
  }

  Result<void> prepare(const std::shared_ptr<SimFileSystem>& files) override {
    LogModel model;
    if (!script_.before.empty()) {
      WalProcess process(*this, files, ++seed_);
      PROA_TRY(process.open());
      std::uint64_t serial = 0;
      for (const Action& action : script_.before) {
        PROA_TRY(process.act(action, model, ++serial));
        if (const auto step = step_for(action, model, serial)) apply(model, *step);
      }
    }
    remember({}, std::move(model));
    return {};
  }

  std::unique_ptr<StoreProcess> start(const std::shared_ptr<SimFileSystem>& files) override {
    return std::make_unique<WalProcess>(*this, files, kSeed);
  }

  const std::vector<Aim>& aims() const { return script_.aims; }
  const Action& action(std::uint32_t number) const {
    return number < kFurther ? script_.steps[number] : script_.further[number - kFurther];
  }

  const Expected& expected(const History& history) {
    const auto known = expected_.find(history);
    if (known != expected_.end()) return known->second;
    History before = history;
    before.pop_back();
    LogModel model = expected(before).model;
    apply(model, *step_for(action(history.back()), model, serial_of(history.back())));
    return remember(history, std::move(model));
  }

  static std::uint64_t serial_of(std::uint32_t number) { return 500 + number; }

 private:
  static constexpr std::uint64_t kSeed = 77;

  const Expected& remember(const History& history, LogModel model) {
    LogSummary summary = model.summary();
    EntryView entries = model.entries();
    return expected_[history] = {std::move(model), std::move(summary), std::move(entries)};
  }

  WalScript script_;
  std::size_t sector_bytes_;
  std::uint64_t seed_ = 0;
  std::map<History, Expected> expected_;
};

Result<void> WalProcess::act(const Action& action, const LogModel& before, std::uint64_t serial) {
  const auto step = step_for(action, before, serial);
  if (step && step->write) return log_.write(*step->write);
  if (step) return log_.truncate_prefix(*step->truncate_prefix);
  while (true) {
    PROA_TRY(const bool more, log_.prepare());
    if (!more || action.kind == Action::Kind::prepare_once) return {};
  }
}

Result<void> WalProcess::carry_out(const History& before, std::uint32_t number) {
  return act(trace_.action(number), trace_.expected(before).model, WalTrace::serial_of(number));
}

std::optional<std::string> WalProcess::missed() const {
  const WalCounters counters = log_.counters();
  for (const Aim& aim : trace_.aims()) {
    if (counters.*aim.count == 0) return std::string("there was not ") + aim.name;
  }
  return std::nullopt;
}

std::string range_of(IndexRange range) {
  return "[" + to_string(range.first) + ", " + to_string(range.last) + "]";
}

std::optional<std::string> WalProcess::differs(const History& history) {
  const Expected& expected = trace_.expected(history);
  const IndexRange range = expected.summary.log.entries;
  const std::string wanted = "expected " + range_of(range) + " with commit hint " +
                             to_string(expected.summary.commit_hint) + ": ";
  if (!(opened_ == expected.summary)) {
    return wanted + "the log says " + range_of(opened_.log.entries) + " with commit hint " +
           to_string(opened_.commit_hint) + ", or other terms";
  }
  if (range.empty()) {
    if (log_.read({range.first, range.first}, SIZE_MAX)) return wanted + "an entry can be read";
    return std::nullopt;
  }
  const auto read = log_.read(range, SIZE_MAX);
  if (!read) return wanted + to_string(read.error());
  if (!(*read == expected.entries)) return wanted + "the log holds other entries";
  return std::nullopt;
}

/// Two full segments and a third, as steps of one block each.
std::vector<Action> some_segments(std::uint64_t full) {
  std::vector<Action> actions;
  for (std::uint64_t i = 0; i < full * kBatchesInSegment + 5; ++i) {
    actions.push_back(append(1, 900));
    if (i % 5 == 4) actions.push_back(kPrepare);
  }
  return actions;
}

/// The same, and then `last` batches less than would fill the segment.
std::vector<Action> filled_up_to(std::uint64_t last, bool prepared) {
  std::vector<Action> actions(kBatchesInSegment - last, append(1, 900));
  if (prepared) actions.push_back(kPrepare);
  return actions;
}

/// A recycled segment stands ready, full of batches, the newest segment is full but for one batch.
std::vector<Action> with_recycled() {
  std::vector<Action> actions = some_segments(1);
  actions.push_back(keep_last(3));
  actions.push_back(kPrepare);
  for (std::uint64_t i = 0; i < kBatchesInSegment - 7; ++i)
    actions.push_back(append(1, 900));
  return actions;
}

std::vector<WalScript> scripts() {
  return {
      {.name = "wal: first start", .steps = {append(1, 300)}},
      {.name = "wal: append",
       .before = {append(2, 100)},
       .steps = {append(1, 50), append(2, 700), append(1, 2500)}},
      {.name = "wal: append over two blocks",
       .before = {append(2, 100)},
       .steps = {append(2, 2200), append(1, 50)}},
      {.name = "wal: truncate and replace the end",
       .before = {append(2, 100), append(3, 300)},
       .steps = {replace(2, 1, 900), replace(1, 0, 0), append(2, 400)}},
      {.name = "wal: truncate the beginning",
       .before = {append(2, 100), append(3, 300)},
       .steps = {keep_last(2), append(1, 900), keep_last(0), append(1, 300)}},
      {.name = "wal: restart further on and back",
       .before = {append(4, 200)},
       .steps = {restart(20, 1, 800), append(1, 600), restart(2, 0, 0), append(1, 300)}},
      {.name = "wal: roll into a new segment",
       .before = filled_up_to(1, false),
       .steps = {append(1, 900), append(1, 700), kPrepare},
       .aims = {kRolls, kRollsUnprepared, kFooters}},
      {.name = "wal: roll into a prepared segment",
       .before = filled_up_to(1, true),
       .steps = {append(1, 900), append(1, 700), kPrepare},
       .aims = {kRolls, kFooters}},
      {.name = "wal: drop and recycle segments",
       .before = some_segments(3),
       .steps = {keep_last(20), kPrepare, keep_last(1), kPrepare},
       .aims = {kRecycled, kRemoved}},
      {.name = "wal: restart over several segments",
       .before = some_segments(2),
       .steps = {restart(50, 1, 300), kPrepare},
       .aims = {kRecycled}},
      {.name = "wal: roll into a recycled segment",
       .before = with_recycled(),
       .steps = {append(1, 900), append(1, 900), append(1, 300)},
       .aims = {kRollsIntoRecycled}},
      {.name = "wal: restart back in a recycled segment",
       .before = with_recycled(),
       .steps = {append(1, 900), restart(0, 1, 900), append(1, 900)},
       .aims = {kRollsIntoRecycled}},
      {.name = "wal: a batch larger than a segment",
       .before = {append(1, 100)},
       .steps = {append(1, 70'000), append(1, 300), kPrepare},
       .aims = {kOversized, kFooters}},
  };
}

}  // namespace

Traces wal_traces(std::size_t sector_bytes) {
  Traces traces;
  for (WalScript& script : scripts())
    traces.push_back(std::make_unique<WalTrace>(std::move(script), sector_bytes));
  return traces;
}

}  // namespace proa::sim
