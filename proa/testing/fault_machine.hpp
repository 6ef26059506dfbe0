#pragma once

#include <cstddef>

#include "proa/base/time.hpp"

namespace proa::testing {

/// Breaks things of one kind at drawn times, beside the nemesis, which starts and stops it. All its
/// chance comes from queues of its own, and while it is off it schedules nothing.
class FaultMachine {
 public:
  virtual ~FaultMachine() = default;
  virtual void start() = 0;
  virtual void stop() = 0;  ///< heals all that it has broken, and leaves it alone from now on
  /// Heals all that it has broken, and breaks nothing before `until`. No time: the truce is over.
  virtual void truce_until(Instant until) = 0;
  virtual void server_installs(std::size_t /*server*/) {}
  virtual void server_crashed(std::size_t /*server*/) {}
  /// Of servers that run; each has to complete.
  virtual std::size_t open_futures() const { return 0; }
};

}  // namespace proa::testing
