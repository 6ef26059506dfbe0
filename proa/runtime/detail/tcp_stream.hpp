#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>

#include "proa/port/stream_layer.hpp"

namespace proa::detail {

/// What a stream and the waits it has given to Asio share: a wait may come back after the stream
/// is gone. Threads: the loop.
struct TcpConnection : std::enable_shared_from_this<TcpConnection> {
  TcpConnection(boost::asio::ip::tcp::socket connected, std::string other_end)
      : socket(std::move(connected)), remote(std::move(other_end)) {}

  boost::asio::ip::tcp::socket socket;
  const std::string remote;
  Fn<void()> readable;
  Fn<void()> writable;
  std::optional<Error> failed;       ///< how the connection ended; from then on every call
  std::shared_ptr<const void> slot;  ///< of the limit on accepted connections
};

/// A TCP connection. Reads and writes are system calls on the caller's own memory, without a copy
/// or a buffer between. Threads: the loop.
class TcpStream final : public Stream {
 public:
  explicit TcpStream(std::shared_ptr<TcpConnection> connection)
      : connection_(std::move(connection)) {}
  ~TcpStream() override;

  Result<std::size_t> read_some(std::span<std::byte> buffer) override;
  Result<std::size_t> write_some(std::span<const ByteView> pieces) override;
  void when_readable(Fn<void()> callback) override;
  void when_writable(Fn<void()> callback) override;
  std::string remote() const override { return connection_->remote; }

 private:
  Failure end(std::string_view what, int error_number);

  std::shared_ptr<TcpConnection> connection_;
};

/// Sets what every connection of ours wants (no delay, keepalive), and wraps it.
Result<std::unique_ptr<Stream>> make_tcp_stream(boost::asio::ip::tcp::socket socket,
                                                std::shared_ptr<const void> slot);

std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace proa::detail
