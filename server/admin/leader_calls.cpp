#include "server/admin/leader_calls.hpp"

#include <utility>

namespace proa::server {

namespace {
constexpr int kHopsMax = 3;
}  // namespace

void LeaderCalls::call(const ServerAddress& first, Call call, CallClient::Done done) {
  call_at(first, std::move(call), kHopsMax, std::move(done));
}

void LeaderCalls::call_at(const ServerAddress& at, Call call, int hops_left,
                          CallClient::Done done) {
  std::unique_ptr<CallClient>& client = clients_[at];
  if (client == nullptr) client = std::make_unique<CallClient>(runtime_, streams_, at, options_);
  client->call(static_cast<std::uint8_t>(call.kind), call.body, call.limit,
               [weak = weak_from_this(), call, hops_left,
                done = std::move(done)](Result<SharedBytes> answer) mutable {
                 const auto self = weak.lock();
                 const bool is_elsewhere = !answer && answer.error().code == Errc::not_leader &&
                                           answer.error().leader.has_value();
                 if (self == nullptr || !is_elsewhere || hops_left == 0)
                   return done(std::move(answer));
                 const ServerAddress next = answer.error().leader->address;
                 self->call_at(next, std::move(call), hops_left - 1, std::move(done));
               });
}

}  // namespace proa::server
