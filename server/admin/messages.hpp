#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "proa/model/configuration.hpp"
#include "proa/node/status.hpp"
#include "proa/transport/call_codec.hpp"

namespace proa::server {

void encode(const Configuration& configuration, CallWriter& into);
Configuration decode_configuration(CallReader& from);

/// What a server says when it is asked whether it belongs to a cluster.
struct Standing {
  enum class Kind : std::uint8_t {
    fresh,    ///< it has never been part of one
    holding,  ///< it keeps the first entry of one that is being founded
    member,   ///< it runs with a configuration
    waiting,  ///< it runs without one and waits to be added
  };
  Kind kind = Kind::fresh;
  ServerId id = {};
  std::string cluster = {};          ///< the list of servers it was started with
  Configuration configuration = {};  ///< holding, member
  friend bool operator==(const Standing&, const Standing&) = default;
};

SharedBytes encode(const Standing& standing);
Result<Standing> decode_standing(ByteView bytes);

/// What `proa status` shows of one server.
struct ServerStatus {
  enum class Phase : std::uint8_t { founding, running };
  ServerId id = {};
  std::string version = {};
  Phase phase = Phase::founding;
  std::string waits_for = {};       ///< of founding: what it still needs
  std::string client_address = {};  ///< where clients of the Redis protocol connect
  Status raft = {};                 ///< of running; `last_contact` is not sent
  std::optional<std::uint64_t> contact_milliseconds = {};  ///< since that contact
};

SharedBytes encode(const ServerStatus& status);
Result<ServerStatus> decode_status(ByteView bytes);

}  // namespace proa::server
