#include "proa/runtime/detail/os_thread.hpp"

#include <csignal>
#include <memory>
#include <utility>

#include "proa/base/assert.hpp"

namespace proa::detail {
namespace {

void* run_body(void* argument) {
  const std::unique_ptr<Fn<void()>> body(static_cast<Fn<void()>*>(argument));
  (*body)();
  return nullptr;
}

}  // namespace

OsThread::~OsThread() {
  if (!started_) return;
  if (::pthread_equal(thread_, ::pthread_self()) != 0) {
    ::pthread_detach(thread_);
  } else {
    join();
  }
}

void OsThread::join() {
  if (std::exchange(started_, false)) ::pthread_join(thread_, nullptr);
}

bool OsThread::start(const char* name, Fn<void()> body) {
  PROA_ASSERT(!started_);
  auto argument = std::make_unique<Fn<void()>>(std::move(body));
  sigset_t all = {};
  sigset_t before = {};
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the new thread
  started_ = ::pthread_create(&thread_, nullptr, run_body, argument.get()) == 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!started_) return false;
  [[maybe_unused]] const Fn<void()>* run_by_thread = argument.release();
  ::pthread_setname_np(thread_, name);
  return true;
}

}  // namespace proa::detail
