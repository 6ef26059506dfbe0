#include "server/detail/forwarder.hpp"

#include <algorithm>
#include <utility>

#include "proa/transport/call_codec.hpp"

namespace proa::server {
namespace {

/// All clients of this server share the connection; as many as the leader's inbox takes.
constexpr std::size_t kOpenCallsMax = 65536;

/// What a failed call means to a client of this server.
Error explain(Error error, const Server& leader) {
  const bool foreign = error.code == Errc::unsupported_protocol;
  if (foreign && error.outcome == Outcome::not_executed) {
    error.code = Errc::unsupported_by_leader;
    error.detail = "the leader " + to_string(leader) +
                   " takes no forwarded requests, send them to it directly; " + error.detail;
  }
  return error;
}

Result<kv::Reply> reply_of(Result<SharedBytes> answer, const Server& leader) {
  if (!answer) return fail(explain(std::move(answer).error(), leader));
  return kv::decode_reply(*answer);
}

}  // namespace

Forwarder::Forwarder(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
                     CallOptions calls, ForwarderLimits limits)
    : runtime_(std::move(runtime)),
      streams_(std::move(streams)),
      calls_(std::move(calls)),
      limits_(limits) {
  calls_.open_calls_max = std::max(calls_.open_calls_max, kOpenCallsMax);
}

void Forwarder::set_leader(const std::optional<Server>& leader) {
  const bool same =
      leader && leader_ && leader->id == leader_->id && leader->address == leader_->address;
  if (same) return;
  retire();
  leader_ = leader;
  client_address_ = std::make_shared<std::string>();
  if (!leader_) return;
  client_ = std::make_shared<CallClient>(runtime_, streams_, leader_->address, calls_);
  ask_client_address();
}

// A leader that has just lost its office may still answer what it was asked; one that is gone never
// does, and nobody is to wait for it as long as for one that is slow.
void Forwarder::retire() {
  if (client_ == nullptr) return;
  runtime_->start_timer(runtime_->now() + limits_.farewell,
                        [client = std::move(client_)]() mutable { client.reset(); });
  client_.reset();
}

void Forwarder::ask_client_address() {
  client_->call(kCallClientAddress, {}, limits_.read,
                [weak = std::weak_ptr{client_address_}](Result<SharedBytes> answer) {
                  const auto address = weak.lock();
                  if (address == nullptr || !answer) return;
                  CallReader reader{*answer};
                  std::string text = reader.text();
                  if (reader.finish("the leader's client address")) *address = std::move(text);
                });
}

void Forwarder::write(Term term, Write one) {
  PROA_ASSERT(client_ != nullptr);
  client_->call(
      kCallWrite, encode_forwarded_write(term, one.command), limits_.write,
      [done = std::move(one.done), leader = *leader_](Result<SharedBytes> answer) mutable {
        done(reply_of(std::move(answer), leader));
      });
}

void Forwarder::read(SharedBytes question, Fn<void(Result<ForwardedAnswer>)> done) {
  PROA_ASSERT(client_ != nullptr);
  client_->call(kCallRead, std::move(question), limits_.read,
                [done = std::move(done), leader = *leader_](Result<SharedBytes> answer) mutable {
                  if (!answer) return done(fail(explain(std::move(answer).error(), leader)));
                  done(decode_forwarded_answer(*answer));
                });
}

}  // namespace proa::server
