#include <utility>

#include "proa/transport/detail/direct_connection.hpp"

namespace proa {
namespace {

Failure unreachable(const std::string& why) { return fail(Errc::peer_unreachable, why); }

}  // namespace

std::uint64_t DirectConnection::expect(Respond done) {
  waiting_.push_back({.done = std::move(done), .reply = {}, .sent_at = runtime_->now()});
  arm_limit();
  return first_number_ + waiting_.size() - 1;
}

void DirectConnection::when_writable(Fn<void()> callback) {
  PROA_ASSERT(!writable_);
  writable_ = std::move(callback);
  if (full()) return;
  runtime_->loop().post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tell_writable();
  });
}

void DirectConnection::answer(std::uint64_t number, Result<Reply> reply) {
  if (number < first_number_ || number - first_number_ >= waiting_.size()) return;
  waiting_[number - first_number_].reply = std::move(reply);
  if (answering_) return;
  answering_ = true;
  const auto self = shared_from_this();
  while (!waiting_.empty() && waiting_.front().reply.has_value()) {
    Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    ++first_number_;
    first.done(std::move(*first.reply));
  }
  answering_ = false;
  if (waiting_.empty()) runtime_->cancel_timer(std::exchange(limit_, {}));
  tell_writable();
}

void DirectConnection::fail_all(const std::string& why) {
  const auto self = shared_from_this();
  std::deque<Waiting> failed = std::exchange(waiting_, {});
  first_number_ += failed.size();
  runtime_->cancel_timer(std::exchange(limit_, {}));
  for (Waiting& waiting : failed)
    waiting.done(unreachable(why));
  tell_writable();
}

void DirectConnection::close() {
  writable_ = nullptr;
  fail_all("the connection was closed");
  writable_ = nullptr;
}

void DirectConnection::arm_limit() {
  if (limit_ != TimerId{}) return;
  limit_ = runtime_->start_timer(waiting_.front().sent_at + options_.request_limit,
                                 [weak = weak_from_this()] {
                                   if (const auto self = weak.lock()) self->limit_reached();
                                 });
}

void DirectConnection::limit_reached() {
  limit_ = {};
  if (waiting_.empty()) return;
  if (waiting_.front().sent_at + options_.request_limit > runtime_->now()) return arm_limit();
  fail_all("no answer within " + to_string(options_.request_limit));
}

void DirectConnection::tell_writable() {
  if (full() || !writable_) return;
  Fn<void()> callback = std::exchange(writable_, nullptr);
  callback();
}

void DirectPump::run() {
  while (!ended_) {
    if (const auto why = to_->stopped()) {
      from_->stop(*why);
      ended_ = true;
      return;
    }
    const auto again = [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->run();
    };
    if (chunk_.data() != nullptr) {
      if (!to_->try_push(chunk_)) return to_->when_pushable(runtime_->loop(), again);
      chunk_ = {};
    }
    BytePipe::Pulled pulled = from_->try_pull();
    if (pulled.chunk.data() != nullptr) {
      chunk_ = std::move(pulled.chunk);
    } else if (pulled.end.has_value()) {
      to_->finish(std::move(pulled.end->error));
      ended_ = true;
    } else {
      return from_->when_pullable(runtime_->loop(), again);
    }
  }
}

void DirectPump::stop(const std::string& why) {
  if (ended_) return;
  ended_ = true;
  from_->stop(unreachable(why).error);
  to_->finish(unreachable(why).error);
}

}  // namespace proa
