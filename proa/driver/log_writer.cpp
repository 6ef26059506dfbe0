#include "proa/driver/log_writer.hpp"

#include <utility>

#include "proa/base/mutant.hpp"
#include "proa/driver/hard_state.hpp"

namespace proa::driver {
namespace {

/// Appends that wait are joined up to this many bytes.
constexpr std::size_t kJoinedBytesMax = std::size_t{8} << 20;
/// The store is asked to prepare at the latest when so much was written since it last did.
constexpr std::size_t kPrepareEvery = std::size_t{4} << 20;
/// However little is in it, a write takes a block of the disk.
constexpr std::size_t kWriteBytesMin = 4096;

}  // namespace

struct LogWriter::Job {
  core::Ticket ticket = {};
  std::optional<HardState> hard_state = {};
  LogBatch batch = {};
  bool begins_log = false;

  bool changes_log() const {
    return batch.truncate_from || batch.restart_after || !batch.entries.empty();
  }

  /// On the log lane. The hard state first: a log may not hold entries of a term that is not saved.
  Result<void> carry_out(const DiskParts& parts) const {
    const bool is_late = mutant("entries written before their term");
    if (is_late && changes_log()) PROA_TRY(parts.logs->write(batch));
    if (hard_state) PROA_TRY(save(*parts.stable, *hard_state));
    if (!is_late && changes_log()) PROA_TRY(parts.logs->write(batch));
    if (begins_log) PROA_TRY(note_log(*parts.stable));
    if (parts.probe != nullptr) parts.probe->persisted(hard_state, batch);
    return {};
  }
};

LogWriter::LogWriter(DiskParts parts, Lanes lanes, DiskEvents& events)
    : parts_(std::move(parts)), lanes_(lanes), events_(events) {
  prepare();
}

void LogWriter::add(core::Write write, EntryView entries) {
  waiting_.push_back(std::make_shared<Job>(Job{.ticket = write.ticket,
                                               .hard_state = std::move(write.hard_state),
                                               .batch = {.truncate_from = write.truncate_from,
                                                         .restart_after = write.restart_after,
                                                         .entries = std::move(entries),
                                                         .commit_hint = write.commit_hint}}));
}

/// Writing both at once is as good as one after the other: neither is acknowledged before.
bool LogWriter::joins(const Job& earlier, const Job& later) {
  const std::size_t bytes =
      earlier.batch.entries.encoded_bytes() + later.batch.entries.encoded_bytes();
  return !later.hard_state && !later.batch.truncate_from && !later.batch.restart_after &&
         bytes <= kJoinedBytesMax;
}

void LogWriter::go_on() {
  if (busy_ || failed_ || waiting_.empty()) return;
  std::shared_ptr<Job> job = std::move(waiting_.front());
  waiting_.pop_front();
  while (!waiting_.empty() && joins(*job, *waiting_.front())) {
    job->batch.entries.append(waiting_.front()->batch.entries);
    job->batch.commit_hint = waiting_.front()->batch.commit_hint;
    job->ticket = waiting_.front()->ticket;
    waiting_.pop_front();
  }
  busy_ = true;
  run(std::move(job));
}

void LogWriter::run(std::shared_ptr<Job> job) {
  job->begins_log = job->changes_log() && std::exchange(parts_.log_is_untouched, false);
  const std::size_t bytes = job->batch.entries.encoded_bytes();
  Fn<void()> task = [this, parts = parts_, job = std::move(job), alive = alive_] {
    Result<void> result = job->carry_out(parts);
    parts.runtime->loop().post([this, job, alive, result = std::move(result)]() mutable {
      if (*alive) finished(*job, std::move(result));
    });
  };
  if (parts_.logs->ready_for(bytes) && lanes_.log.run_inline(task)) return;
  lanes_.log.post(std::move(task));
}

void LogWriter::finished(const Job& job, Result<void> result) {
  busy_ = false;
  if (!result && !mutant("failed write passed over")) return failed(std::move(result).error());
  prepare_if_needed(kWriteBytesMin + job.batch.entries.encoded_bytes());
  events_.on_persisted(job.ticket);
}

void LogWriter::failed(Error error) {
  if (std::exchange(failed_, true)) return;
  waiting_.clear();
  events_.on_disk_failed(std::move(error));
}

void LogWriter::truncate_prefix(LogIndex last_removed) {
  lanes_.log.post([this, parts = parts_, alive = alive_, last_removed] {
    Result<void> result = parts.logs->truncate_prefix(last_removed);
    parts.runtime->loop().post([this, alive, result = std::move(result)]() mutable {
      if (!*alive) return;
      result ? prepare() : failed(std::move(result).error());
    });
  });
}

void LogWriter::prepare_if_needed(std::size_t written) {
  written_since_prepared_ += written;
  if (written_since_prepared_ >= kPrepareEvery || !parts_.logs->ready_for(kInlineWriteMax - 1)) {
    prepare();
  }
}

/// In steps, so that what else waits for the snapshot lane gets its turn.
void LogWriter::prepare() {
  if (std::exchange(preparing_, true)) return;
  written_since_prepared_ = 0;
  lanes_.snapshot.post([this, parts = parts_, alive = alive_] {
    Result<bool> more = parts.logs->prepare();
    parts.runtime->loop().post([this, alive, more = std::move(more)]() mutable {
      if (!*alive) return;
      preparing_ = false;
      if (!more) return failed(std::move(more).error());
      if (*more) prepare();
    });
  });
}

}  // namespace proa::driver
