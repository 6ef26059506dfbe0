#include "proa/runtime/detail/tcp_stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <tuple>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/runtime/detail/gather.hpp"
#include "proa/runtime/detail/host_port.hpp"
#include "proa/runtime/detail/system_error.hpp"

namespace proa::detail {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

/// A peer whose machine vanished is noticed after about a minute even if we only wait for it.
constexpr int kKeepaliveSeconds = 15;
constexpr int kKeepaliveProbes = 4;

bool is_not_now(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

bool set_option(tcp::socket& socket, int level, int name, int value) {
  return ::setsockopt(socket.native_handle(), level, name, &value, sizeof value) == 0;
}

/// Moves the callback out before it runs: it may set the next one or destroy the stream.
void call_once(Fn<void()>& callback) {
  if (!callback) return;
  Fn<void()> taken = std::move(callback);
  taken();
}

}  // namespace

TcpStream::~TcpStream() {
  connection_->readable = nullptr;
  connection_->writable = nullptr;
  connection_->slot.reset();
  ErrorCode ignored;  // the descriptor is gone in any case
  std::ignore = connection_->socket.close(ignored);
}

Result<std::size_t> TcpStream::read_some(std::span<std::byte> buffer) {
  if (connection_->failed) return fail(*connection_->failed);
  if (buffer.empty()) return std::size_t{0};
  for (;;) {
    const ssize_t got =
        ::recv(connection_->socket.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return end("was closed by the other end", 0);
    if (is_not_now(errno)) return std::size_t{0};
    if (errno != EINTR) return end("failed while reading", errno);
  }
}

Result<std::size_t> TcpStream::write_some(std::span<const ByteView> pieces) {
  if (connection_->failed) return fail(*connection_->failed);
  std::size_t done = 0;
  Gather gather(pieces);
  for (auto vectors = gather.next_call(); !vectors.empty(); vectors = gather.next_call()) {
    std::size_t offered = 0;
    for (const iovec& vector : vectors)
      offered += vector.iov_len;
    msghdr message = {};
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    const ssize_t sent =
        ::sendmsg(connection_->socket.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && is_not_now(errno)) break;
    if (sent < 0) return end("failed while writing", errno);
    done += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < offered) break;  // the buffer is full: no second try now
    gather.written(static_cast<std::size_t>(sent));
  }
  return done;
}

// After a failure Asio calls back at once, as it should: the next call tells.
void TcpStream::when_readable(Fn<void()> callback) {
  PROA_ASSERT(!connection_->readable);
  connection_->readable = std::move(callback);
  connection_->socket.async_wait(
      tcp::socket::wait_read,
      [connection = connection_](const ErrorCode&) { call_once(connection->readable); });
}

void TcpStream::when_writable(Fn<void()> callback) {
  PROA_ASSERT(!connection_->writable);
  connection_->writable = std::move(callback);
  connection_->socket.async_wait(
      tcp::socket::wait_write,
      [connection = connection_](const ErrorCode&) { call_once(connection->writable); });
}

Failure TcpStream::end(std::string_view what, int error_number) {
  std::string detail = "the connection with " + connection_->remote + " ";
  detail.append(what);
  if (error_number != 0) detail.append(": ").append(system_reason(error_number));
  connection_->failed = Error{.code = Errc::peer_unreachable, .detail = std::move(detail)};
  return fail(*connection_->failed);
}

Result<std::unique_ptr<Stream>> make_tcp_stream(tcp::socket socket,
                                                std::shared_ptr<const void> slot) {
  ErrorCode error;
  const tcp::endpoint remote = socket.remote_endpoint(error);
  const bool set = !error && set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1) &&
                   set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1) &&
                   set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveSeconds) &&
                   set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveSeconds) &&
                   set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
  if (!set) {
    const std::string reason = error ? error.message() : system_reason(errno);
    return fail(Errc::peer_unreachable, "a new connection ended at once: " + reason);
  }
  auto connection = std::make_shared<TcpConnection>(std::move(socket), text_of(remote));
  connection->slot = std::move(slot);
  return std::make_unique<TcpStream>(std::move(connection));
}

std::string text_of(const tcp::endpoint& endpoint) {
  return to_string(HostPort{.host = endpoint.address().to_string(), .port = endpoint.port()});
}

}  // namespace proa::detail
