#pragma once

#include <cstddef>

namespace proa::driver {

/// How much a server holds in memory at one moment, of everything that has a limit. Numbers, if
/// nothing else is said.
struct Holdings {
  // In the inbox.
  std::size_t inbox_proposals = 0;
  std::size_t inbox_bytes = 0;  ///< of the proposals
  std::size_t inbox_calls = 0;
  // Taken up.
  std::size_t open_waiters = 0;  ///< indexes in the book
  std::size_t open_rounds = 0;   ///< that are not committed
  std::size_t open_calls = 0;    ///< queries included
  std::size_t running_queries = 0;
  std::size_t applied_waits = 0;
  std::size_t leader_waits = 0;
  // The log.
  std::size_t tail_bytes = 0;
  std::size_t undurable_bytes = 0;    ///< of these
  std::size_t undurable_entries = 0;  ///< of the log
  std::size_t waiting_writes = 0;     ///< of the log writer
  std::size_t interludes = 0;         ///< that wait for the state machine
  // Other servers.
  std::size_t open_requests = 0;  ///< theirs
  std::size_t links = 0;
  std::size_t requests_on_a_link = 0;  ///< unanswered, on the link that has most of them
};

}  // namespace proa::driver
