#include "proa/runtime/detail/tcp_dialing.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <tuple>
#include <utility>

#include "proa/runtime/detail/asio_context.hpp"
#include "proa/runtime/detail/host_port.hpp"
#include "proa/runtime/detail/tcp_stream.hpp"

namespace proa::detail {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

std::string_view hint_for(const ErrorCode& error) {
  if (error == asio::error::connection_refused) {
    return "; is the server running, and does it listen there?";
  }
  if (error == asio::error::timed_out || error == asio::error::host_unreachable ||
      error == asio::error::network_unreachable) {
    return "; check the address, the network between and its firewalls";
  }
  return "";
}

/// One attempt. Asio's handlers keep it; the Dialing of the caller ends it.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(std::shared_ptr<AsioRuntime> runtime, std::string address, Dialed done)
      : runtime_(std::move(runtime)),
        address_(std::move(address)),
        done_(std::move(done)),
        resolver_(runtime_->context().io),
        socket_(runtime_->context().io) {}

  void begin(Duration limit) {
    timer_ = runtime_->start_timer(runtime_->now() + limit, [self = shared_from_this(), limit] {
      self->give_up("no answer within " + proa::to_string(limit),
                    hint_for(asio::error::make_error_code(asio::error::timed_out)));
    });
    const auto parsed = parse_host_port(address_);
    if (!parsed) {
      return runtime_->loop().post(
          [self = shared_from_this(), why = parsed.error().detail] { self->give_up(why, ""); });
    }
    resolve(*parsed);
  }

  /// Nothing is called back from now on.
  void abandon() {
    done_ = nullptr;
    stop();
  }

 private:
  void resolve(const HostPort& address) {
    ErrorCode error;
    const auto numeric = asio::ip::make_address(address.host, error);
    if (!error) return connect(std::vector{tcp::endpoint{numeric, address.port}});
    resolver_.async_resolve(
        address.host, std::to_string(address.port), tcp::resolver::numeric_service,
        [self = shared_from_this()](const ErrorCode& why, const tcp::resolver::results_type& all) {
          if (!self->done_) return;
          if (why) {
            return self->give_up("its host name cannot be resolved: " + why.message(),
                                 "; check the name and this machine's name service");
          }
          self->connect(std::vector<tcp::endpoint>(all.begin(), all.end()));
        });
  }

  void connect(std::vector<tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    asio::async_connect(socket_, endpoints_,
                        [self = shared_from_this()](const ErrorCode& why, const tcp::endpoint&) {
                          self->connected(why);
                        });
  }

  void connected(const ErrorCode& why) {
    if (!done_) return;
    if (why) return give_up(why.message(), hint_for(why));
    ErrorCode error;
    // Who dials a free port of its own machine may be given that very port, and reach itself.
    if (socket_.local_endpoint(error) == socket_.remote_endpoint(error)) {
      const ErrorCode refused = asio::error::make_error_code(asio::error::connection_refused);
      return give_up(refused.message(), hint_for(refused));
    }
    finish(make_tcp_stream(std::move(socket_), nullptr));
  }

  void give_up(const std::string& why, std::string_view hint) {
    finish(fail(Errc::peer_unreachable,
                "cannot connect to " + address_ + ": " + why + std::string{hint}));
  }

  template <class Outcome>
  void finish(Outcome outcome) {
    if (!done_) return;
    Dialed done = std::move(done_);
    stop();
    done(std::move(outcome));
  }

  void stop() {
    runtime_->cancel_timer(timer_);
    resolver_.cancel();
    ErrorCode ignored;  // it may not even be open
    std::ignore = socket_.close(ignored);
  }

  std::shared_ptr<AsioRuntime> runtime_;
  const std::string address_;
  Dialed done_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::vector<tcp::endpoint> endpoints_;
  TimerId timer_ = {};
};

class TcpDialing final : public Dialing {
 public:
  explicit TcpDialing(std::shared_ptr<Attempt> attempt) : attempt_(std::move(attempt)) {}
  ~TcpDialing() override { attempt_->abandon(); }

 private:
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace

std::unique_ptr<Dialing> dial_tcp(std::shared_ptr<AsioRuntime> runtime,
                                  const ServerAddress& address, Duration limit, Dialed done) {
  auto attempt = std::make_shared<Attempt>(std::move(runtime), address.value, std::move(done));
  attempt->begin(limit);
  return std::make_unique<TcpDialing>(std::move(attempt));
}

}  // namespace proa::detail
