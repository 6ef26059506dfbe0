#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// The few system calls that the floor consists of. A failure ends the process with a sentence: a
/// benchmark has nothing to recover.
namespace proa::bench {

using Nanoseconds = std::chrono::nanoseconds;

Nanoseconds now();  ///< monotonic

[[noreturn]] void die(const std::string& what);
void require(bool done, const char* what);  ///< dies with errno's text

/// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept;
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// What the calling process has used so far.
struct Usage {
  std::int64_t cpu_ns = 0;
  std::int64_t voluntary_switches = 0;
  std::int64_t syncs = 0;
  friend Usage operator-(const Usage& a, const Usage& b) {
    return {a.cpu_ns - b.cpu_ns, a.voluntary_switches - b.voluntary_switches, a.syncs - b.syncs};
  }
};
Usage usage();

/// A file of zeros, written and synced before, that is filled from the front in whole blocks, as a
/// log segment is, and from its beginning again when it is full.
class LogFile {
 public:
  static constexpr std::size_t kBlock = 4096;
  static constexpr std::size_t kBytes = 64U << 20U;

  enum class Content { zeros, empty };
  LogFile(const std::string& path, Content content);
  void append_and_sync(std::span<const iovec> pieces);  ///< pwritev, then fdatasync
  std::int64_t syncs() const { return syncs_; }

 private:
  Fd fd_;
  bool grows_ = false;
  std::size_t end_ = 0;
  std::int64_t syncs_ = 0;
};

/// A loopback TCP connection without delay; both ends non-blocking.
struct Connection {
  Fd here;
  Fd there;
};
Connection loopback_connection();

class Epoll {
 public:
  Epoll();
  void add(int fd, std::uint32_t events);
  void change(int fd, std::uint32_t events);
  std::vector<int> wait();  ///< descriptors that are ready

 private:
  Fd fd_;
};

/// How much was taken, 0 if it would block.
std::size_t try_read(int fd, std::span<std::byte> buffer);
std::size_t try_write(int fd, std::span<const std::byte> bytes);

/// Of a list of durations.
struct Spread {
  double p50_us = 0;
  double p99_us = 0;
};
Spread spread_of(std::vector<Nanoseconds> durations);

}  // namespace proa::bench
