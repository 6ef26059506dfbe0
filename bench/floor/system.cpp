#include "bench/floor/system.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace proa::bench {

Nanoseconds now() { return std::chrono::steady_clock::now().time_since_epoch(); }

void die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

void require(bool done, const char* what) {
  if (!done) die(std::string("cannot ") + what + ": " + std::strerror(errno));
}

Fd::Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Fd& Fd::operator=(Fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Usage usage() {
  rusage used = {};
  require(::getrusage(RUSAGE_SELF, &used) == 0, "read the usage");
  const auto nanoseconds = [](const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + std::int64_t{time.tv_usec} * 1000;
  };
  return {.cpu_ns = nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime),
          .voluntary_switches = used.ru_nvcsw};
}

LogFile::LogFile(const std::string& path, Content content)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)),
      grows_(content == Content::empty) {
  require(fd_.get() >= 0, "create the log file");
  if (grows_) return;
  const std::vector<std::byte> zeros(1U << 20U);
  for (std::size_t at = 0; at < kBytes; at += zeros.size()) {
    const ssize_t wrote = ::pwrite(fd_.get(), zeros.data(), zeros.size(), static_cast<off_t>(at));
    require(wrote == static_cast<ssize_t>(zeros.size()), "write zeros");
  }
  require(::fsync(fd_.get()) == 0, "sync the zeros");
}

void LogFile::append_and_sync(std::span<const iovec> pieces) {
  std::size_t bytes = 0;
  for (const iovec& piece : pieces)
    bytes += piece.iov_len;
  if (end_ + bytes > kBytes && !grows_) end_ = 0;
  const ssize_t wrote = ::pwritev(fd_.get(), pieces.data(), static_cast<int>(pieces.size()),
                                  static_cast<off_t>(end_));
  require(wrote == static_cast<ssize_t>(bytes), "write");
  require(::fdatasync(fd_.get()) == 0, "sync");
  ++syncs_;
  end_ += grows_ ? bytes : (bytes + kBlock - 1) / kBlock * kBlock;
}

Connection loopback_connection() {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener.get(), generic, size) == 0, "bind");
  require(::listen(listener.get(), 1) == 0, "listen");
  require(::getsockname(listener.get(), generic, &size) == 0, "read the port");
  Connection made;
  made.here = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  require(::connect(made.here.get(), generic, size) == 0, "connect");
  made.there = Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  for (const int fd : {made.here.get(), made.there.get()}) {
    const int on = 1;
    require(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "set no delay");
    require(::fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "set non-blocking");
  }
  return made;
}

Epoll::Epoll() : fd_(::epoll_create1(EPOLL_CLOEXEC)) { require(fd_.get() >= 0, "make an epoll"); }

void Epoll::add(int fd, std::uint32_t events) {
  epoll_event event = {.events = events, .data = {.fd = fd}};
  require(::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "watch");
}

void Epoll::change(int fd, std::uint32_t events) {
  epoll_event event = {.events = events, .data = {.fd = fd}};
  require(::epoll_ctl(fd_.get(), EPOLL_CTL_MOD, fd, &event) == 0, "watch");
}

std::vector<int> Epoll::wait() {
  std::array<epoll_event, 16> events = {};
  const int count = ::epoll_wait(fd_.get(), events.data(), events.size(), -1);
  require(count > 0, "wait");
  std::vector<int> ready;
  for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count)))
    ready.push_back(event.data.fd);
  return ready;
}

std::size_t try_read(int fd, std::span<std::byte> buffer) {
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got == 0) die("the other process is gone");
  if (got < 0 && errno == EAGAIN) return 0;
  require(got > 0, "read");
  return static_cast<std::size_t>(got);
}

std::size_t try_write(int fd, std::span<const std::byte> bytes) {
  const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return 0;
  require(sent > 0, "write");
  return static_cast<std::size_t>(sent);
}

Spread spread_of(std::vector<Nanoseconds> durations) {
  std::sort(durations.begin(), durations.end());
  const auto at = [&](std::size_t percent) {
    const auto value = durations[(durations.size() - 1) * percent / 100];
    return static_cast<double>(value.count()) / 1000.0;
  };
  return {.p50_us = at(50), .p99_us = at(99)};
}

}  // namespace proa::bench
