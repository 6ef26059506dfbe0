#pragma once

#include <memory>

#include "proa/port/transport.hpp"
#include "proa/testing/invariants.hpp"

namespace proa::testing {

/// Shows the invariants every request and every answer at the moment when the node lets go of it.
/// Threads: as the transport inside.
class CheckedTransport final : public Transport {
 public:
  CheckedTransport(std::shared_ptr<Transport> inner, std::shared_ptr<Invariants> invariants,
                   std::size_t server);
  ~CheckedTransport() override;
  CheckedTransport(const CheckedTransport&) = delete;
  CheckedTransport& operator=(const CheckedTransport&) = delete;

  std::shared_ptr<Runtime> runtime() override { return inner_->runtime(); }
  Result<void> start(TransportEvents& events) override;
  void stop() override { inner_->stop(); }
  ServerAddress local_address() const override { return inner_->local_address(); }
  void flush() override {
    if (!runtime()->ended()) inner_->flush();
  }
  std::unique_ptr<Peer> connect(const Server& server) override;

 private:
  class Inbound;

  std::shared_ptr<Transport> inner_;
  std::shared_ptr<Invariants> invariants_;
  std::size_t server_;
  std::unique_ptr<Inbound> inbound_;
};

}  // namespace proa::testing
