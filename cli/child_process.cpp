#include "cli/child_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace proa::cli {
namespace {

constexpr int kCannotRun = 127;

Failure failed(const std::string& what) {
  return fail(Errc::io_error, "cannot " + what + ": " + std::strerror(errno));
}

/// What the child does between fork and exec: nothing but system calls.
[[noreturn]] void become(char* const* arguments, int output, int error) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);  // a key that ends the demo must not end its servers before it says so
  dup2(output, STDOUT_FILENO);
  dup2(error, STDERR_FILENO);
  execv(arguments[0], arguments);
  _exit(kCannotRun);
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const std::vector<std::string>& command,
                                                          const std::string& error_file) {
  std::vector<char*> arguments;
  for (const std::string& word : command)
    arguments.push_back(const_cast<char*>(word.c_str()));  // execv does not write to them
  arguments.push_back(nullptr);
  const int error = ::open(error_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (error < 0) return failed("open " + error_file);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    ::close(error);
    return failed("make a pipe");
  }
  const pid_t pid = ::fork();
  if (pid == 0) become(arguments.data(), pipe[1], error);
  ::close(error);
  ::close(pipe[1]);
  if (pid < 0) {
    ::close(pipe[0]);
    return failed("start " + command.front());
  }
  return std::unique_ptr<ChildProcess>{new ChildProcess{pid, pipe[0]}};
}

ChildProcess::~ChildProcess() {
  kill_and_wait();
  ::close(output_);
}

Result<void> ChildProcess::wait_for_line(std::string_view line) {
  std::string current;
  for (;;) {
    char letter = 0;
    const ssize_t count = ::read(output_, &letter, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Errc::io_error, "the server ended before it was ready");
    if (letter != '\n') {
      current += letter;
      continue;
    }
    if (current == line) return {};
    current.clear();
  }
}

void ChildProcess::signal(int number) const {
  if (pid_ != 0) ::kill(pid_, number);
}

void ChildProcess::kill_and_wait() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

std::string own_path() {
  std::string path(4096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return path;
}

}  // namespace proa::cli
