#include "proa/driver/snapshot_sender.hpp"

#include <utility>

#include "proa/base/guarded.hpp"

namespace proa::driver {
namespace {

/// The newest that can be read. One behind whose end the log does not go on would leave the peer
/// as far behind as it was. `failures`: what could not be read on the way.
Result<OpenSnapshot> open_newest(const SnapshotStore& store, LogIndex end_min,
                                 std::string& failures) {
  PROA_TRY(const std::vector<SnapshotMeta> stored, store.list());
  for (const SnapshotMeta& meta : stored) {
    if (meta.last.index < end_min) continue;
    Result<OpenSnapshot> snapshot = store.open(meta.id);
    if (snapshot) return snapshot;
    failures += "\n  " + meta.id + ": " + to_string(snapshot.error());
  }
  return fail(Errc::snapshot_not_found, "no snapshot that reaches index " + to_string(end_min) +
                                            " can be read; another is taken" + failures);
}

/// As much as fits into a chunk; empty at the end.
Result<SharedBytes> read_chunk(ByteSource& source) {
  auto bytes = std::make_shared_for_overwrite<std::byte[]>(BytePipe::kChunkBytes);
  std::size_t filled = 0;
  while (filled < BytePipe::kChunkBytes) {
    PROA_TRY(const std::size_t count,
             source.read({bytes.get() + filled, BytePipe::kChunkBytes - filled}));
    if (count == 0) break;
    filled += count;
  }
  if (filled == 0) return SharedBytes{};
  return SharedBytes{bytes, ByteView{bytes.get(), filled}};
}

}  // namespace

/// What happens on the snapshot lane: one chunk in a task, so that others get their turn.
class SnapshotSender::Reading : public std::enable_shared_from_this<Reading> {
 public:
  explicit Reading(LaneExecutor& lane) : lane_(lane) {}

  Result<SnapshotMeta> open(const SnapshotStore& store, LogIndex end_min) {
    PROA_TRY(OpenSnapshot newest, open_newest(store, end_min, failures_));
    source_ = std::move(newest.state);
    return std::move(newest.meta);
  }

  void next_later() {
    lane_.post([self = shared_from_this()] { self->next(); });
  }

  /// From the loop.
  void give_up() {
    given_up_.with([](bool& given_up) { given_up = true; });
  }
  const std::shared_ptr<BytePipe>& pipe() const { return pipe_; }
  const std::string& failures() const { return failures_; }  ///< once it is open

 private:
  void next() {
    if (pipe_->stopped()) return source_.reset();
    if (given_up_.copy()) return finish(Error{.detail = "the transfer was given up"});
    if (chunk_.empty()) {
      Result<SharedBytes> chunk = read_chunk(*source_);
      if (!chunk) return finish(std::move(chunk).error());
      if (chunk->empty()) return finish({});
      chunk_ = *std::move(chunk);
    }
    if (!pipe_->try_push(chunk_)) {
      return pipe_->when_pushable(lane_, [self = shared_from_this()] { self->next(); });
    }
    chunk_ = {};
    next_later();
  }

  void finish(std::optional<Error> error) {
    source_.reset();
    pipe_->finish(std::move(error));
  }

  LaneExecutor& lane_;
  std::shared_ptr<BytePipe> pipe_ = std::make_shared<BytePipe>();
  Guarded<bool> given_up_;
  std::string failures_;  ///< newer snapshots that could not be read
  std::unique_ptr<ByteSource> source_;
  SharedBytes chunk_;  ///< read and not yet pushed
};

SnapshotSender::~SnapshotSender() {
  if (reading_ != nullptr) reading_->give_up();
}

void SnapshotSender::start(Peer& peer, const core::SendSnapshot& order, Done done) {
  what_ = {.term = order.term, .generation = order.generation, .sent_at = parts_.runtime->now()};
  done_ = std::move(done);
  reading_ = std::make_shared<Reading>(lane_);
  lane_.post([weak = weak_from_this(), runtime = parts_.runtime, store = parts_.snapshots,
              reading = reading_, end_min = order.end_min, &peer] {
    Result<SnapshotMeta> meta = reading->open(*store, end_min);
    runtime->loop().post([weak, &peer, meta = std::move(meta)]() mutable {
      if (const auto self = weak.lock()) self->opened(peer, std::move(meta));
    });
  });
}

void SnapshotSender::opened(Peer& peer, Result<SnapshotMeta> meta) {
  if (!meta) return replied(fail(std::move(meta).error()));
  if (!reading_->failures().empty() && parts_.logger->enabled(LogLevel::warn)) {
    parts_.logger->log(LogLevel::warn,
                       "raft: an older snapshot, " + meta->id +
                           ", is sent since newer ones cannot be read:" + reading_->failures());
  }
  what_.last = meta->last.index;
  const InstallSnapshotRequest request{
      .term = what_.term, .leader = parts_.self, .snapshot = *std::move(meta)};
  peer.send_snapshot(request, reading_->pipe(), [weak = weak_from_this()](Result<Reply> reply) {
    if (const auto self = weak.lock()) self->replied(std::move(reply));
  });
  reading_->next_later();
}

void SnapshotSender::replied(Result<Reply> reply) {
  if (!reply && parts_.logger->enabled(LogLevel::warn)) {
    parts_.logger->log(LogLevel::warn,
                       "raft: a snapshot was not sent: " + to_string(reply.error()));
  }
  Done done = std::exchange(done_, {});
  if (done) done(what_, std::move(reply));
}

}  // namespace proa::driver
