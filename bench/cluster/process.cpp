#include "bench/cluster/process.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace proa::bench {
namespace {

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

std::uint64_t voluntary_switches(const std::filesystem::path& task) {
  std::ifstream status{task / "status"};
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("voluntary_ctxt_switches:", 0) == 0) return std::stoull(line.substr(24));
  }
  return 0;
}

}  // namespace

ProcessUsage usage_of(pid_t process) {
  const std::filesystem::path folder = "/proc/" + std::to_string(process);
  ProcessUsage usage;
  for (const auto& task : std::filesystem::directory_iterator{folder / "task"})
    usage.voluntary_switches += voluntary_switches(task.path());
  std::ifstream stat{folder / "stat"};
  std::string text;
  std::getline(stat, text);
  std::istringstream fields{text.substr(text.rfind(')') + 2)};
  std::string field;
  for (int i = 3; i <= 13; ++i)
    fields >> field;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  usage.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return usage;
}

pid_t start_self(const std::vector<std::string>& arguments) {
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // no follower outlives a leader that fails
  std::vector<char*> words;
  std::string self = "/proc/self/exe";
  words.push_back(self.data());
  std::vector<std::string> copy = arguments;
  for (std::string& argument : copy)
    words.push_back(argument.data());
  words.push_back(nullptr);
  execv(self.c_str(), words.data());
  die("execv");
}

void stop(pid_t process) {
  kill(process, SIGKILL);
  waitpid(process, nullptr, 0);
}

std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<int> sockets;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) die("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) die("bind");
    sockets.push_back(fd);
    ports.push_back(ntohs(address.sin_port));
  }
  for (const int fd : sockets)
    close(fd);
  return ports;
}

}  // namespace proa::bench
