#include "proa/testing/detail/watched_fsm.hpp"

#include <utility>

#include "proa/testing/detail/memory_snapshot.hpp"

namespace proa::testing {
namespace {

AttemptId attempt_of(ByteView extensions) {
  return {static_cast<std::uint64_t>(as_int64(extensions).value_or(0))};
}

/// Of a part of a batch.
class ShiftedResponses final : public Responses {
 public:
  ShiftedResponses(Responses& inner, std::size_t offset) : inner_(inner), offset_(offset) {}
  bool wanted(std::size_t position) const override { return inner_.wanted(offset_ + position); }
  void set(std::size_t position, std::any response) override {
    inner_.set(offset_ + position, std::move(response));
  }

 private:
  Responses& inner_;
  std::size_t offset_;
};

class TeeSink final : public SnapshotSink {
 public:
  explicit TeeSink(SnapshotSink& inner) : inner_(inner) {}
  Result<void> write(ByteView bytes) override {
    text_ += text_of(bytes);
    return inner_.write(bytes);
  }
  Result<void> close() override { return inner_.close(); }
  Result<void> cancel() override { return inner_.cancel(); }
  const std::string& id() const override { return inner_.id(); }
  const std::string& text() const { return text_; }

 private:
  SnapshotSink& inner_;
  std::string text_;
};

/// Knows whether it was the source that failed.
class WatchedSource final : public ByteSource {
 public:
  explicit WatchedSource(ByteSource& inner) : inner_(inner) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    auto count = inner_.read(buffer);
    has_failed_ = has_failed_ || !count;
    return count;
  }
  bool has_failed() const { return has_failed_; }

 private:
  ByteSource& inner_;
  bool has_failed_ = false;
};

}  // namespace

SharedBytes extensions_of(AttemptId attempt) {
  return bytes_of(static_cast<std::int64_t>(attempt.value));
}

/// What was written is compared only if all of it was, and long after snapshot() was called.
class WatchedFsm::WatchedSnapshot final : public Fsm::Snapshot {
 public:
  WatchedSnapshot(std::unique_ptr<Snapshot> inner, Replicas& replicas, std::size_t server,
                  LogIndex after)
      : inner_(std::move(inner)), replicas_(replicas), server_(server), after_(after) {}

  Result<void> write_to(SnapshotSink& sink) override {
    TeeSink tee{sink};
    PROA_TRY(inner_->write_to(tee));
    replicas_.compare_snapshot(server_, after_, view_of(tee.text()));
    return {};
  }

 private:
  std::unique_ptr<Snapshot> inner_;
  Replicas& replicas_;
  std::size_t server_;
  LogIndex after_;
};

std::string WatchedFsm::history() const {
  if (restored_ == LogIndex{}) return "applied every command itself";
  return "restored a snapshot up to " + to_string(restored_) + " and applied the commands since";
}

void WatchedFsm::apply(std::span<const Committed> batch, Responses& responses) {
  std::size_t begun = 0;
  for (std::size_t position = 0; position < batch.size(); ++position) {
    const LogIndex index = batch[position].index;
    const bool ends_here = watch_.replicas.is_checkpoint(index);
    if (!ends_here && position + 1 < batch.size()) continue;
    apply_some(batch.subspan(begun, position + 1 - begun), responses, begun);
    begun = position + 1;
    if (ends_here) compare(history());
  }
}

void WatchedFsm::apply_some(std::span<const Committed> batch, Responses& responses,
                            std::size_t offset) {
  std::vector<Committed> bare{batch.begin(), batch.end()};
  for (Committed& entry : bare) {
    watch_.ledger.applied(attempt_of(entry.extensions), entry.index);
    entry.extensions = {};
  }
  ShiftedResponses shifted{responses, offset};
  inner_->apply(bare, shifted);
  last_ = batch.back().index;
}

Result<std::unique_ptr<Fsm::Snapshot>> WatchedFsm::snapshot() {
  compare(history());
  PROA_TRY(std::unique_ptr<Snapshot> inner, inner_->snapshot());
  return std::make_unique<WatchedSnapshot>(std::move(inner), watch_.replicas, watch_.server, last_);
}

Result<void> WatchedFsm::restore(ByteSource& source) {
  WatchedSource watched{source};
  auto done = inner_->restore(watched);
  if (!done) {
    if (!watched.has_failed()) {
      watch_.violated("a state machine does not restore what one of its kind has written: " +
                      to_string(done.error()));
    }
    return done;
  }
  ++restores_;
  last_ = watch_.ledger.last_command_up_to(watch_.opened());
  restored_ = last_;
  compare("restored a snapshot");
  return {};
}

}  // namespace proa::testing
