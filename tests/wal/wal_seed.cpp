#include "tests/wal/wal_seed.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "proa/base/checksum.hpp"
#include "proa/store/wal.hpp"
#include "proa/testing/sim_file_system.hpp"

namespace proa::sim {
namespace {

using testing::DiskFault;
using testing::LogModel;
using testing::LogStep;
using testing::LogWorkload;
using testing::SimDisk;
using testing::SimFileSystem;

const std::string kDirectory = "/node/log";

/// All lives of a log on one disk.
class WalRun {
 public:
  WalRun(std::uint64_t seed, bool trace)
      : plan_(draw_wal_plan(seed)),
        random_(seed),
        disk_(std::make_shared<SimDisk>(plan_.disk, seed)),
        workload_(plan_.load, seed),
        trace_(trace) {}

  WalReport run() {
    for (std::uint64_t life = 0; life < plan_.lives && !report_.violation; ++life)
      live(life);
    if (!report_.violation) last_start();
    return report_;
  }

 private:
  /// One process: open, steps, and an end by a crash, somewhere.
  void live(std::uint64_t life) {
    files_ = std::make_shared<SimFileSystem>(disk_);
    log_ = std::make_unique<Wal>(files_, kDirectory, options());
    const bool ends_behind_open = random_.percent(plan_.cut_after_open_percent);
    draw_end(ends_behind_open);
    say("life " + std::to_string(life));
    if (open() && !ends_behind_open) work();
    add_counters();
    crash(ends_behind_open);
  }

  WalOptions options() { return {.segment_bytes = plan_.segment_bytes, .seed = random_.next()}; }

  void draw_end(bool ends_behind_open) {
    if (ends_behind_open) return;
    // Short lives crash in the middle of recovery.
    const std::uint64_t soon = 8;
    std::uint64_t crash_at = random_.between(1, random_.percent(25) ? soon : plan_.operations_max);
    if (random_.percent(plan_.fault_percent)) {
      const std::uint64_t last = random_.percent(25) ? soon : plan_.operations_max;
      const DiskFault fault{.at_operation = random_.between(1, last),
                            .kind = static_cast<DiskFault::Kind>(random_.below(3))};
      files_->inject(fault);
      fault_drawn_ = true;
      // Outside the failure model: the process ends before it can say that a sync has failed.
      if (crash_at == fault.at_operation + 1) ++crash_at;
    }
    files_->crash_after(crash_at);
  }

  bool open() {
    const auto opened = log_->open();
    if (!opened) {
      if (files_->crashed()) {
        ++report_.crashes_during_recovery;
      } else if (!fault_drawn_) {
        violated("the log does not open: " + to_string(opened.error()));
      }
      return false;
    }
    mix(*opened);
    settle(*opened);
    return !report_.violation;
  }

  /// Of the states that the last life may have left, which one is it?
  void settle(const LogSummary& opened) {
    if (unacknowledged_ && opened == unacknowledged_->summary() && holds(*unacknowledged_)) {
      if (!(model_ == *unacknowledged_)) ++report_.unacknowledged_kept;
      model_ = *std::move(unacknowledged_);
    } else if (unacknowledged_) {
      ++report_.unacknowledged_lost;
      if (torn_) ++report_.torn_tails;
    }
    unacknowledged_.reset();
    torn_ = false;
    if (opened == model_.summary() && holds(model_)) return;
    if (files_->crashed()) return;
    violated("the log holds " + range_of(opened.log.entries) + " with commit hint " +
             to_string(opened.commit_hint) + " or other entries, it should hold " +
             range_of(model_.summary().log.entries) + " with commit hint " +
             to_string(model_.commit_hint()));
  }

  /// Reads the log in pieces of random size.
  bool holds(const LogModel& model) {
    LogIndex at = model.first();
    while (at <= model.last()) {
      const auto read = log_->read({at, model.last()}, random_.below(20'000));
      if (!read) return false;
      if (!(*read == model.entries({at, read->last_index()}))) return false;
      at = next(read->last_index());
    }
    return true;
  }

  void work() {
    // A batch tears best when the power goes between its write and its sync.
    const std::uint64_t aimed = random_.percent(40) ? random_.below(plan_.steps_max) : UINT64_MAX;
    for (std::uint64_t i = 0; i < plan_.steps_max; ++i) {
      if (i == aimed) files_->crash_at_next(SimFileSystem::Moment::before_sync);
      const LogStep step = workload_.next(model_);
      say(step);
      LogModel after = model_;
      apply(after, step);
      const auto done = carry_out(step);
      mix(files_->operations());
      if (!done) {
        unacknowledged_ = std::move(after);
        return expect_excuse(done.error());
      }
      model_ = std::move(after);
      count(step);
      while (random_.percent(plan_.prepare_percent)) {
        const auto more = log_->prepare();
        if (!more) return expect_excuse(more.error());
        if (!*more) break;
      }
    }
  }

  Result<void> carry_out(const LogStep& step) {
    const bool quick = step.write && log_->ready_for(step.write->entries.encoded_bytes());
    const std::uint64_t rolls = log_->counters().rolls;
    auto done =
        step.write ? log_->write(*step.write) : log_->truncate_prefix(*step.truncate_prefix);
    if (quick && log_->counters().rolls != rolls) violated("ready_for, but a segment was begun");
    return done;
  }

  /// Only a crash or an error that was drawn excuses a failure, and no write is accepted after it.
  void expect_excuse(const Error& error) {
    if (files_->crashed()) return;
    if (!fault_drawn_) return violated("a step failed: " + to_string(error));
    ++report_.disk_errors;
    say("disk error: " + to_string(error));
    if (log_->write({.restart_after = LogPosition{}}))
      violated("a write was accepted after a failed one");
  }

  void crash(bool ends_behind_open) {
    files_->crash();
    log_.reset();
    files_.reset();
    fault_drawn_ = false;
    ++report_.crashes;
    if (!ends_behind_open && !random_.percent(plan_.power_cut_percent)) {
      say("process crash");
      if (random_.percent(30)) disk_->write_back_some();
      return;
    }
    ++report_.power_cuts;
    say("power cut");
    if (random_.percent(20)) return disk_->lose_everything_unsynced();
    if (disk_->cut_power().torn > 0 && unacknowledged_) torn_ = true;
  }

  void last_start() {
    files_ = std::make_shared<SimFileSystem>(disk_);
    log_ = std::make_unique<Wal>(files_, kDirectory, options());
    open();
    mix(files_->operations());
  }

  void count(const LogStep& step) {
    ++report_.steps;
    if (!step.write) {
      ++report_.prefix_cuts;
    } else if (step.write->truncate_from) {
      ++report_.suffix_cuts;
    } else if (step.write->restart_after) {
      ++report_.restarts;
    }
  }

  void add_counters() {
    const WalCounters counters = log_->counters();
    report_.torn_tails_told += counters.torn_tails;
    report_.tails_copied += counters.tails_copied;
    report_.rolls += counters.rolls;
    report_.rolls_into_recycled += counters.rolls_into_recycled;
    report_.unprepared_rolls += counters.rolls_unprepared;
    report_.oversized += counters.oversized;
    report_.removed += counters.removed;
    report_.footers += counters.footers;
  }

  void mix(std::uint64_t value) {
    report_.trace_hash = crc64(std::as_bytes(std::span{&value, 1}), report_.trace_hash);
  }
  void mix(const LogSummary& summary) {
    mix(summary.log.entries.first.value);
    mix(summary.log.entries.last.value);
    mix(summary.log.term_starts.size());
    mix(summary.commit_hint.value);
  }

  void violated(const std::string& what) {
    if (!report_.violation) report_.violation = what;
  }

  static std::string range_of(IndexRange range) {
    return "[" + to_string(range.first) + ", " + to_string(range.last) + "]";
  }
  void say(const std::string& what) const {
    if (trace_) std::fprintf(stderr, "%s\n", what.c_str());
  }
  void say(const LogStep& step) const {
    if (!trace_) return;
    if (!step.write) return say("  truncate_prefix " + to_string(*step.truncate_prefix));
    std::string text = "  write";
    if (step.write->truncate_from)
      text += " truncate_from " + to_string(*step.write->truncate_from);
    if (step.write->restart_after)
      text += " restart_after " + to_string(*step.write->restart_after);
    const EntryView& entries = step.write->entries;
    if (!entries.empty()) text += " " + range_of({entries.first_index(), entries.last_index()});
    say(text + " " + std::to_string(entries.encoded_bytes()) + " bytes");
  }

  WalPlan plan_;
  Random random_;
  std::shared_ptr<SimDisk> disk_;
  LogWorkload workload_;
  bool trace_;
  std::shared_ptr<SimFileSystem> files_;  ///< of the present life
  std::unique_ptr<Wal> log_;
  bool fault_drawn_ = false;
  bool torn_ = false;  ///< a power cut has torn sectors of the unacknowledged step
  LogModel model_;     ///< every acknowledged step
  std::optional<LogModel> unacknowledged_;  ///< the same with the step that may or may not be there
  WalReport report_;
};

}  // namespace

WalPlan draw_wal_plan(std::uint64_t seed) {
  Random random(seed ^ 0x57414c);
  WalPlan plan;
  plan.disk.sector_bytes = random.percent(50) ? 512 : 4096;
  plan.disk.block_bytes = random.percent(80) ? 4096 : 8192;
  plan.segment_bytes = std::uint64_t{64} << (10 + random.below(2));
  plan.load.fixed_size = random.percent(50);
  plan.load.entries_max = random.percent(30) ? 1 : random.between(1, 20);
  plan.load.data_bytes_max =
      random.percent(60) ? random.between(20, 400) : random.between(400, 6000);
  plan.load.large_percent = random.percent(50) ? random.below(4) : 0;
  plan.load.large_bytes = 2 * plan.segment_bytes;
  plan.load.suffix_percent = random.between(2, 15);
  plan.load.prefix_percent = random.between(6, 15);
  plan.load.restart_percent = random.between(1, 4);
  plan.load.restart_back_percent = random.percent(50) ? 60 : 0;
  plan.lives = random.between(60, 120);
  plan.steps_max = random.between(20, 80);
  plan.operations_max = plan.steps_max * 3;
  plan.prepare_percent = random.percent(80) ? random.between(50, 95) : 10;
  plan.power_cut_percent = random.between(20, 80);
  plan.fault_percent = random.percent(60) ? 30 : 0;
  plan.cut_after_open_percent = random.between(5, 20);
  return plan;
}

WalReport run_wal_seed(std::uint64_t seed, bool trace) { return WalRun(seed, trace).run(); }

}  // namespace proa::sim
