#include "proa/testing/checked_transport.hpp"

#include <utility>

namespace proa::testing {
namespace {

class CheckedPeer final : public Peer {
 public:
  CheckedPeer(std::unique_ptr<Peer> inner, std::shared_ptr<Runtime> runtime,
              std::shared_ptr<Invariants> invariants, std::size_t server)
      : inner_(std::move(inner)),
        runtime_(std::move(runtime)),
        invariants_(std::move(invariants)),
        server_(server) {}

  bool send(Channel channel, const Request& request, Respond& done) override {
    if (!inner_->send(channel, request, done)) return false;
    if (!runtime_->ended()) invariants_->sends(server_, request);
    return true;
  }
  void when_writable(Channel channel, Fn<void()> callback) override {
    inner_->when_writable(channel, std::move(callback));
  }
  void send_snapshot(const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                     Respond done) override {
    inner_->send_snapshot(request, std::move(state), std::move(done));
  }

 private:
  std::unique_ptr<Peer> inner_;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
};

}  // namespace

class CheckedTransport::Inbound final : public TransportEvents {
 public:
  Inbound(TransportEvents& events, std::shared_ptr<Runtime> runtime,
          std::shared_ptr<Invariants> invariants, std::size_t server)
      : events_(events),
        runtime_(std::move(runtime)),
        invariants_(std::move(invariants)),
        server_(server) {}

  void on_request(Request&& request, Respond respond) override {
    Request asked = request;
    events_.on_request(
        std::move(request),
        [runtime = runtime_, invariants = invariants_, server = server_, asked = std::move(asked),
         respond = std::move(respond)](Result<Reply> reply) mutable {
          if (reply && !runtime->ended()) invariants->answers(server, asked, *reply);
          respond(std::move(reply));
        });
  }
  void on_snapshot(InstallSnapshotRequest&& request, std::shared_ptr<BytePipe> state,
                   Respond respond) override {
    events_.on_snapshot(std::move(request), std::move(state), std::move(respond));
  }

 private:
  TransportEvents& events_;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
};

CheckedTransport::CheckedTransport(std::shared_ptr<Transport> inner,
                                   std::shared_ptr<Invariants> invariants, std::size_t server)
    : inner_(std::move(inner)), invariants_(std::move(invariants)), server_(server) {}

CheckedTransport::~CheckedTransport() { inner_->stop(); }

Result<void> CheckedTransport::start(TransportEvents& events) {
  inbound_ = std::make_unique<Inbound>(events, runtime(), invariants_, server_);
  return inner_->start(*inbound_);
}

std::unique_ptr<Peer> CheckedTransport::connect(const Server& server) {
  return std::make_unique<CheckedPeer>(inner_->connect(server), runtime(), invariants_, server_);
}

}  // namespace proa::testing
