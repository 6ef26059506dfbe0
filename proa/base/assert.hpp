#pragma once

namespace proa {

/// Called when one of our own invariants does not hold, before the process ends. `condition` is the
/// source text of the condition. If it returns, the process aborts. Threads: any; it must be safe
/// to call from each.
using AssertHook = void (*)(const char* condition, const char* file, int line);

/// Replaces the hook that runs before the process aborts (nullptr: the default, which prints to
/// standard error) and returns the one before. The simulator prints its replay command from it.
AssertHook set_assert_hook(AssertHook hook);

[[noreturn]] void assert_failed(const char* condition, const char* file, int line);

}  // namespace proa

/// Guards against our own bugs, in every build. Never used on bytes from disk, network or users.
#define PROA_ASSERT(condition)                               \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::proa::assert_failed(#condition, __FILE__, __LINE__); \
  } while (false)
