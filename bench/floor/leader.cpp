#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "bench/floor/cluster.hpp"

namespace proa::bench {
namespace {

struct Follower {
  pid_t process = 0;
  Fd connection;
  std::uint64_t acknowledged = 0;
  std::size_t sent = 0;  ///< bytes of the message on its way
  Usage usage = {};
  bool reported = false;
};

class Leader {
 public:
  explicit Leader(const std::string& directory)
      : log_(directory + "/leader.log", LogFile::Content::zeros) {
    for (std::size_t number = 0; number < kFollowers; ++number)
      start_follower(number, directory + "/follower" + std::to_string(number) + ".log");
  }

  RoundResult measure(std::size_t commands, std::size_t rounds);
  void stop();

 private:
  void start_follower(std::size_t number, const std::string& path);
  void send_to_all(Header header, std::size_t body_bytes);
  bool push(Follower& follower);
  void take_acknowledgements();
  Nanoseconds run_round(std::size_t commands);
  bool someone_has(std::uint64_t round) const {
    return std::any_of(followers_.begin(), followers_.end(),
                       [round](const Follower& f) { return f.acknowledged >= round; });
  }
  std::array<Usage, kFollowers + 1> usages();

  LogFile log_;
  std::array<Follower, kFollowers> followers_;
  Epoll epoll_;
  std::vector<std::byte> message_;
  std::uint64_t round_ = 0;
};

void Leader::start_follower(std::size_t number, const std::string& path) {
  Connection connection = loopback_connection();
  Follower& follower = followers_[number];
  follower.process = ::fork();
  require(follower.process >= 0, "start a process");
  if (follower.process == 0) {
    // The others' ends must not stay open here.
    for (Follower& other : followers_)
      other.connection = Fd{};
    {
      const Fd closed = std::move(connection.here);
    }
    run_follower(std::move(connection.there), path);
  }
  follower.connection = std::move(connection.here);
  epoll_.add(follower.connection.get(), EPOLLIN);
}

/// True when all of the message is with the kernel.
bool Leader::push(Follower& follower) {
  while (follower.sent < message_.size()) {
    const std::size_t taken =
        try_write(follower.connection.get(), std::span{message_}.subspan(follower.sent));
    if (taken == 0) return false;
    follower.sent += taken;
  }
  return true;
}

void Leader::send_to_all(Header header, std::size_t body_bytes) {
  header.bytes = static_cast<std::uint32_t>(body_bytes);
  header.round = round_;
  message_.resize(sizeof header + body_bytes);
  std::memcpy(message_.data(), &header, sizeof header);
  bool all = true;
  for (Follower& follower : followers_) {
    follower.sent = 0;
    all = push(follower) && all;
  }
  while (!all) {  // a follower's buffer is full
    for (const Follower& follower : followers_)
      epoll_.change(follower.connection.get(), EPOLLIN | EPOLLOUT);
    epoll_.wait();
    take_acknowledgements();
    all = true;
    for (Follower& follower : followers_)
      all = push(follower) && all;
    for (const Follower& follower : followers_)
      epoll_.change(follower.connection.get(), EPOLLIN);
  }
}

void Leader::take_acknowledgements() {
  for (Follower& follower : followers_) {
    Acknowledgement answer;
    const auto bytes = std::as_writable_bytes(std::span{&answer, 1});
    while (try_read(follower.connection.get(), bytes) == bytes.size()) {
      follower.acknowledged = answer.round;
      if (answer.is_report == 0) continue;
      follower.usage = answer.usage;
      follower.reported = true;
    }
  }
}

Nanoseconds Leader::run_round(std::size_t commands) {
  const Nanoseconds begun = now();
  ++round_;
  send_to_all({.kind = Header::Kind::round}, commands * kCommandBytes);
  const iovec body{message_.data() + sizeof(Header), message_.size() - sizeof(Header)};
  log_.append_and_sync(std::span{&body, 1});
  while (!someone_has(round_)) {
    epoll_.wait();
    take_acknowledgements();
  }
  return now() - begun;
}

/// Of the leader, then of the followers, when everything sent before is on their disks.
std::array<Usage, kFollowers + 1> Leader::usages() {
  for (Follower& follower : followers_)
    follower.reported = false;
  send_to_all({.kind = Header::Kind::report}, 0);
  const auto all_reported = [this] {
    return std::all_of(followers_.begin(), followers_.end(),
                       [](const Follower& follower) { return follower.reported; });
  };
  while (!all_reported()) {
    epoll_.wait();
    take_acknowledgements();
  }
  std::array<Usage, kFollowers + 1> all = {};
  all[0] = usage();
  all[0].syncs = log_.syncs();
  for (std::size_t number = 0; number < kFollowers; ++number)
    all[number + 1] = followers_[number].usage;
  return all;
}

RoundResult Leader::measure(std::size_t commands, std::size_t rounds) {
  for (std::size_t warm_up = 0; warm_up < rounds / 10; ++warm_up)
    run_round(commands);
  const auto before = usages();
  std::vector<Nanoseconds> durations;
  durations.reserve(rounds);
  for (std::size_t number = 0; number < rounds; ++number)
    durations.push_back(run_round(commands));
  const auto after = usages();

  const auto per_round = [rounds](std::int64_t value) {
    return static_cast<double>(value) / static_cast<double>(rounds);
  };
  RoundResult result{.commands = commands, .round = spread_of(std::move(durations))};
  result.commits_per_second = static_cast<double>(commands) * 1e6 / result.round.p50_us;
  double cpu_us = 0;
  for (std::size_t process = 0; process < after.size(); ++process) {
    const Usage used = after[process] - before[process];
    const double share = process == 0 ? 1.0 : 1.0 / static_cast<double>(kFollowers);
    double& switches = process == 0 ? result.leader_switches : result.follower_switches;
    double& syncs = process == 0 ? result.leader_syncs : result.follower_syncs;
    switches += per_round(used.voluntary_switches) * share;
    syncs += per_round(used.syncs) * share;
    cpu_us += per_round(used.cpu_ns) / 1000.0;
    if (process == 0) result.leader_cpu_us = cpu_us;
  }
  result.cpu_us_per_command = cpu_us / static_cast<double>(commands);
  return result;
}

void Leader::stop() {
  send_to_all({.kind = Header::Kind::stop}, 0);
  for (const Follower& follower : followers_)
    require(::waitpid(follower.process, nullptr, 0) == follower.process, "wait for a process");
}

}  // namespace

std::vector<RoundResult> measure_rounds(const std::string& directory,
                                        const std::vector<std::size_t>& commands_per_round,
                                        std::size_t rounds) {
  Leader leader(directory);
  std::vector<RoundResult> results;
  results.reserve(commands_per_round.size());
  for (const std::size_t commands : commands_per_round)
    results.push_back(leader.measure(commands, rounds));
  leader.stop();
  return results;
}

}  // namespace proa::bench
