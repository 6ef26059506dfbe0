#include "proa/runtime/tcp.hpp"

#include <utility>

#include "proa/base/assert.hpp"
#include "proa/runtime/detail/asio_context.hpp"
#include "proa/runtime/detail/host_port.hpp"
#include "proa/runtime/detail/tcp_dialing.hpp"
#include "proa/runtime/detail/tcp_listener.hpp"
#include "proa/runtime/detail/tcp_stream.hpp"

namespace proa {
namespace {

using detail::HostPort;
using detail::TcpListener;

class TcpStreamLayer final : public StreamLayer {
 public:
  TcpStreamLayer(std::shared_ptr<AsioRuntime> runtime, std::shared_ptr<TcpListener> listener,
                 ServerAddress address)
      : runtime_(std::move(runtime)),
        listener_(std::move(listener)),
        address_(std::move(address)) {}
  ~TcpStreamLayer() override {
    Fn<void()> close = [this] { listener_->close(); };
    runtime_->run_on_loop(close);
  }

  Result<void> listen(Fn<void(std::unique_ptr<Stream>)> accepted) override {
    PROA_ASSERT(runtime_->on_loop());
    listener_->accept(std::move(accepted));
    return {};
  }
  void stop_listening() override { listener_->close(); }
  ServerAddress local_address() const override { return address_; }
  std::unique_ptr<Dialing> dial(const ServerAddress& address, Duration limit,
                                Fn<void(Result<std::unique_ptr<Stream>>)> done) override {
    PROA_ASSERT(runtime_->on_loop());
    return detail::dial_tcp(runtime_, address, limit, std::move(done));
  }

 private:
  std::shared_ptr<AsioRuntime> runtime_;
  std::shared_ptr<TcpListener> listener_;
  ServerAddress address_;
};

Failure not_advertisable(const std::string& address) {
  return fail(Error{.code = Errc::invalid_config,
                    .outcome = Outcome::not_executed,
                    .detail = "local bind address is not advertisable: nobody can dial " + address +
                              "; set advertise to the address at which others reach this server"});
}

/// What others dial: reference §6.13.
Result<ServerAddress> advertised(const TcpOptions& options, const TcpListener& listener) {
  if (options.advertise.empty()) {
    const std::string bound = detail::text_of(listener.endpoint());
    if (listener.endpoint().address().is_unspecified()) return not_advertisable(bound);
    return ServerAddress{bound};
  }
  PROA_TRY(HostPort address, detail::parse_host_port(options.advertise));
  if (address.port == 0) address.port = listener.endpoint().port();
  if (detail::is_unspecified(address.host)) return not_advertisable(options.advertise);
  return ServerAddress{detail::to_string(address)};
}

}  // namespace

Result<std::unique_ptr<StreamLayer>> tcp_stream_layer(std::shared_ptr<AsioRuntime> runtime,
                                                      const TcpOptions& options) {
  PROA_TRY(const HostPort bind, detail::parse_host_port(options.bind));
  // Refused before the port is taken: the bound address itself would have to be advertised.
  if (options.advertise.empty() && detail::is_unspecified(bind.host)) {
    return not_advertisable(options.bind);
  }
  const auto listener = std::make_shared<TcpListener>(runtime, options.connections_max);
  PROA_TRY(listener->bind(bind));
  PROA_TRY(ServerAddress address, advertised(options, *listener));
  return std::make_unique<TcpStreamLayer>(std::move(runtime), listener, std::move(address));
}

}  // namespace proa
