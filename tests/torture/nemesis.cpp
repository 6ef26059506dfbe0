#include "tests/torture/nemesis.hpp"

#include <csignal>
#include <thread>
#include <utility>

#include "tests/torture/clients.hpp"

namespace proa::torture {

Servers::Servers(std::string program, std::string directory, std::string test_disk,
                 std::uint16_t port)
    : program_(std::move(program)),
      directory_(std::move(directory)),
      test_disk_(std::move(test_disk)),
      port_(port),
      children_(kCount) {}

std::string Servers::address(std::size_t which, std::uint16_t offset) const {
  constexpr std::size_t kPortsPerServer = 10;
  return "127.0.0.1:" + std::to_string(port_ + which * kPortsPerServer + offset);
}

Result<void> Servers::start(std::size_t which) {
  const auto name = [](std::size_t number) { return "n" + std::to_string(number + 1); };
  std::string list;
  for (std::size_t number = 0; number < kCount; ++number)
    list += (number == 0 ? "" : ",") + name(number) + "=" + address(number, 1);
  const std::string data = directory_ + "/" + name(which);
  PROA_TRY(children_[which],
           cli::ChildProcess::start(
               {program_,      "serve",      "--name",     name(which),   "--data",
                data,          "--cluster",  list,         "--listen",    clients(which),
                "--heartbeat", "200ms",      "--election", "200ms",       "--snapshot-entries",
                "2000",        "--trailing", "500",        "--test-disk", test_disk_},
               data + ".log"));
  return {};
}

void Nemesis::wait(std::uint64_t milliseconds_min, std::uint64_t milliseconds_max) {
  std::this_thread::sleep_for(
      std::chrono::milliseconds{random_.between(milliseconds_min, milliseconds_max)});
}

Result<void> Nemesis::run_until(Instant end) {
  while (now() < end) {
    wait(100, 900);
    if (random_.percent(65)) {
      PROA_TRY(kill_some());
    } else {
      pause_one();
    }
  }
  return {};
}

// One server mostly, but now and then most or all of them: what they had not synced is then
// nowhere.
Result<void> Nemesis::kill_some() {
  const std::size_t count = random_.percent(60) ? 1 : random_.percent(50) ? 2 : Servers::kCount;
  const std::size_t first = random_.below(Servers::kCount);
  for (std::size_t number = 0; number < count; ++number)
    servers_.kill((first + number) % Servers::kCount);
  strikes_.kills += count;
  strikes_.kills_of_majority += count > 1 ? 1U : 0U;
  wait(0, 700);
  for (std::size_t number = 0; number < count; ++number)
    PROA_TRY(servers_.start((first + number) % Servers::kCount));
  for (std::size_t number = 0; number < count; ++number)
    PROA_TRY(servers_.wait_ready((first + number) % Servers::kCount));
  return {};
}

void Nemesis::pause_one() {
  const std::size_t which = random_.below(Servers::kCount);
  servers_.signal(which, SIGSTOP);
  ++strikes_.pauses;
  wait(50, 1500);
  servers_.signal(which, SIGCONT);
}

}  // namespace proa::torture
