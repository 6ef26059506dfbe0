#include <algorithm>

#include "proa/store/file_snapshot_store.hpp"
#include "tests/wal/traces.hpp"

namespace proa::sim {
namespace {

using testing::SimFileSystem;

const std::string kDirectory = "/node";
const std::string kFolder = "/node/snapshots";

/// Takes a snapshot of `bytes` bytes, or begins and cancels one.
struct Take {
  std::size_t bytes = 0;
  bool cancelled = false;
};

struct SnapshotScript {
  std::string name = {};
  std::size_t retain = 2;
  std::vector<Take> before = {};
  std::vector<Take> steps = {};
};

/// A finished snapshot, known by its index.
struct Taken {
  LogIndex index = {};
  std::size_t bytes = 0;
};

std::string state_of(const Taken& taken) {
  Random random(taken.index.value);
  std::string state(taken.bytes, '\0');
  for (char& byte : state)
    byte = static_cast<char>('a' + random.below(26));
  return state;
}

class SnapshotTrace final : public Trace {
 public:
  SnapshotTrace(SnapshotScript script, std::size_t sector_bytes)
      : script_(std::move(script)), sector_bytes_(sector_bytes) {}

  std::string name() const override { return script_.name; }
  testing::SimDiskOptions disk() const override {
    return {.sector_bytes = sector_bytes_, .keep_versions = true};
  }
  std::uint32_t steps() const override { return static_cast<std::uint32_t>(script_.steps.size()); }
  std::uint32_t further_steps() const override { return 1; }
  bool changes(std::uint32_t number) const override { return !step(number).cancelled; }
  Result<void> prepare(const std::shared_ptr<SimFileSystem>& files) override;
  std::unique_ptr<StoreProcess> start(const std::shared_ptr<SimFileSystem>& files) override;

  std::size_t retain() const { return script_.retain; }
  Take step(std::uint32_t number) const {
    return number < kFurther ? script_.steps[number] : Take{.bytes = 200};
  }
  /// All that were finished, oldest first.
  std::vector<Taken> expected(const History& history) const {
    std::vector<Taken> all;
    for (const Take& take : script_.before)
      all.push_back({.index = next_index(all), .bytes = take.bytes});
    for (const std::uint32_t number : history)
      all.push_back({.index = next_index(all), .bytes = step(number).bytes});
    return all;
  }
  static LogIndex next_index(const std::vector<Taken>& all) {
    return LogIndex{10 * all.size() + 5};
  }

 private:
  SnapshotScript script_;
  std::size_t sector_bytes_;
};

class SnapshotProcess final : public StoreProcess {
 public:
  SnapshotProcess(const SnapshotTrace& trace, const std::shared_ptr<SimFileSystem>& files)
      : trace_(trace),
        files_(files),
        store_(files, kDirectory, FileSnapshotOptions{.retain = trace.retain()}) {}

  Result<void> open() override { return store_.open(); }

  Result<void> carry_out(const History& before, std::uint32_t number) override {
    return take(trace_.expected(before), trace_.step(number));
  }

  Result<void> take(const std::vector<Taken>& before, const Take& what) {
    const Taken taken{.index = SnapshotTrace::next_index(before), .bytes = what.bytes};
    SnapshotMeta meta;
    meta.last = {.term = Term{1}, .index = taken.index};
    PROA_TRY(const auto sink, store_.create(meta));
    PROA_TRY(sink->write(view_of(state_of(taken))));
    if (what.cancelled) return sink->cancel();
    PROA_TRY(sink->close());
    // Whatever crashes have left, no more stays on the disk than is wanted.
    PROA_TRY(const auto left, files_->list(kFolder));
    if (left.size() <= trace_.retain()) return {};
    return fail(Errc::io_error, std::to_string(left.size()) + " snapshots stay in " + kFolder);
  }

  std::optional<std::string> differs(const History& history) override {
    std::vector<Taken> expected = trace_.expected(history);
    std::reverse(expected.begin(), expected.end());
    if (expected.size() > trace_.retain()) expected.resize(trace_.retain());
    const auto listed = store_.list();
    if (!listed) return to_string(listed.error());
    if (listed->size() != expected.size()) {
      return std::to_string(listed->size()) + " snapshots are listed, not " +
             std::to_string(expected.size());
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (const auto wrong = differs((*listed)[i], expected[i])) return wrong;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> differs(const SnapshotMeta& meta, const Taken& expected) const {
    if (meta.last.index != expected.index) {
      return meta.id + " is listed, not the one at " + to_string(expected.index);
    }
    const auto opened = store_.open(meta.id);
    if (!opened) return to_string(opened.error());
    std::string state(expected.bytes + 1, '\0');
    std::size_t have = 0;
    while (have < state.size()) {
      const auto count =
          opened->state->read(std::as_writable_bytes(std::span{state}.subspan(have)));
      if (!count) return to_string(count.error());
      if (*count == 0) break;
      have += *count;
    }
    state.resize(have);
    if (state != state_of(expected)) return meta.id + " holds another state";
    return std::nullopt;
  }

  const SnapshotTrace& trace_;
  std::shared_ptr<SimFileSystem> files_;
  FileSnapshotStore store_;
};

Result<void> SnapshotTrace::prepare(const std::shared_ptr<SimFileSystem>& files) {
  if (script_.before.empty()) return {};
  SnapshotProcess process(*this, files);
  PROA_TRY(process.open());
  std::vector<Taken> done;
  for (const Take& take : script_.before) {
    PROA_TRY(process.take(done, take));
    done.push_back({.index = next_index(done), .bytes = take.bytes});
  }
  return {};
}

std::unique_ptr<StoreProcess> SnapshotTrace::start(const std::shared_ptr<SimFileSystem>& files) {
  return std::make_unique<SnapshotProcess>(*this, files);
}

}  // namespace

Traces snapshot_traces(std::size_t sector_bytes) {
  const std::vector<SnapshotScript> scripts = {
      {.name = "snapshots: first start", .steps = {{.bytes = 300}}},
      {.name = "snapshots: another one, and one cancelled",
       .before = {{.bytes = 300}},
       .steps = {{.bytes = 1400}, {.bytes = 700, .cancelled = true}}},
      {.name = "snapshots: the third removes the first",
       .before = {{.bytes = 300}, {.bytes = 1000}},
       .steps = {{.bytes = 700}}},
      {.name = "snapshots: only one is kept",
       .retain = 1,
       .before = {{.bytes = 300}},
       .steps = {{.bytes = 700}, {.bytes = 200}}}};
  Traces traces;
  for (const SnapshotScript& script : scripts)
    traces.push_back(std::make_unique<SnapshotTrace>(script, sector_bytes));
  return traces;
}

}  // namespace proa::sim
