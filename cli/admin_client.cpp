#include "cli/admin_client.hpp"

#include <future>
#include <utility>

#include "proa/runtime/tcp.hpp"

namespace proa::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStatusLimit = 2s;
constexpr Duration kChangeLimit = 30s;
constexpr Duration kLeaderPause = 200ms;
constexpr int kLeaderAttempts = 50;

}  // namespace

Result<std::unique_ptr<AdminClient>> AdminClient::create(std::vector<std::string> endpoints) {
  PROA_TRY(auto runtime, make_runtime());
  PROA_TRY(auto streams, tcp_stream_layer(runtime, {}));
  return std::unique_ptr<AdminClient>{
      new AdminClient{std::move(runtime), std::move(streams), std::move(endpoints)}};
}

AdminClient::~AdminClient() {
  Fn<void()> end = [this] {
    clients_.clear();
    streams_.reset();
  };
  runtime_->run_on_loop(end);
}

void AdminClient::begin(const ServerAddress& to, server::CallKind kind, const SharedBytes& body,
                        Duration limit, CallClient::Done done) {
  Fn<void()> call = [&] {
    std::unique_ptr<CallClient>& client = clients_[to];
    if (client == nullptr)
      client = std::make_unique<CallClient>(runtime_, streams_, to, CallOptions{.dial_limit = 2s});
    client->call(static_cast<std::uint8_t>(kind), body, limit, std::move(done));
  };
  runtime_->run_on_loop(call);
}

Result<SharedBytes> AdminClient::call(const ServerAddress& to, server::CallKind kind,
                                      const SharedBytes& body, Duration limit) {
  std::promise<Result<SharedBytes>> promise;
  begin(to, kind, body, limit,
        [&promise](Result<SharedBytes> answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}

void AdminClient::wait(Duration time) {
  std::promise<void> over;
  Fn<void()> start = [&] {
    runtime_->start_timer(runtime_->now() + time, [&over] { over.set_value(); });
  };
  runtime_->run_on_loop(start);
  over.get_future().get();
}

// ---- Status ----

Result<server::ServerStatus> AdminClient::status_at(const ServerAddress& address) {
  PROA_TRY(const SharedBytes answer, call(address, server::CallKind::status, {}, kStatusLimit));
  return server::decode_status(answer);
}

Result<server::ServerStatus> AdminClient::any_status() {
  std::string tried;
  for (const std::string& endpoint : endpoints_) {
    const Instant began = runtime_->now();
    auto status = status_at({endpoint});
    if (status) return status;
    const auto took = (runtime_->now() - began) / 1ms;
    const std::string why = status.error().detail.substr(0, status.error().detail.find("; "));
    tried += "\n  tried: " + endpoint + " (" + std::to_string(took) + " ms): " + why;
  }
  return fail(Error{.code = Errc::peer_unreachable,
                    .outcome = Outcome::not_executed,
                    .detail = "no server answers" + tried +
                              "; name one that runs: --endpoint HOST:PORT, its peers' address"});
}

std::vector<Result<server::ServerStatus>> AdminClient::statuses(
    const std::vector<ServerAddress>& addresses) {
  std::vector<std::promise<Result<SharedBytes>>> promises(addresses.size());
  for (std::size_t which = 0; which < addresses.size(); ++which) {
    begin(addresses[which], server::CallKind::status, {}, kStatusLimit,
          [&promise = promises[which]](Result<SharedBytes> answer) {
            promise.set_value(std::move(answer));
          });
  }
  std::vector<Result<server::ServerStatus>> statuses;
  for (auto& promise : promises) {
    const Result<SharedBytes> answer = promise.get_future().get();
    statuses.push_back(answer ? server::decode_status(*answer)
                              : Result<server::ServerStatus>{fail(answer.error())});
  }
  return statuses;
}

// ---- Changes ----

Result<Server> AdminClient::wait_for_leader() {
  for (int attempt = 0; attempt < kLeaderAttempts; ++attempt) {
    PROA_TRY(const server::ServerStatus status, any_status());
    if (status.raft.leader) return *status.raft.leader;
    wait(kLeaderPause);
  }
  return fail(Error{.code = Errc::not_leader,
                    .outcome = Outcome::not_executed,
                    .detail = "nobody leads the cluster, so nothing can be changed; see who is "
                              "missing: proa status"});
}

Result<SharedBytes> AdminClient::call_leader(server::CallKind kind, const SharedBytes& body) {
  for (int attempt = 0;; ++attempt) {
    PROA_TRY(const Server leader, wait_for_leader());
    auto answer = call(leader.address, kind, body, kChangeLimit);
    if (answer || answer.error().outcome == Outcome::unknown) return answer;
    const Errc code = answer.error().code;
    // A leader that was restarted is still named by the others while it knows no call of a member.
    const bool is_elsewhere = code == Errc::not_leader || code == Errc::peer_unreachable ||
                              code == Errc::unsupported_protocol;
    if (!is_elsewhere || attempt == kLeaderAttempts) return answer;
    wait(kLeaderPause);
  }
}

}  // namespace proa::cli
