#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace proa::bench {

/// What a process and its threads have used so far, as the kernel counts it.
struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t voluntary_switches = 0;
};
ProcessUsage usage_of(pid_t process);

/// Starts this program again with other arguments.
pid_t start_self(const std::vector<std::string>& arguments);
void stop(pid_t process);

/// Ports of loopback that were free a moment ago.
std::vector<std::uint16_t> free_ports(std::size_t count);

}  // namespace proa::bench
