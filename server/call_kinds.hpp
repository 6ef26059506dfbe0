#pragma once

#include <cstdint>

namespace proa::server {

/// The program's calls in Proa's own protocol (proa/transport/call_frames.hpp). A number is never
/// used again for something else.
enum class CallKind : std::uint8_t {
  // From 1 on: looking at a server and looking after its cluster (server/admin).
  status = 1,    ///< () -> ServerStatus
  standing = 2,  ///< () -> Standing: whether it belongs to a cluster
  found = 3,     ///< (Configuration) -> (): keep this as the first entry of the log
  begin = 4,     ///< (Configuration) -> (): everybody keeps it
  add = 5,       ///< (based_on, Server) -> index of the change
  remove = 6,    ///< (based_on, id) -> index of the change
  demote = 7,    ///< (based_on, id) -> index of the change
  transfer = 8,  ///< (id, or empty for whoever is best) -> ()
  // From 32 on: what servers put to the leader for their clients (server/detail/forwarder.hpp).
};

}  // namespace proa::server
