#include "proa/transport/direct_transport.hpp"

#include <array>
#include <utility>

#include "proa/transport/detail/direct_connection.hpp"

namespace proa {
namespace {

constexpr std::size_t kChannels = 3;

/// Where an answer goes, and how the sender learns that none will come. Threads: any.
struct Route {
  std::weak_ptr<Runtime> runtime = {};
  std::weak_ptr<DirectConnection> connection = {};
  std::uint64_t number = 0;

  void answer(Result<Reply> reply) const {
    on_senders_loop([to = number, reply = std::move(reply)](DirectConnection& at) mutable {
      at.answer(to, std::move(reply));
    });
  }
  void lost(std::string why) const {
    on_senders_loop([why = std::move(why)](DirectConnection& at) { at.fail_all(why); });
  }

 private:
  template <class F>
  void on_senders_loop(F action) const {
    const auto sender = runtime.lock();
    if (sender == nullptr) return;
    sender->loop().post([weak = connection, action = std::move(action)]() mutable {
      if (const auto at = weak.lock()) action(*at);
    });
  }
};

/// The way back for one answer. An answer that is never given, because the receiver has died,
/// loses the connection.
class PendingAnswer {
 public:
  PendingAnswer(std::shared_ptr<DirectOutbox> outbox, Parcel back, Route route)
      : outbox_(std::move(outbox)), back_(std::move(back)), route_(std::move(route)) {}
  ~PendingAnswer() {
    if (!given_) route_.lost("the receiver is gone");
  }
  PendingAnswer(const PendingAnswer&) = delete;
  PendingAnswer& operator=(const PendingAnswer&) = delete;

  /// It leaves with the next flush of whoever answers.
  void give(Result<Reply> reply) {
    given_ = true;
    back_.lost = [route = route_] { route.lost("the connection was lost"); };
    back_.deliver = [route = route_, reply = std::move(reply)] { route.answer(reply); };
    outbox_->add(std::move(back_));
  }

 private:
  std::shared_ptr<DirectOutbox> outbox_;
  Parcel back_;
  Route route_;
  bool given_ = false;
};

Respond answer_over(std::shared_ptr<DirectOutbox> outbox, Parcel back, Route route) {
  return [pending = std::make_unique<PendingAnswer>(std::move(outbox), std::move(back),
                                                    std::move(route))](Result<Reply> reply) {
    pending->give(std::move(reply));
  };
}

}  // namespace

class DirectPeer final : public Peer {
 public:
  DirectPeer(const DirectTransport& transport, ServerAddress address)
      : network_(transport.network_),
        runtime_(transport.runtime_),
        outbox_(transport.outbox_),
        from_(transport.options_.address),
        to_(std::move(address)) {
    for (auto& connection : connections_) {
      connection = std::make_shared<DirectConnection>(runtime_, transport.options_);
    }
  }
  ~DirectPeer() override {
    for (const auto& connection : connections_)
      connection->close();
    if (pump_ != nullptr) pump_->stop("the peer was let go");
  }
  DirectPeer(const DirectPeer&) = delete;
  DirectPeer& operator=(const DirectPeer&) = delete;

  bool send(Channel channel, const Request& request, Respond& done) override {
    if (on(channel)->full()) return false;
    post(channel, std::move(done), [request](TransportEvents& events, Respond respond) {
      events.on_request(Request{request}, std::move(respond));
    });
    return true;
  }

  void when_writable(Channel channel, Fn<void()> callback) override {
    on(channel)->when_writable(std::move(callback));
  }

  void send_snapshot(const InstallSnapshotRequest& request, std::shared_ptr<BytePipe> state,
                     Respond done) override {
    if (pump_ != nullptr) pump_->stop("a newer snapshot is sent");
    pump_ = std::make_shared<DirectPump>(runtime_, std::move(state));
    pump_->run();
    post(Channel::snapshot, stopping_pump(pump_, std::move(done)),
         [request, to = std::make_shared<std::shared_ptr<BytePipe>>(pump_->to())](
             TransportEvents& events, Respond respond) {
           const auto stream = std::exchange(*to, nullptr);
           if (stream == nullptr) return;  // a repeated one: a stream can be read only once
           events.on_snapshot(InstallSnapshotRequest{request}, stream, std::move(respond));
         });
  }

 private:
  const std::shared_ptr<DirectConnection>& on(Channel channel) const {
    return connections_[static_cast<std::size_t>(channel)];
  }

  static Respond stopping_pump(std::weak_ptr<DirectPump> weak, Respond done) {
    return [weak = std::move(weak), done = std::move(done)](Result<Reply> reply) mutable {
      const auto pump = weak.lock();
      if (pump != nullptr && !reply) pump->stop(reply.error().detail);
      done(std::move(reply));
    };
  }

  /// `arrive` runs on the receiver's loop, once for each time that the message is delivered; the
  /// answer to the first goes back.
  template <class F>
  void post(Channel channel, Respond done, F arrive) {
    const Route route{.runtime = runtime_,
                      .connection = on(channel),
                      .number = on(channel)->expect(std::move(done))};
    Parcel parcel{.from = from_, .to = to_, .channel = channel};
    parcel.lost = [route] { route.lost("the connection was lost"); };
    parcel.deliver = [network = network_, from = from_, to = to_, channel, route,
                      arrive = std::move(arrive), first = true]() mutable {
      const auto receiver = network->receiver_at(to);
      const auto runtime = receiver == nullptr ? nullptr : receiver->runtime.lock();
      if (runtime == nullptr) return route.lost("nobody listens at " + to.value);
      Respond respond = [](Result<Reply>) {};
      if (std::exchange(first, false)) {
        respond =
            answer_over(receiver->outbox,
                        {.from = to, .to = from, .channel = channel, .is_reply = true}, route);
      }
      runtime->loop().post([receiver, arrive, respond = std::move(respond)]() mutable {
        if (receiver->events != nullptr) arrive(*receiver->events, std::move(respond));
      });
    };
    outbox_->add(std::move(parcel));
  }

  std::shared_ptr<DirectNetwork> network_;
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<DirectOutbox> outbox_;
  ServerAddress from_;
  ServerAddress to_;
  std::array<std::shared_ptr<DirectConnection>, kChannels> connections_;
  std::shared_ptr<DirectPump> pump_;
};

std::shared_ptr<DirectReceiver> DirectNetwork::receiver_at(const ServerAddress& address) const {
  return receivers_.with([&](const auto& receivers) -> std::shared_ptr<DirectReceiver> {
    const auto found = receivers.find(address);
    return found == receivers.end() ? nullptr : found->second;
  });
}

DirectTransport::DirectTransport(std::shared_ptr<DirectNetwork> network,
                                 std::shared_ptr<Runtime> runtime, DirectTransportOptions options)
    : network_(std::move(network)),
      runtime_(std::move(runtime)),
      options_(std::move(options)),
      outbox_(std::make_shared<DirectOutbox>(network_->courier_)) {}

DirectTransport::~DirectTransport() { stop(); }

std::shared_ptr<Runtime> DirectTransport::runtime() { return runtime_; }

Result<void> DirectTransport::start(TransportEvents& events) {
  receiver_ = std::make_shared<DirectReceiver>(
      DirectReceiver{.runtime = runtime_, .events = &events, .outbox = outbox_});
  const bool taken = network_->receivers_.with(
      [&](auto& receivers) { return receivers.emplace(options_.address, receiver_).second; });
  if (!taken) {
    receiver_ = nullptr;
    return fail(Errc::invalid_config, "somebody listens at " + options_.address.value +
                                          " already; give every server an address of its own");
  }
  return {};
}

void DirectTransport::stop() {
  if (receiver_ == nullptr) return;
  receiver_->events = nullptr;
  receiver_ = nullptr;
  network_->receivers_.with([&](auto& receivers) { receivers.erase(options_.address); });
}

ServerAddress DirectTransport::local_address() const { return options_.address; }

void DirectTransport::flush() { outbox_->flush(); }

std::unique_ptr<Peer> DirectTransport::connect(const Server& server) {
  return std::make_unique<DirectPeer>(*this, server.address);
}

}  // namespace proa
