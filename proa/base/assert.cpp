#include "proa/base/assert.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace proa {
namespace {

std::atomic<AssertHook> current_hook{nullptr};

}  // namespace

AssertHook set_assert_hook(AssertHook hook) { return current_hook.exchange(hook); }

void assert_failed(const char* condition, const char* file, int line) {
  if (const AssertHook hook = current_hook.load()) hook(condition, file, line);
  std::fprintf(stderr, "proa: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace proa
