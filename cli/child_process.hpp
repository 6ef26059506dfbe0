#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "proa/base/result.hpp"

namespace proa::cli {

/// A process that this one started and that does not outlive it. Threads: one.
class ChildProcess {
 public:
  /// Standard error goes to the end of a file.
  static Result<std::unique_ptr<ChildProcess>> start(const std::vector<std::string>& command,
                                                     const std::string& error_file);
  ~ChildProcess();  ///< kills it
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Reads its output up to a line that is `line`. Errors: io_error, it ended without one.
  Result<void> wait_for_line(std::string_view line);
  void signal(int number) const;
  void kill_and_wait();

 private:
  ChildProcess(pid_t pid, int output) : pid_(pid), output_(output) {}

  pid_t pid_;   ///< 0: it has ended
  int output_;  ///< its standard output
};

/// The path of this program.
std::string own_path();

}  // namespace proa::cli
