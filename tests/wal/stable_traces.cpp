#include <map>

#include "proa/store/file_stable_store.hpp"
#include "tests/wal/traces.hpp"

namespace proa::sim {
namespace {

using testing::SimFileSystem;

const std::string kPath = "/node/stable";

/// Values of this size are set together; 0: only a short one.
using ValueBytes = std::size_t;

struct StableScript {
  std::string name = {};
  std::vector<ValueBytes> before = {};
  std::vector<ValueBytes> steps = {};
};

std::vector<KeyValue> values_of(ValueBytes bytes, std::uint32_t number) {
  std::vector<KeyValue> values{
      {.key = "CurrentTerm", .value = SharedBytes::copy_of(std::to_string(number))}};
  if (bytes == 0) return values;
  Random random(number);
  std::string vote(bytes, '\0');
  for (char& byte : vote)
    byte = static_cast<char>('a' + random.below(26));
  values.push_back({.key = "LastVoteCand", .value = SharedBytes::take(std::move(vote))});
  return values;
}

class StableTrace final : public Trace {
 public:
  StableTrace(StableScript script, std::size_t sector_bytes)
      : script_(std::move(script)), sector_bytes_(sector_bytes) {}

  std::string name() const override { return script_.name; }
  testing::SimDiskOptions disk() const override {
    return {.sector_bytes = sector_bytes_, .keep_versions = true};
  }
  std::uint32_t steps() const override { return static_cast<std::uint32_t>(script_.steps.size()); }
  std::uint32_t further_steps() const override { return 2; }
  bool changes(std::uint32_t) const override { return true; }
  Result<void> prepare(const std::shared_ptr<SimFileSystem>& files) override;
  std::unique_ptr<StoreProcess> start(const std::shared_ptr<SimFileSystem>& files) override;

  std::vector<KeyValue> step(std::uint32_t number) const {
    if (number >= kFurther) return values_of(number == kFurther ? 60 : 0, number);
    return values_of(script_.steps[number], number);
  }
  std::map<std::string, SharedBytes> expected(const History& history) const {
    std::map<std::string, SharedBytes> values = before_;
    for (const std::uint32_t number : history) {
      for (KeyValue& one : step(number))
        values[one.key] = std::move(one.value);
    }
    return values;
  }

 private:
  StableScript script_;
  std::size_t sector_bytes_;
  std::map<std::string, SharedBytes> before_;
};

class StableProcess final : public StoreProcess {
 public:
  StableProcess(const StableTrace& trace, std::shared_ptr<SimFileSystem> files)
      : trace_(trace), store_(std::move(files), kPath) {}

  Result<void> open() override { return store_.open(); }
  Result<void> carry_out(const History&, std::uint32_t number) override {
    return store_.set(trace_.step(number));
  }
  std::optional<std::string> differs(const History& history) override {
    const auto expected = trace_.expected(history);
    for (const std::string key : {"CurrentTerm", "LastVoteCand"}) {
      const auto wanted = expected.find(key);
      const auto held = store_.get(key);
      if (!held) return key + ": " + to_string(held.error());
      if (wanted == expected.end() ? held->has_value() : *held != wanted->second) {
        return key + " is not what " + std::to_string(history.size()) + " steps have set";
      }
    }
    return std::nullopt;
  }

 private:
  const StableTrace& trace_;
  FileStableStore store_;
};

Result<void> StableTrace::prepare(const std::shared_ptr<SimFileSystem>& files) {
  if (script_.before.empty()) return {};
  FileStableStore store(files, kPath);
  PROA_TRY(store.open());
  std::uint32_t number = 100;
  for (const ValueBytes bytes : script_.before) {
    const std::vector<KeyValue> values = values_of(bytes, ++number);
    PROA_TRY(store.set(values));
    for (const KeyValue& value : values)
      before_[value.key] = value.value;
  }
  return {};
}

std::unique_ptr<StoreProcess> StableTrace::start(const std::shared_ptr<SimFileSystem>& files) {
  return std::make_unique<StableProcess>(*this, files);
}

}  // namespace

Traces stable_traces(std::size_t sector_bytes) {
  const std::vector<StableScript> scripts = {
      {.name = "stable: first start", .steps = {0}},
      {.name = "stable: term and vote", .before = {0, 30}, .steps = {40, 0, 40}},
      {.name = "stable: records of several sectors", .before = {300}, .steps = {1100, 1500, 20}},
      {.name = "stable: records of two blocks", .before = {5000}, .steps = {4500, 6000}}};
  Traces traces;
  for (const StableScript& script : scripts)
    traces.push_back(std::make_unique<StableTrace>(script, sector_bytes));
  return traces;
}

}  // namespace proa::sim
