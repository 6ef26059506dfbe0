#include "cli/redis_client.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace proa::cli {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Addresses resolve(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string host = address.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) found = nullptr;
  return {found, &::freeaddrinfo};
}

void set_limit(int socket, Duration limit) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit);
  const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(limit - seconds);
  const timeval time{.tv_sec = seconds.count(), .tv_usec = rest.count()};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

}  // namespace

RedisClient::RedisClient(RedisClient&& other) noexcept
    : address_(std::move(other.address_)),
      limit_(other.limit_),
      socket_(std::exchange(other.socket_, -1)),
      received_(std::move(other.received_)) {}

void RedisClient::disconnect() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  received_.clear();
}

Failure RedisClient::lost(Outcome outcome, const std::string& what) {
  const std::string why = errno == 0 ? "the connection was closed" : std::strerror(errno);
  disconnect();
  return fail(Error{.code = Errc::peer_unreachable,
                    .outcome = outcome,
                    .detail = address_ + ": cannot " + what + ": " + why});
}

Result<void> RedisClient::connect() {
  const Addresses addresses = resolve(address_);
  errno = EHOSTUNREACH;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    socket_ = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) continue;
    set_limit(socket_, limit_);
    const int one = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (::connect(socket_, at->ai_addr, at->ai_addrlen) == 0) return {};
    const int why = errno;
    disconnect();
    errno = why;
  }
  return lost(Outcome::not_executed, "connect");
}

Result<void> RedisClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return lost(Outcome::unknown, "send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<resp::ClientReply> RedisClient::receive() {
  for (;;) {
    PROA_TRY(auto parsed, resp::parse_reply(received_));
    if (parsed) {
      received_.erase(0, parsed->bytes);
      return std::move(parsed->reply);
    }
    std::array<char, 16384> buffer{};
    errno = 0;
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return lost(Outcome::unknown, "receive");
    received_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

Result<resp::ClientReply> RedisClient::run(const Command& command) {
  PROA_TRY(auto replies, run_all({command}));
  return std::move(replies.front());
}

Result<std::vector<resp::ClientReply>> RedisClient::run_all(const std::vector<Command>& commands) {
  if (socket_ < 0) PROA_TRY(connect());
  std::string bytes;
  for (const Command& command : commands)
    bytes += resp::encode_request({command.begin(), command.end()});
  PROA_TRY(send(bytes));
  std::vector<resp::ClientReply> replies;
  for (std::size_t number = 0; number < commands.size(); ++number) {
    PROA_TRY(resp::ClientReply reply, receive());
    replies.push_back(std::move(reply));
  }
  return replies;
}

}  // namespace proa::cli
