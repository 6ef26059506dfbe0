#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "proa/port/stream_layer.hpp"
#include "proa/port/transport.hpp"
#include "proa/transport/net_options.hpp"

namespace proa {

struct NetContext;
class NetInbound;

/// Speaks hashicorp/raft's protocol over a stream layer: a connection each for votes and
/// heartbeats, for appends, and for every snapshot. Requests and replies leave with flush(). A
/// connection that breaks, or whose oldest request has waited too long, fails what is open on it
/// and is dialled again when there is something to send. Threads: the loop, but for the
/// constructor, the destructor, runtime() and local_address().
class NetTransport final : public Transport {
 public:
  NetTransport(std::shared_ptr<Runtime> runtime, std::shared_ptr<StreamLayer> streams,
               NetOptions options = {});
  ~NetTransport() override;  ///< as stop(); not on a lane
  NetTransport(const NetTransport&) = delete;
  NetTransport& operator=(const NetTransport&) = delete;

  std::shared_ptr<Runtime> runtime() override;
  Result<void> start(TransportEvents& events) override;
  void stop() override;
  ServerAddress local_address() const override;
  void flush() override;
  std::unique_ptr<Peer> connect(const Server& server) override;

 private:
  void accept(std::unique_ptr<Stream> stream);

  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<NetContext> net_;
  TransportEvents* events_ = nullptr;  ///< nullptr: not started, or stopped
  std::map<std::uint64_t, std::shared_ptr<NetInbound>> inbound_ = {};  ///< by order of arrival
  std::uint64_t accepted_ = 0;
};

}  // namespace proa
