#include "server/admin/promotion.hpp"

#include <utility>

#include "server/admin/messages.hpp"

namespace proa::server {

namespace {
constexpr Duration kPause = std::chrono::milliseconds{250};
}  // namespace

void Promotion::start(Fn<void()> done) {
  done_ = std::move(done);
  again_later();
}

void Promotion::stop() {
  done_ = {};
  runtime_->cancel_timer(timer_);
}

void Promotion::again_later() {
  timer_ = runtime_->start_timer(runtime_->now() + kPause, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self != nullptr && self->done_) self->look();
  });
}

void Promotion::look() {
  const Status status = raft_.status();
  if (status.latest_configuration.configuration.has_vote(self_.id)) {
    Fn<void()> done = std::exchange(done_, {});
    return done();
  }
  if (!status.leader) return again_later();
  const ServerAddress leader = status.leader->address;
  calls_->call(leader, {.kind = CallKind::status},
               [weak = weak_from_this(), leader](const Result<SharedBytes>& answer) {
                 const auto self = weak.lock();
                 if (self != nullptr && self->done_) self->on_leader_status(leader, answer);
               });
}

void Promotion::on_leader_status(const ServerAddress& leader, const Result<SharedBytes>& answer) {
  const auto told = answer ? decode_status(*answer) : Result<ServerStatus>{fail(answer.error())};
  const bool has_all = told && raft_.status().applied_index >= told->raft.commit_index;
  if (!has_all) return again_later();
  const SharedBytes body = CallWriter{}.u64(0).server(self_).take();
  calls_->call(leader, {.kind = CallKind::add, .body = body},
               [weak = weak_from_this()](const Result<SharedBytes>&) {
                 const auto self = weak.lock();  // what became of it the configuration says
                 if (self != nullptr && self->done_) self->again_later();
               });
}

}  // namespace proa::server
