#include "proa/driver/snapshot_taker.hpp"

#include <utility>

#include "proa/driver/errors.hpp"

namespace proa::driver {
namespace {

/// Knows the size of what went through it.
class CountingSink final : public SnapshotSink {
 public:
  explicit CountingSink(SnapshotSink& inner) : inner_(inner) {}
  Result<void> write(ByteView bytes) override {
    bytes_ += bytes.size();
    return inner_.write(bytes);
  }
  Result<void> close() override { return inner_.close(); }
  Result<void> cancel() override { return inner_.cancel(); }
  const std::string& id() const override { return inner_.id(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  SnapshotSink& inner_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

struct SnapshotTaker::Job {
  LogPosition newest = {};  ///< when it was begun
  Result<std::unique_ptr<Fsm::Snapshot>> view = std::unique_ptr<Fsm::Snapshot>{};
  SnapshotMeta meta = {};
  Result<void> written = {};

  /// On the snapshot lane. Either all of it is durable, or nothing is left of it.
  Result<void> write_to(SnapshotStore& store) {
    PROA_TRY(const std::unique_ptr<SnapshotSink> sink, store.create(meta));
    CountingSink counting{*sink};
    Result<void> copied = (*view)->write_to(counting);
    if (!copied) {
      (void)sink->cancel();  // the first error says more
      return copied;
    }
    meta.id = sink->id();
    meta.size = counting.bytes();
    return sink->close();
  }
};

SnapshotTaker::SnapshotTaker(SnapshotTakerParts parts, Surroundings around,
                             const ReloadableConfig& config)
    : parts_(std::move(parts)),
      around_(around),
      config_(config),
      random_(parts_.runtime->seed()),
      timer_(parts_.runtime, [this] { look(); }) {}

/// A new interval counts from the next time on.
void SnapshotTaker::arm() {
  timer_.arm(parts_.runtime->now() + random_.timeout(config_.snapshot_interval));
}

void SnapshotTaker::look() {
  const SnapshotPoint point = around_.events.snapshot_point();
  const LogIndex enough = point.newest.index + config_.snapshot_threshold;
  arm();
  if (point.last_log < enough) return;
  due_ = true;
  around_.events.want_turn();
}

void SnapshotTaker::take(Promise<SnapshotMeta> promise) {
  if (waiting_.size() < kWaitingMax) return waiting_.push_back(std::move(promise));
  std::vector<Promise<SnapshotMeta>> refused;
  refused.push_back(std::move(promise));
  complete(std::move(refused), fail(busy_error("too many callers wait for a snapshot already")));
}

void SnapshotTaker::replace_newest() {
  replaces_ = true;
  around_.events.want_turn();
}

/// A snapshot holds the configuration in force at its end. If the committed one comes from an entry
/// that is still to be applied, a later turn tries again.
void SnapshotTaker::go_on() {
  if (busy_ || (!due_ && !replaces_ && waiting_.empty())) return;
  const SnapshotPoint point = around_.events.snapshot_point();
  const bool has_news = replaces_ || point.newest.index < point.applied.index;
  if (has_news) return point.is_whole() ? begin(point.newest) : void();
  due_ = false;
  complete(std::exchange(waiting_, {}),
           fail(Error{.code = Errc::nothing_new_to_snapshot,
                      .outcome = Outcome::not_executed,
                      .detail = "nothing was applied since the newest snapshot"}));
}

void SnapshotTaker::begin(LogPosition newest) {
  busy_ = true;
  auto job = std::make_shared<Job>(Job{.newest = newest});
  around_.applier.between_calls(
      {.on_lane = [job, fsm = parts_.fsm] { job->view = fsm->snapshot(); },
       .done =
           [this, job, alive = alive_] {
             if (*alive) have_view(job);
           }});
}

/// Nothing was applied meanwhile, but the configuration may have changed, or a leader's snapshot
/// come in between.
void SnapshotTaker::have_view(std::shared_ptr<Job> job) {
  const SnapshotPoint point = around_.events.snapshot_point();
  if (!point.is_whole() || point.newest != job->newest) {
    busy_ = false;
    return;
  }
  due_ = false;
  replaces_ = false;
  served_ = std::exchange(waiting_, {});
  if (!job->view) return finish(fail(std::move(job->view).error()));
  job->meta = {.last = point.applied, .configuration = point.configuration};
  write(std::move(job));
}

void SnapshotTaker::write(std::shared_ptr<Job> job) {
  around_.lane.post([this, parts = parts_, job = std::move(job), alive = alive_] {
    job->written = job->write_to(*parts.snapshots);
    job->view = std::unique_ptr<Fsm::Snapshot>{};
    parts.runtime->loop().post([this, job, alive] {
      if (*alive) written(*job);
    });
  });
}

void SnapshotTaker::written(const Job& job) {
  if (!job.written) return finish(fail(job.written.error()));
  replaces_ = false;  // whoever asked meanwhile had read older ones
  around_.events.on_snapshot_taken(job.meta);
  finish(job.meta);
}

void SnapshotTaker::finish(Result<SnapshotMeta> result) {
  busy_ = false;
  if (!result) around_.events.on_snapshot_failed(result.error());
  complete(std::exchange(served_, {}), std::move(result));
}

void SnapshotTaker::complete(std::vector<Promise<SnapshotMeta>> waiting,
                             Result<SnapshotMeta> result) {
  if (waiting.empty()) return;
  around_.events.later([waiting = std::move(waiting), result = std::move(result)]() mutable {
    for (Promise<SnapshotMeta>& promise : waiting)
      promise.complete(result);
  });
}

void SnapshotTaker::stop(const Error& why) {
  *alive_ = false;
  timer_.disarm();
  complete(std::exchange(served_, {}), fail(why));
  complete(std::exchange(waiting_, {}), fail(why));
}

}  // namespace proa::driver
