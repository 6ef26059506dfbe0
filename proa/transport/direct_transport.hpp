#pragma once

#include <map>
#include <memory>

#include "proa/base/guarded.hpp"
#include "proa/port/transport.hpp"

namespace proa {

class DirectOutbox;
struct DirectReceiver;

/// A message on its way. `deliver` may run more than once, each time as a message of its own: of a
/// request the answer to the first alone goes back. `lost` tells the sender that the connection is
/// gone. Either may run at any time, on any thread, or never.
struct Parcel {
  ServerAddress from = {};
  ServerAddress to = {};
  Channel channel = {};
  bool is_reply = false;
  Fn<void()> deliver = {};
  Fn<void()> lost = {};
};

/// Decides what becomes of messages: when they arrive, how often, whether at all. Parcels of one
/// connection keep their order, as on TCP, or it must break the connection. Threads: the loops of
/// the senders.
class Courier {
 public:
  virtual ~Courier() = default;
  virtual void carry(Parcel parcel) = 0;
};

/// Delivers everything at once.
class PromptCourier final : public Courier {
 public:
  void carry(Parcel parcel) override { parcel.deliver(); }
};

/// Who is reached at which address, in one process. Outlives its transports. Threads: any.
class DirectNetwork {
 public:
  explicit DirectNetwork(std::shared_ptr<Courier> courier) : courier_(std::move(courier)) {}

 private:
  friend class DirectTransport;
  friend class DirectPeer;

  std::shared_ptr<DirectReceiver> receiver_at(const ServerAddress& address) const;

  std::shared_ptr<Courier> courier_;
  Guarded<std::map<ServerAddress, std::shared_ptr<DirectReceiver>>> receivers_;
};

struct DirectTransportOptions {
  ServerAddress address = {};
  std::size_t window_requests = 16;                   ///< unanswered ones per peer and channel
  Duration request_limit = std::chrono::seconds{10};  ///< the oldest unanswered fails its channel
};

/// Carries the messages of one process as they are, without bytes. Requests and answers leave with
/// flush(). If a connection is lost, everything unanswered on that channel fails; what was on its
/// way may still arrive. Threads: the loop, but for runtime() and local_address().
class DirectTransport final : public Transport {
 public:
  DirectTransport(std::shared_ptr<DirectNetwork> network, std::shared_ptr<Runtime> runtime,
                  DirectTransportOptions options);
  ~DirectTransport() override;  ///< as stop()
  DirectTransport(const DirectTransport&) = delete;
  DirectTransport& operator=(const DirectTransport&) = delete;

  std::shared_ptr<Runtime> runtime() override;
  Result<void> start(TransportEvents& events) override;
  void stop() override;
  ServerAddress local_address() const override;
  void flush() override;
  std::unique_ptr<Peer> connect(const Server& server) override;

 private:
  friend class DirectPeer;

  std::shared_ptr<DirectNetwork> network_;
  std::shared_ptr<Runtime> runtime_;
  DirectTransportOptions options_;
  std::shared_ptr<DirectOutbox> outbox_;
  std::shared_ptr<DirectReceiver> receiver_;
};

}  // namespace proa
