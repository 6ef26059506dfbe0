#include "proa/runtime/detail/tcp_listener.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <tuple>
#include <utility>

#include "proa/base/assert.hpp"
#include "proa/runtime/detail/asio_context.hpp"
#include "proa/runtime/detail/tcp_stream.hpp"

namespace proa::detail {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr Duration kAcceptAgainAfter = std::chrono::milliseconds{100};

Failure bind_failure(const HostPort& address, const ErrorCode& why) {
  std::string detail = "cannot listen on " + to_string(address) + ": " + why.message();
  if (why == asio::error::address_in_use) {
    detail +=
        "; another process, perhaps a second copy of this server, listens there: stop it or "
        "choose another port";
  } else if (why == asio::error::access_denied) {
    detail += "; ports below 1024 need a privilege: choose a higher one";
  } else if (why == boost::system::errc::address_not_available) {
    detail += "; no interface of this machine has this address";
  }
  return fail(
      Error{.code = Errc::io_error, .outcome = Outcome::not_executed, .detail = std::move(detail)});
}

}  // namespace

TcpListener::TcpListener(std::shared_ptr<AsioRuntime> runtime, std::size_t connections_max)
    : runtime_(std::move(runtime)),
      acceptor_(runtime_->context().io),
      connections_max_(connections_max),
      slots_(std::make_shared<int>()) {}

Result<tcp::endpoint> TcpListener::resolve(const HostPort& address) {
  if (address.host.empty()) return tcp::endpoint{tcp::v6(), address.port};
  ErrorCode error;
  const auto numeric = asio::ip::make_address(address.host, error);
  if (!error) return tcp::endpoint{numeric, address.port};
  tcp::resolver resolver(runtime_->context().io);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (!error && !found.empty()) return found.begin()->endpoint();
  return fail(Error{.code = Errc::invalid_config,
                    .outcome = Outcome::not_executed,
                    .detail = "cannot listen on " + to_string(address) +
                              ": the host name cannot be resolved: " + error.message() +
                              "; write an address of this machine"});
}

Result<void> TcpListener::bind(const HostPort& address) {
  PROA_TRY(tcp::endpoint at, resolve(address));
  ErrorCode error;
  bool open = !acceptor_.open(at.protocol(), error);
  if (!open && address.host.empty()) {  // no IPv6 here
    at = tcp::endpoint{tcp::v4(), address.port};
    open = !acceptor_.open(at.protocol(), error);
  }
  const bool both = open && address.host.empty() && at.address().is_v6();
  if (both) open = !acceptor_.set_option(asio::ip::v6_only(false), error);
  // Without reuse_address a restarted server waits for the last minute of its old connections.
  const bool bound = open && !acceptor_.set_option(tcp::acceptor::reuse_address(true), error) &&
                     !acceptor_.bind(at, error) &&
                     !acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (bound) endpoint_ = acceptor_.local_endpoint(error);
  if (error) return bind_failure(address, error);
  return {};
}

void TcpListener::accept(Fn<void(std::unique_ptr<Stream>)> accepted) {
  PROA_ASSERT(!accepted_);
  accepted_ = std::move(accepted);
  accept_next();
}

void TcpListener::close() {
  accepted_ = nullptr;
  runtime_->cancel_timer(retry_);
  ErrorCode ignored;  // the port is free in any case
  std::ignore = acceptor_.close(ignored);
}

void TcpListener::accept_next() {
  acceptor_.async_accept([self = shared_from_this()](const ErrorCode& error, tcp::socket socket) {
    if (!self->accepted_) return;
    if (!error) self->take(std::move(socket));
    if (!self->accepted_) return;
    const bool try_at_once = !error || error == asio::error::connection_aborted;
    if (try_at_once) return self->accept_next();
    self->runtime_->context().logger->log(
        LogLevel::error, "cannot accept a connection: " + error.message() +
                             "; trying again; if files ran out, raise the limit (ulimit -n)");
    self->accept_later();
  });
}

void TcpListener::accept_later() {
  retry_ = runtime_->start_timer(runtime_->now() + kAcceptAgainAfter,
                                 [self = shared_from_this()] { self->accept_next(); });
}

void TcpListener::take(tcp::socket socket) {
  const auto open = static_cast<std::size_t>(slots_.use_count() - 1);
  if (open >= connections_max_) {
    if (!std::exchange(refusal_logged_, true)) {
      runtime_->context().logger->log(
          LogLevel::warn, "refusing connections: " + std::to_string(open) +
                              " are open, as many as connections_max allows; this is said once "
                              "until one is accepted again");
    }
    return;  // the socket closes
  }
  refusal_logged_ = false;
  auto stream = make_tcp_stream(std::move(socket), slots_);
  if (!stream) return;  // it was gone before we looked
  accepted_(std::move(stream).value());
}

}  // namespace proa::detail
