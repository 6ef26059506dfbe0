#include "bench/floor/probes.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>
#include <utility>

namespace proa::bench {
namespace {

/// Runs `operation` so often, after a tenth of that as warm-up.
Probe measure(std::string name, std::size_t repetitions, const std::function<void()>& operation) {
  for (std::size_t warm_up = 0; warm_up < repetitions / 10 + 1; ++warm_up)
    operation();
  std::vector<Nanoseconds> durations;
  durations.reserve(repetitions);
  const Usage before = usage();
  for (std::size_t number = 0; number < repetitions; ++number) {
    const Nanoseconds begun = now();
    operation();
    durations.push_back(now() - begun);
  }
  const Usage used = usage() - before;
  const auto each = [&](std::int64_t value) {
    return static_cast<double>(value) / static_cast<double>(repetitions);
  };
  return {.name = std::move(name),
          .duration = spread_of(std::move(durations)),
          .switches = each(used.voluntary_switches),
          .cpu_us = each(used.cpu_ns) / 1000.0};
}

Probe measure_sync(std::string name, LogFile& log, std::size_t bytes, std::size_t repetitions) {
  std::vector<std::byte> content(bytes, std::byte{7});
  const iovec piece{content.data(), content.size()};
  return measure(std::move(name), repetitions, [&] { log.append_and_sync(std::span{&piece, 1}); });
}

/// A process that does nothing but sync, until it is killed.
class Syncer {
 public:
  explicit Syncer(const std::string& path) : process_(::fork()) {
    require(process_ >= 0, "start a process");
    if (process_ != 0) return;
    LogFile log(path, LogFile::Content::zeros);
    std::array<std::byte, 256> content = {};
    const iovec piece{content.data(), content.size()};
    for (;;)
      log.append_and_sync(std::span{&piece, 1});
  }
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;
  ~Syncer() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_;
};

/// Answers every byte until the other end closes.
[[noreturn]] void echo(const Fd& connection) {
  Epoll epoll;
  epoll.add(connection.get(), EPOLLIN);
  std::array<std::byte, 64> buffer = {};
  for (;;) {
    epoll.wait();
    const std::size_t got = try_read(connection.get(), buffer);
    if (got > 0) try_write(connection.get(), std::span{buffer}.first(got));
  }
}

Probe measure_round_trip(std::size_t repetitions) {
  Connection connection = loopback_connection();
  const pid_t other = ::fork();
  require(other >= 0, "start a process");
  if (other == 0) {
    {
      const Fd closed = std::move(connection.here);
    }
    echo(connection.there);
  }
  Epoll epoll;
  epoll.add(connection.here.get(), EPOLLIN);
  std::array<std::byte, 8> buffer = {};
  Probe probe = measure("loopback round trip, 8 B", repetitions, [&] {
    try_write(connection.here.get(), buffer);
    do {
      epoll.wait();
    } while (try_read(connection.here.get(), buffer) == 0);
  });
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  return probe;
}

/// To another thread and back, each asleep until it is its turn; half of it is one hand-off.
Probe measure_hand_off(std::size_t repetitions) {
  const Fd there(::eventfd(0, EFD_CLOEXEC));
  const Fd back(::eventfd(0, EFD_CLOEXEC));
  constexpr std::uint64_t kStop = 1000;
  std::thread other([&] {
    for (;;) {
      std::uint64_t value = 0;
      require(::read(there.get(), &value, sizeof value) == sizeof value, "wait for an event");
      if (value == kStop) return;
      require(::write(back.get(), &value, sizeof value) == sizeof value, "send an event");
    }
  });
  const auto send = [&](std::uint64_t value) {
    require(::write(there.get(), &value, sizeof value) == sizeof value, "send an event");
  };
  Probe probe = measure("eventfd hand-off, one way", repetitions, [&] {
    send(1);
    std::uint64_t value = 0;
    require(::read(back.get(), &value, sizeof value) == sizeof value, "wait for an event");
  });
  send(kStop);
  other.join();
  probe.duration.p50_us /= 2;
  probe.duration.p99_us /= 2;
  probe.switches /= 2;
  probe.cpu_us /= 2;
  return probe;
}

}  // namespace

std::vector<Probe> measure_probes(const std::string& directory, std::size_t repetitions) {
  const std::size_t few = repetitions / 4 + 1;
  LogFile zeros(directory + "/zeros.log", LogFile::Content::zeros);
  LogFile growing(directory + "/growing.log", LogFile::Content::empty);
  std::vector<Probe> probes;
  probes.push_back(measure_sync("sync of 256 B over zeros", zeros, 256, repetitions));
  probes.push_back(measure_sync("sync of 256 B, growing file", growing, 256, repetitions));
  {
    const Syncer one(directory + "/other1.log");
    const Syncer two(directory + "/other2.log");
    probes.push_back(measure_sync("sync of 256 B, two others sync", zeros, 256, repetitions));
  }
  probes.push_back(measure_sync("sync of 64 KiB over zeros", zeros, 64U << 10U, few));
  probes.push_back(measure_sync("sync of 1 MiB over zeros", zeros, 1U << 20U, few));
  probes.push_back(measure_round_trip(repetitions));
  probes.push_back(measure_hand_off(repetitions));
  return probes;
}

}  // namespace proa::bench
