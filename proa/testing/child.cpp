#include "proa/testing/child.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "proa/base/assert.hpp"

namespace proa::testing {
namespace {

// The assert hook is a plain function; a child has one task in its life.
const ChildTask* task_of_this_child = nullptr;
int pipe_of_this_child = -1;

[[noreturn]] void say_and_exit(const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(pipe_of_this_child, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) ::_exit(1);
    done += static_cast<std::size_t>(count);
  }
  ::_exit(0);
}

void say_last_words(const char* condition, const char* file, int line) {
  set_assert_hook(nullptr);  // for an assertion in what follows
  say_and_exit(task_of_this_child->last_words("assertion failed: " + std::string(condition) + " (" +
                                              file + ":" + std::to_string(line) + ")"));
}

[[noreturn]] void be_the_child(const ChildTask& task, int pipe) {
  task_of_this_child = &task;
  pipe_of_this_child = pipe;
  set_assert_hook(&say_last_words);
  say_and_exit(task.run());
}

std::string read_all(int pipe) {
  constexpr std::size_t kReadBytes = 64 << 10;
  std::string text;
  std::array<char, kReadBytes> buffer = {};
  while (true) {
    const ssize_t count = ::read(pipe, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

Failure failed(const char* what) {
  return fail(Errc::io_error, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

Result<std::string> run_in_child(const ChildTask& task) {
  std::array<int, 2> ends = {};
  if (::pipe(ends.data()) != 0) return failed("cannot make a pipe");
  const pid_t child = ::fork();
  if (child < 0) return failed("cannot fork");
  if (child == 0) {
    ::close(ends[0]);
    be_the_child(task, ends[1]);
  }
  ::close(ends[1]);
  std::string said = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed("cannot wait for a child");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said;
  return fail(Errc::io_error,
              WIFSIGNALED(status)
                  ? "the process was killed by signal " + std::to_string(WTERMSIG(status))
                  : "the process has ended with status " + std::to_string(WEXITSTATUS(status)));
}

}  // namespace proa::testing
