#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/child_process.hpp"
#include "proa/base/random.hpp"
#include "proa/base/result.hpp"
#include "proa/base/time.hpp"

namespace proa::torture {

/// Three servers as processes. Threads: one.
class Servers {
 public:
  Servers(std::string program, std::string directory, std::string test_disk, std::uint16_t port);

  static constexpr std::size_t kCount = 3;
  Result<void> start(std::size_t which);
  /// Returns once it serves clients.
  Result<void> wait_ready(std::size_t which) { return children_[which]->wait_for_line("ready"); }
  void kill(std::size_t which) { children_[which].reset(); }
  void signal(std::size_t which, int number) const { children_[which]->signal(number); }
  bool is_running(std::size_t which) const { return children_[which] != nullptr; }
  std::string clients(std::size_t which) const { return address(which, 0); }

 private:
  std::string address(std::size_t which, std::uint16_t offset) const;

  std::string program_;
  std::string directory_;
  std::string test_disk_;
  std::uint16_t port_;
  std::vector<std::unique_ptr<cli::ChildProcess>> children_;
};

struct Strikes {
  std::uint64_t kills = 0;
  std::uint64_t kills_of_majority = 0;  ///< at once
  std::uint64_t pauses = 0;
};

/// SIGKILL and SIGSTOP for random servers at random times. Threads: one.
class Nemesis {
 public:
  Nemesis(Servers& servers, std::uint64_t seed) : servers_(servers), random_(seed) {}

  /// Strikes until then, and leaves every server running. Errors: a server that does not come back.
  Result<void> run_until(Instant end);
  const Strikes& strikes() const { return strikes_; }

 private:
  Result<void> kill_some();
  void pause_one();
  void wait(std::uint64_t milliseconds_min, std::uint64_t milliseconds_max);

  Servers& servers_;
  Random random_;
  Strikes strikes_ = {};
};

}  // namespace proa::torture
