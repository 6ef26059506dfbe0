#include "tests/wal/exhaustion.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "proa/base/assert.hpp"

namespace proa::sim {
namespace {

using testing::DiskOperation;
using testing::PowerCuts;
using testing::SimDisk;
using testing::SimFileSystem;
using testing::Unsynced;

/// One of these is what the store must hold.
using Allowed = std::vector<History>;

/// A disk before a process runs on it.
struct Situation {
  std::shared_ptr<const SimDisk> disk = {};
  Allowed allowed = {};
  std::uint32_t lives = 0;  ///< that may still carry out steps with a crash everywhere
};

/// A place where a process may end, and what it leaves.
struct CrashPoint {
  std::uint64_t operation = 0;  ///< which one does not happen any more
  std::string what = {};        ///< the operation
  std::uint64_t bytes = 0;      ///< of a write
  Situation left = {};
};

class Exhaustion {
 public:
  Exhaustion(Trace& trace, const ExhaustionLimits& limits) : trace_(trace), limits_(limits) {}

  ExhaustionReport run() {
    const auto disk = std::make_shared<SimDisk>(trace_.disk(), 1);
    PROA_ASSERT(disk->options().keep_versions);
    if (auto done = trace_.prepare(std::make_shared<SimFileSystem>(disk)); !done) {
      violated("the trace cannot begin: " + to_string(done.error()));
      return report_;
    }
    explore({.disk = disk, .allowed = {{}}, .lives = limits_.further_lives + 1});
    return report_;
  }

 private:
  class Life;
  using Key = std::pair<std::uint64_t, std::uint64_t>;

  bool going_on() const { return !report_.violation; }

  void violated(const std::string& what) {
    if (report_.violation) return;
    report_.violation = what;
    for (std::size_t i = 0; i < crashes_.size(); ++i)
      *report_.violation += "\n    crash " + std::to_string(i + 1) + ": " + crashes_[i];
  }

  std::uint32_t steps_of(const Situation& situation) const {
    return in_trace(situation) ? trace_.steps() : trace_.further_steps();
  }
  bool in_trace(const Situation& situation) const {
    return situation.lives > limits_.further_lives;
  }

  void explore(const Situation& situation);
  void explore(const Situation& before, const CrashPoint& point);
  void end_within(const Situation& before, const CrashPoint& point);
  void meet(Situation left, const std::string& crash);
  Key key_of(const Situation& situation);
  std::uint64_t number_of(const Allowed& allowed);

  Trace& trace_;
  ExhaustionLimits limits_;
  ExhaustionReport report_;
  std::vector<std::string> crashes_;   ///< that led to the present situation
  std::vector<Allowed> allowed_;       ///< all that have come up, for their numbers
  std::map<Key, std::size_t> states_;  ///< tried or being tried, after how many crashes
  std::map<Key, std::size_t> points_;
};

/// One process on a copy of the disk.
class Exhaustion::Life {
 public:
  Life(Exhaustion& all, const Situation& situation)
      : all_(all),
        situation_(situation),
        allowed_(situation.allowed),
        disk_(situation.disk->clone(0)),
        files_(std::make_shared<SimFileSystem>(disk_)),
        process_(all.trace_.start(files_)) {}
  ~Life() { files_->set_on_change(nullptr); }

  /// Opens, takes its steps and tells every place where it might have ended.
  std::vector<CrashPoint> run() {
    files_->set_on_change([this](const DiskOperation& operation) { add_point(operation); });
    if (!open()) return {};
    const bool crashes_in_steps = situation_.lives > 0;
    if (!crashes_in_steps) end_here("after the last operation of the recovery");
    if (!crashes_in_steps) files_->set_on_change(nullptr);
    const bool good = take_steps();
    files_->set_on_change(nullptr);
    if (!good) return {};
    if (crashes_in_steps) end_here("after the last operation");
    check_durable();
    return std::move(points_);
  }

  /// The same up to `bytes` of a write, at which the process ends. False: it did not get there.
  Situation run_until(const CrashPoint& point, std::uint64_t bytes) {
    files_->crash_after(point.operation, bytes);
    if (process_->open()) {
      history_ = recovered();
      if (history_) take_steps();
    }
    PROA_ASSERT(files_->crashed());
    process_.reset();
    return {.disk = disk_, .allowed = point.left.allowed, .lives = point.left.lives};
  }

 private:
  bool open() {
    const auto opened = process_->open();
    if (!opened) {
      all_.violated("the store does not open: " + to_string(opened.error()));
      return false;
    }
    history_ = recovered();
    if (!history_) {
      std::string text = "the store holds none of what it may hold";
      for (const History& history : situation_.allowed)
        text += "\n      " + process_->differs(history).value_or("");
      all_.violated(text);
      return false;
    }
    allowed_ = {*history_};
    return true;
  }

  /// Which of the allowed histories it is.
  std::optional<History> recovered() {
    for (const History& history : situation_.allowed) {
      if (!process_->differs(history)) return history;
    }
    return std::nullopt;
  }

  bool take_steps() {
    const std::uint32_t first = all_.in_trace(situation_) ? 0 : Trace::kFurther;
    stepping_ = true;
    for (std::uint32_t i = first; i < first + all_.steps_of(situation_); ++i) {
      History after = *history_;
      if (all_.trace_.changes(i)) after.push_back(i);
      allowed_ = {*history_};
      if (after != *history_) allowed_.push_back(after);
      if (auto done = process_->carry_out(*history_, i); !done) {
        if (files_->crashed()) return false;
        all_.violated("step " + std::to_string(i) + " fails: " + to_string(done.error()));
        return false;
      }
      history_ = std::move(after);
      allowed_ = {*history_};
    }
    const auto missed = process_->missed();
    if (missed && all_.in_trace(situation_)) all_.violated("the trace is in vain: " + *missed);
    return true;
  }

  void add_point(const DiskOperation& operation) {
    points_.push_back({.operation = operation.number,
                       .what = std::string(operation.what) + " " + operation.path,
                       .bytes = operation.bytes,
                       .left = here()});
  }
  void end_here(const std::string& what) {
    points_.push_back({.operation = files_->operations() + 1, .what = what, .left = here()});
  }
  Situation here() const {
    const std::uint32_t lives = situation_.lives - (stepping_ && situation_.lives > 0 ? 1 : 0);
    return {.disk = disk_->clone(0),
            .allowed = allowed_,
            .lives = all_.in_trace(situation_) ? all_.limits_.further_lives : lives};
  }

  /// The least that a power cut may leave still holds every step that was acknowledged.
  void check_durable() {
    process_.reset();
    files_ = nullptr;
    disk_->lose_everything_unsynced();
    files_ = std::make_shared<SimFileSystem>(disk_);
    process_ = all_.trace_.start(files_);
    if (const auto opened = process_->open(); !opened) {
      return all_.violated("the store does not open after further steps: " +
                           to_string(opened.error()));
    }
    if (const auto differs = process_->differs(*history_)) {
      all_.violated("after further steps and a power cut: " + *differs);
    }
  }

  Exhaustion& all_;
  const Situation& situation_;
  Allowed allowed_;
  std::shared_ptr<SimDisk> disk_;
  std::shared_ptr<SimFileSystem> files_;
  std::unique_ptr<StoreProcess> process_;
  std::optional<History> history_;
  bool stepping_ = false;
  std::vector<CrashPoint> points_;
};

void Exhaustion::explore(const Situation& situation) {
  std::vector<CrashPoint> points = Life(*this, situation).run();
  if (crashes_.size() >= limits_.crashes_max) return;
  for (CrashPoint& point : points) {
    if (!going_on()) return;
    explore(situation, point);
    point.left.disk = nullptr;
  }
}

void Exhaustion::explore(const Situation& before, const CrashPoint& point) {
  if (point.bytes > 0) end_within(before, point);
  const auto [known, is_new] = points_.emplace(key_of(point.left), crashes_.size());
  if (is_new) ++report_.crash_points;
  if (!is_new && known->second <= crashes_.size()) return;
  known->second = crashes_.size();

  meet(point.left,
       "the process ends before operation " + std::to_string(point.operation) + ", " + point.what);
  const PowerCuts cuts(*point.left.disk);
  const auto telling = std::count_if(cuts.unsynced().begin(), cuts.unsynced().end(),
                                     [](const Unsynced& one) { return !one.equal; });
  report_.unsynced_max =
      std::max<std::uint64_t>(report_.unsynced_max, static_cast<std::uint64_t>(telling));
  const auto visit = [&](const Fates& fates) {
    std::string crash = "the power is cut before operation " + std::to_string(point.operation) +
                        ", " + point.what + "; fates ";
    for (const std::uint8_t fate : fates)
      crash += fate < 10 ? static_cast<char>('0' + fate) : '+';
    meet({.disk = cuts.outcome(fates), .allowed = point.left.allowed, .lives = point.left.lives},
         crash);
    return going_on();
  };
  if (try_outcomes(cuts.unsynced(), limits_.outcomes_max, visit) == Coverage::sample) {
    ++report_.sampled;
  }
}

/// A write during which the process is killed reaches the page cache in part.
void Exhaustion::end_within(const Situation& before, const CrashPoint& point) {
  const std::size_t sector = before.disk->options().sector_bytes;
  std::set<std::uint64_t> parts = {std::min<std::uint64_t>(sector, point.bytes) / 2,
                                   point.bytes / 2 / sector * sector,
                                   (point.bytes - 1) / sector * sector};
  if (in_trace(before) && point.bytes <= 16 * sector) {
    for (std::uint64_t bytes = sector; bytes < point.bytes; bytes += sector)
      parts.insert(bytes);
  }
  for (const std::uint64_t bytes : parts) {
    if (bytes == 0 || !going_on()) continue;
    meet(Life(*this, before).run_until(point, bytes),
         "the process ends " + std::to_string(bytes) + " bytes into operation " +
             std::to_string(point.operation) + ", " + point.what);
  }
}

void Exhaustion::meet(Situation left, const std::string& crash) {
  ++report_.outcomes;
  crashes_.push_back(crash);
  const auto [known, is_new] = states_.emplace(key_of(left), crashes_.size());
  if (is_new) ++report_.states;
  // What was met after more crashes before has not been followed as far.
  if (!is_new && known->second <= crashes_.size()) return crashes_.pop_back();
  known->second = crashes_.size();
  report_.crashes_max = std::max<std::uint64_t>(report_.crashes_max, crashes_.size());
  explore(left);
  crashes_.pop_back();
}

Exhaustion::Key Exhaustion::key_of(const Situation& situation) {
  return {situation.disk->fingerprint(), number_of(situation.allowed) * 100 + situation.lives};
}

std::uint64_t Exhaustion::number_of(const Allowed& allowed) {
  const auto found = std::find(allowed_.begin(), allowed_.end(), allowed);
  if (found == allowed_.end()) allowed_.push_back(allowed);
  return static_cast<std::uint64_t>(std::find(allowed_.begin(), allowed_.end(), allowed) -
                                    allowed_.begin());
}

}  // namespace

ExhaustionReport exhaust(Trace& trace, const ExhaustionLimits& limits) {
  return Exhaustion(trace, limits).run();
}

}  // namespace proa::sim
