#pragma once

#include <pthread.h>

#include "proa/base/fn.hpp"

namespace proa::detail {

/// A thread with a name that takes no signals, so that those of the process reach the embedder's
/// threads and no system call of ours is interrupted. Its owner joins it. Only when the owner is
/// destroyed by the thread itself (the last reference to a runtime may go in a callback on its own
/// loop) there is nobody left to join it: it then ends on its own.
class OsThread {
 public:
  OsThread() = default;
  OsThread(const OsThread&) = delete;
  OsThread& operator=(const OsThread&) = delete;
  ~OsThread();

  /// False: the system has no thread to give. `name` has at most 15 characters.
  bool start(const char* name, Fn<void()> body);
  void join();  ///< not on the thread itself

 private:
  pthread_t thread_ = {};
  bool started_ = false;
};

}  // namespace proa::detail
