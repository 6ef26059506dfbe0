#include "proa/runtime/tcp_transport.hpp"

#include <utility>

#include "proa/transport/net_transport.hpp"

namespace proa {

Result<std::shared_ptr<Transport>> tcp_transport(std::shared_ptr<AsioRuntime> runtime,
                                                 TcpTransportOptions options) {
  PROA_TRY(auto streams, tcp_stream_layer(runtime, options.tcp));
  return std::make_shared<NetTransport>(
      std::move(runtime), std::shared_ptr<StreamLayer>{std::move(streams)}, std::move(options.net));
}

}  // namespace proa
