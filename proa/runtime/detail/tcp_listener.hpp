#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "proa/port/stream_layer.hpp"
#include "proa/runtime/asio_runtime.hpp"
#include "proa/runtime/detail/host_port.hpp"

namespace proa::detail {

/// A bound port. Waits given to Asio keep it; the stream layer closes it. Threads: the loop, but
/// for bind().
class TcpListener : public std::enable_shared_from_this<TcpListener> {
 public:
  TcpListener(std::shared_ptr<AsioRuntime> runtime, std::size_t connections_max);

  /// Errors: invalid_config (the name of the host), io_error (the port cannot be had).
  Result<void> bind(const HostPort& address);
  boost::asio::ip::tcp::endpoint endpoint() const { return endpoint_; }

  void accept(Fn<void(std::unique_ptr<Stream>)> accepted);
  void close();

 private:
  void accept_next();
  void take(boost::asio::ip::tcp::socket socket);
  void accept_later();
  Result<boost::asio::ip::tcp::endpoint> resolve(const HostPort& address);

  std::shared_ptr<AsioRuntime> runtime_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::endpoint endpoint_;
  Fn<void(std::unique_ptr<Stream>)> accepted_;
  const std::size_t connections_max_;
  std::shared_ptr<const void> slots_;  ///< shared by each open connection: its count is the number
  bool refusal_logged_ = false;
  TimerId retry_ = {};
};

}  // namespace proa::detail
