#include <algorithm>
#include <utility>

#include "proa/base/mutant.hpp"
#include "server/detail/raft_replica_inner.hpp"

namespace proa::server {
namespace {

constexpr Duration kReadPatience = std::chrono::seconds{3};
constexpr Duration kReadPause = std::chrono::milliseconds{20};
/// What the leader answers for a follower that lags; more than that it reads itself, once it has
/// it.
constexpr std::size_t kAnsweredBytesMax = std::size_t{1} << 20;

}  // namespace

void RaftReplica::Inner::read(std::vector<Read> batch) {
  try_reading({.batch = std::move(batch), .until = parts_.runtime->now() + kReadPatience});
}

void RaftReplica::Inner::try_reading(Reading reading) {
  if (leads()) return read_here(std::move(reading));
  if (mutant("follower reads unasked")) {
    return read_at(raft().status().applied_index, std::move(reading));
  }
  if (can_forward()) return read_through_leader(std::move(reading));
  read_again(std::move(reading), not_leader());
}

// A read changes nothing, so it may be tried until somebody leads again.
void RaftReplica::Inner::read_again(Reading reading, Error why) {
  Runtime& runtime = *parts_.runtime;
  const bool hopeless = why.code == Errc::unsupported_by_leader;
  const Instant next = runtime.now() + (hopeless ? Duration{} : kReadPause);
  runtime.start_timer(
      next, [weak = weak_from_this(), reading = std::move(reading), why, hopeless, next]() mutable {
        const auto self = weak.lock();
        if (self == nullptr || !self->is_open()) return fail_all(reading.batch, stopped_error());
        if (hopeless || next >= reading.until) return fail_all(reading.batch, why);
        self->try_reading(std::move(reading));
      });
}

void RaftReplica::Inner::read_at(LogIndex index, Reading reading) {
  const Duration left = std::max(reading.until - parts_.runtime->now(), kReadPause);
  raft().wait_applied(index).within(left).then(
      [weak = weak_from_this(),
       batch = std::move(reading.batch)](Result<LogIndex> applied) mutable {
        const auto self = weak.lock();
        if (self == nullptr) return fail_all(batch, stopped_error());
        if (!applied) return fail_all(batch, applied.error());
        self->answer_now(batch);
      });
}

void RaftReplica::Inner::answer_now(std::vector<Read>& batch) const {
  for (Read& one : batch)
    one.done(parts_.store->answer(one.query));
}

// ---- On the leader ----

void RaftReplica::Inner::read_here(Reading reading) {
  here_->ask(
      [weak = weak_from_this(), reading = std::move(reading)](Result<LogIndex> index) mutable {
        const auto self = weak.lock();
        if (self == nullptr || !self->is_open()) return fail_all(reading.batch, stopped_error());
        if (!index) return self->read_again(std::move(reading), index.error());
        self->read_at(*index, std::move(reading));
      });
}

void RaftReplica::Inner::ask_here(IndexGate::Done done) {
  if (leads() && !mutant("leader reads unconfirmed")) {
    return raft().read_index().then(std::move(done));
  }
  Result<LogIndex> answer = raft().status().applied_index;
  if (!leads()) answer = fail(not_leader());
  parts_.runtime->loop().post(
      [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
}

void RaftReplica::Inner::on_forwarded_read(const SharedBytes& body, CallRespond respond) {
  auto read = decode_forwarded_read(body);
  if (!read) return respond(fail(std::move(read).error()));
  here_->ask([weak = weak_from_this(), read = std::move(*read),
              respond = std::move(respond)](Result<LogIndex> index) mutable {
    if (!index) return respond(fail(std::move(index).error()));
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return respond(fail(stopped_error()));
    respond(self->answer_of(*index, read));
  });
}

// A follower learns late that its last entries are committed. Rather than let it wait for that, the
// leader answers in its place.
SharedBytes RaftReplica::Inner::answer_of(LogIndex index, const ForwardedRead& read) const {
  ForwardedAnswer answer{.index = index};
  if (index <= read.applied) return encode(answer);
  answer.replies.emplace();
  std::size_t bytes = 0;
  for (const kv::Query& query : read.queries) {
    answer.replies->push_back(parts_.store->answer(query));
    bytes += kv::encoded_bytes(answer.replies->back());
    if (bytes > kAnsweredBytesMax) return encode(ForwardedAnswer{.index = index});
  }
  return encode(answer);
}

// ---- On a follower ----

void RaftReplica::Inner::read_through_leader(Reading reading) {
  forwarded_reads_ += reading.batch.size();
  const LogIndex applied = raft().status().applied_index;
  const SharedBytes question = encode_forwarded_read(applied, reading.batch);
  forwarder_->read(question, [weak = weak_from_this(), reading = std::move(reading)](
                                 Result<ForwardedAnswer> answer) mutable {
    const auto self = weak.lock();
    if (self == nullptr || !self->is_open()) return fail_all(reading.batch, stopped_error());
    if (!answer) return self->read_again(std::move(reading), answer.error());
    if (!answer->replies) return self->read_at(answer->index, std::move(reading));
    if (answer->replies->size() != reading.batch.size()) {
      return fail_all(reading.batch, {.code = Errc::protocol_error,
                                      .detail = "the leader answered another question"});
    }
    for (std::size_t i = 0; i < reading.batch.size(); ++i)
      reading.batch[i].done(std::move((*answer->replies)[i]));
  });
}

}  // namespace proa::server
