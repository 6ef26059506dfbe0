#include "proa/transport/net_transport.hpp"

#include <utility>

#include "proa/transport/detail/make_room.hpp"
#include "proa/transport/detail/net_context.hpp"
#include "proa/transport/detail/net_inbound.hpp"
#include "proa/transport/detail/net_peer.hpp"

namespace proa {

NetTransport::NetTransport(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
                           NetOptions options)
    : runtime_(std::move(runtime)),
      net_(std::make_shared<NetContext>(NetContext{.runtime = runtime_,
                                                   .streams = std::move(streams),
                                                   .options = std::move(options),
                                                   .random = Random{runtime_->seed()}})) {}

// Streams belong to the loop, so they end there.
NetTransport::~NetTransport() {
  Fn<void()> end = [this] {
    stop();
    net_.reset();
  };
  runtime_->run_on_loop(end);
}

std::shared_ptr<Runtime> NetTransport::runtime() { return runtime_; }

Result<void> NetTransport::start(TransportEvents& events) {
  PROA_ASSERT(events_ == nullptr);
  events_ = &events;
  net_->local = {.id = net_->options.local_id, .address = local_address()};
  auto listening = net_->streams->listen([this](std::unique_ptr<Stream> stream) {
    if (events_ != nullptr) accept(std::move(stream));
  });
  if (!listening) events_ = nullptr;
  return listening;
}

void NetTransport::stop() {
  if (std::exchange(events_, nullptr) == nullptr) return;
  net_->streams->stop_listening();
  for (const auto& [number, connection] : std::exchange(inbound_, {}))
    connection->close();
}

ServerAddress NetTransport::local_address() const { return net_->streams->local_address(); }

void NetTransport::flush() { net_->to_flush.flush(); }

std::unique_ptr<Peer> NetTransport::connect(const Server& server) {
  return std::make_unique<NetPeer>(net_, server);
}

void NetTransport::accept(std::unique_ptr<Stream> stream) {
  make_room(inbound_, *net_);
  const std::uint64_t number = accepted_++;
  auto connection = std::make_shared<NetInbound>(net_, std::move(stream), *events_,
                                                 [this, number] { inbound_.erase(number); });
  inbound_.emplace(number, connection);
  connection->start();
}

}  // namespace proa
