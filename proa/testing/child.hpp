#pragma once

#include <functional>
#include <string>

#include "proa/base/result.hpp"

namespace proa::testing {

/// What a process of its own does, and says at its end through a pipe.
struct ChildTask {
  std::function<std::string()> run = {};
  /// What is said instead if an assertion fails, which ends the process.
  std::function<std::string(const std::string& assertion)> last_words = {};
};

/// Runs a task in a copy of this process, waits for it, and gives what it has said. An error if it
/// died without a word. Only while this process has one thread.
Result<std::string> run_in_child(const ChildTask& task);

}  // namespace proa::testing
